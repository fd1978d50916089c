// SPDX-License-Identifier: Apache-2.0
#include "stage.h"
#include "part.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define CODED (64u * 1024u)

mr_status io_stage_make(io_stage *stage, io_codec codec, io_hash hash, io_trouble *trouble) {
  stage->file = -1;
  io_digest_begin(&stage->digest, hash);
  if (codec == IO_NONE)
    return MR_OK;
  stage->encoder = io_encoder_make(codec);
  return stage->encoder != NULL ? MR_OK : io_note(trouble, MR_E_NOMEM, "out of memory");
}

void io_stage_free(io_stage *stage) {
  if (stage->file >= 0)
    close(stage->file);
  stage->file = -1;
  io_encoder_free(stage->encoder);
  stage->encoder = NULL;
  free(stage->bytes);
  stage->bytes = NULL;
}

/* ---- into memory -------------------------------------------------------------------- */

static int make_room(io_stage *stage, uint64_t size) {
  if (stage->room - stage->used >= size)
    return 1;
  uint64_t room = stage->used + size + stage->room / 2;
  uint8_t *grown = realloc(stage->bytes, room);
  if (grown == NULL)
    return 0;
  stage->bytes = grown;
  stage->room = room;
  return 1;
}

static mr_status encode(io_stage *stage, const uint8_t *text, uint64_t size, int last,
                        io_trouble *trouble) {
  for (uint64_t at = 0;;) {
    uint64_t taken, made;
    if (!make_room(stage, CODED))
      return io_note(trouble, MR_E_NOMEM, "out of memory");
    uint8_t *to = stage->bytes + stage->used;
    int done = io_encode(stage->encoder, text + at, size - at, &taken, to,
                         stage->room - stage->used, &made, last);
    if (done < 0)
      return io_note(trouble, MR_E_INTERNAL, "the compressor failed");
    at += taken;
    stage->used += made;
    if (made > 0)
      io_digest_add(&stage->digest, to, made);
    if (done)
      return MR_OK;
  }
}

mr_status io_stage_add(io_stage *stage, const uint8_t *text, uint64_t size, io_trouble *trouble) {
  if (size == 0)
    return MR_OK;
  if (stage->encoder != NULL) {
    stage->framed = 1;
    return encode(stage, text, size, 0, trouble);
  }
  if (!make_room(stage, size))
    return io_note(trouble, MR_E_NOMEM, "out of memory");
  memcpy(stage->bytes + stage->used, text, size);
  stage->used += size;
  io_digest_add(&stage->digest, text, size);
  return MR_OK;
}

mr_status io_stage_end_frame(io_stage *stage, io_trouble *trouble) {
  static const uint8_t nothing[1];
  if (!stage->framed)
    return MR_OK;
  mr_status status = encode(stage, nothing, 0, 1, trouble);
  stage->framed = status != MR_OK;
  return status;
}

/* ---- to the disk --------------------------------------------------------------------- */

static mr_status failed(io_stage *stage, io_trouble *trouble) {
  int error = errno;
  /* What was written in part is written again by the next try. */
  if (ftruncate(stage->file, (off_t)stage->filed) != 0)
    error = errno;
  errno = error;
  return io_note_errno(trouble, NULL, "cannot write %s behind byte %llu", stage->path,
                       (unsigned long long)stage->filed);
}

mr_status io_stage_spill(io_stage *stage, io_trouble *trouble) {
  if (stage->broken)
    return io_stage_sync(stage, trouble);
  if (stage->file < 0)
    stage->file = open(stage->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (stage->file < 0)
    return io_note_errno(trouble, NULL, "cannot write %s", stage->path);
  for (uint64_t done = 0; done < stage->used;) {
    ssize_t written =
        pwrite(stage->file, stage->bytes + done, stage->used - done, (off_t)(stage->filed + done));
    if (written < 0 && errno != EINTR)
      return failed(stage, trouble);
    done += written > 0 ? (uint64_t)written : 0;
  }
  stage->filed += stage->used;
  stage->used = 0;
  return MR_OK;
}

mr_status io_stage_sync(io_stage *stage, io_trouble *trouble) {
  if (stage->synced == stage->filed)
    return MR_OK;
  if (stage->broken)
    errno = EIO;
  else
    stage->broken =
        fdatasync(stage->file) != 0 || (stage->synced == 0 && !io_sync_folder(stage->path));
  if (stage->broken) {
    io_note_errno(trouble, NULL, "cannot write %s to the disk", stage->path);
    return trouble->status = MR_E_INTERNAL;
  }
  stage->synced = stage->filed;
  return MR_OK;
}

void io_stage_end(io_stage *stage) {
  if (stage->file >= 0)
    close(stage->file);
  stage->file = -1;
  stage->used = stage->filed = stage->synced = 0;
  stage->broken = 0;
  io_digest_begin(&stage->digest, stage->digest.hash);
}

/* ---- from an earlier attempt ---------------------------------------------------------- */

static mr_status copy(io_stage *stage, int from, uint64_t size, io_trouble *trouble) {
  mr_status status = MR_OK;
  for (uint64_t at = 0; at < size && status == MR_OK;) {
    uint64_t want = size - at < CODED ? size - at : CODED;
    if (!make_room(stage, want))
      return io_note(trouble, MR_E_NOMEM, "out of memory");
    ssize_t got = pread(from, stage->bytes, want, (off_t)at);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return got < 0 ? io_note_errno(trouble, NULL, "cannot read the part again")
                     : io_note(trouble, MR_E_STATE, "MR5306 the part has become shorter");
    io_digest_add(&stage->digest, stage->bytes, (uint64_t)got);
    stage->used = (uint64_t)got;
    at += (uint64_t)got;
    status = io_stage_spill(stage, trouble);
  }
  return status;
}

mr_status io_stage_inherit(io_stage *stage, const char *from, uint64_t size, uint64_t digest,
                           io_trouble *trouble) {
  int file = open(from, O_RDONLY | O_CLOEXEC);
  if (file < 0 && errno != ENOENT)
    return io_note_errno(trouble, NULL, "cannot read %s", from);
  uint64_t found = 0;
  int whole = file >= 0 ? io_digest_file(stage->digest.hash, file, 0, size, &found) : 0;
  mr_status status = MR_OK;
  if (whole < 0)
    status = io_note_errno(trouble, NULL, "cannot read %s", from);
  else if (whole == 0 || found != digest)
    status = io_note(trouble, MR_E_STATE,
                     "MR5306 %s, the part that was being written, %s\n"
                     "bring that file back, or start without the old state",
                     from, file < 0 ? "is gone" : "is not as it was saved");
  else
    status = copy(stage, file, size, trouble);
  if (file >= 0)
    close(file);
  return status;
}
