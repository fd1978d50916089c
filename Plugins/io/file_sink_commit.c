// SPDX-License-Identifier: Apache-2.0
// `file.sink`: `millrace.sink/1`. What a token says is made visible; nothing else is known here of
// the instance but who it is, for another one may have prepared it.
//
// Writing at an offset may be repeated. When the hidden bytes are gone, an earlier try has perhaps
// removed them: the proof is that the bytes at their place have the length and the digest of the
// token. Without it they are lost.
#include "file_sink.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static mr_commit_result answer(const file_sink *sink, mr_commit_result result,
                               const io_trouble *trouble) {
  if (trouble->status != MR_OK)
    sink->host->set_error(sink->ctx, trouble->status, trouble->text, strlen(trouble->text));
  return result;
}

__attribute__((format(printf, 2, 3))) static mr_commit_result lost(const file_sink *sink,
                                                                   const char *format, ...) {
  io_trouble trouble = {.status = MR_E_STATE};
  va_list values;
  va_start(values, format);
  if (vsnprintf(trouble.text, sizeof trouble.text, format, values) < 0)
    trouble.text[0] = 0;
  va_end(values);
  return answer(sink, MR_COMMIT_LOST, &trouble);
}

/* The system said no: will it say yes later, or must somebody do something? */
static mr_commit_result refused(const file_sink *sink, const char *what, const char *path) {
  io_trouble trouble = {0};
  int error = errno;
  io_note_errno(&trouble, NULL, "cannot %s %s", what, path);
  int is_final = error == EACCES || error == EPERM || error == EROFS || error == ENOTDIR ||
                 error == EISDIR || error == ELOOP || error == EXDEV || error == EEXIST;
  return answer(sink, is_final ? MR_COMMIT_REFUSED : MR_COMMIT_RETRY, &trouble);
}

/* ---- a place in one file ------------------------------------------------------------------ */

typedef struct {
  uint64_t offset, size, digest;
  char path[IO_PATH], hidden[IO_PATH]; /* hidden is empty when the bytes are in the token */
  const uint8_t *bytes;
  int from, to; /* -1: not open */
} placing;

/* Does the file have this digest from `offset` on? 1, 0, or -1: it cannot be read, and errno says
 * why. */
static int matches(const file_sink *sink, int file, uint64_t offset, uint64_t size,
                   uint64_t digest) {
  uint64_t found = 0;
  int whole = io_digest_file(sink->host->hash, file, offset, size, &found);
  return whole > 0 ? found == digest : whole;
}

/* Are the hidden bytes those that were prepared? As above. */
static int is_intact(const file_sink *sink, const placing *place) {
  if (place->from < 0)
    return io_digest_of(sink->host->hash, place->bytes, place->size) == place->digest;
  return matches(sink, place->from, 0, place->size, place->digest);
}

/* 1: all of it is written; 0: it failed, and errno says why. */
static int copy(const placing *place) {
  uint8_t buffer[65536];
  for (uint64_t done = 0; done < place->size;) {
    const uint8_t *bytes = place->from < 0 ? place->bytes + done : buffer;
    uint64_t left = place->size - done;
    ssize_t size = (ssize_t)left;
    if (place->from >= 0)
      size = pread(place->from, buffer, left < sizeof buffer ? left : sizeof buffer, (off_t)done);
    if (size > 0)
      size = pwrite(place->to, bytes, (size_t)size, (off_t)(place->offset + done));
    if (size < 0 && errno != EINTR)
      return 0;
    done += size > 0 ? (uint64_t)size : 0;
  }
  return 1;
}

/* Space is taken first, so that a full disk is seen before a reader sees half of the bytes; where
 * that cannot be, what was written of them is taken away again. */
static mr_commit_result write_place(const file_sink *sink, const placing *place, uint64_t end) {
  int error = 0;
  if (fallocate(place->to, FALLOC_FL_KEEP_SIZE, (off_t)place->offset, (off_t)place->size) != 0 &&
      errno != EOPNOTSUPP && errno != ENOSYS && errno != EINTR)
    error = errno;
  if (error == 0 && !copy(place))
    error = errno;
  if (error == 0 && sink->sync != IO_SYNC_NEVER && fdatasync(place->to) != 0)
    error = errno;
  if (error != 0 && end == place->offset && ftruncate(place->to, (off_t)end) != 0)
    error = errno;
  errno = error;
  return error == 0 ? MR_COMMITTED : refused(sink, "write", place->path);
}

static mr_commit_result commit_open(const file_sink *sink, const placing *place) {
  struct stat facts;
  unsigned long long from = place->offset, to = place->offset + place->size;
  if (fstat(place->to, &facts) != 0)
    return refused(sink, "look at", place->path);
  if (place->hidden[0] != 0 && place->from < 0) {
    int is_there = matches(sink, place->to, place->offset, place->size, place->digest);
    if (is_there < 0)
      return refused(sink, "read", place->path);
    if (is_there)
      return MR_COMMIT_ALREADY;
    return lost(sink, "MR5306 %s is gone, and %s does not have its bytes from %llu to %llu",
                place->hidden, place->path, from, to);
  }
  int intact = is_intact(sink, place);
  if (intact < 0)
    return refused(sink, "read", place->hidden);
  if (!intact)
    return lost(sink,
                "MR5306 the bytes for %s from %llu to %llu are not as they were prepared (%s)",
                place->path, from, to, place->hidden[0] != 0 ? place->hidden : "in the token");
  if ((uint64_t)facts.st_size < place->offset)
    return lost(sink, "MR5306 %s has only %lld bytes, but %llu were written to it", place->path,
                (long long)facts.st_size, from);
  return write_place(sink, place, (uint64_t)facts.st_size);
}

static mr_commit_result commit_place(const file_sink *sink, unpacking *token) {
  placing place = {.from = -1, .to = -1};
  place.offset = unpack_number(token, 8);
  place.size = unpack_number(token, 8);
  place.digest = unpack_number(token, 8);
  unpack_text(token, place.path, IO_PATH);
  unpack_text(token, place.hidden, IO_PATH);
  place.bytes = token->at;
  if (token->failed || token->left != (place.hidden[0] == 0 ? place.size : 0))
    return lost(sink, "MR5306 the token of an epoch is damaged");
  if (place.hidden[0] != 0) {
    place.from = open(place.hidden, O_RDONLY | O_CLOEXEC);
    if (place.from < 0 && errno != ENOENT)
      return refused(sink, "read", place.hidden);
  }
  place.to = open(place.path, O_RDWR | O_CLOEXEC | (place.offset == 0 ? O_CREAT : 0), 0666);
  mr_commit_result result;
  if (place.to >= 0)
    result = commit_open(sink, &place);
  else if (errno == ENOENT && place.offset > 0)
    result = lost(sink, "MR5306 %s is gone, but %llu bytes were written to it", place.path,
                  (unsigned long long)place.offset);
  else
    result = refused(sink, "write", place.path);
  if (place.to >= 0)
    close(place.to);
  if (place.from >= 0)
    close(place.from);
  if (result == MR_COMMITTED && place.offset == 0 && sink->sync != IO_SYNC_NEVER &&
      !io_sync_folder(place.path))
    result = refused(sink, "write the folder of", place.path);
  if (result == MR_COMMITTED && place.from >= 0)
    unlink(place.hidden);
  return result;
}

/* ---- parts -------------------------------------------------------------------------------- */

/* Is the file of that name the part, with this length and digest? 1, 0, or -1: it cannot be read,
 * and errno says why. */
static int has_part(const file_sink *sink, const char *path, uint64_t size, uint64_t digest) {
  struct stat facts;
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0)
    return errno == ENOENT ? 0 : -1;
  int is = fstat(file, &facts) != 0            ? -1
           : (uint64_t)facts.st_size != size ? 0
                                             : matches(sink, file, 0, size, digest);
  int error = errno;
  close(file);
  errno = error;
  return is;
}

static mr_commit_result commit_part(const file_sink *sink, uint64_t size, uint64_t digest,
                                    const char *path, const char *hidden) {
  io_trouble trouble = {0};
  struct stat facts;
  if (stat(hidden, &facts) != 0) {
    if (errno != ENOENT)
      return refused(sink, "look at", hidden);
    int is_there = has_part(sink, path, size, digest);
    if (is_there < 0)
      return refused(sink, "read", path);
    if (is_there)
      return MR_COMMIT_ALREADY;
    return lost(sink, "MR5306 %s is gone, and %s is not the part that it was to become", hidden,
                path);
  }
  if ((uint64_t)facts.st_size != size)
    return lost(sink, "MR5306 %s has %lld bytes, expected %llu: it is not as it was prepared",
                hidden, (long long)facts.st_size, (unsigned long long)size);
  if (io_make_folders(path, &trouble) != MR_OK) {
    errno = trouble.error;
    return refused(sink, "make the folder of", path);
  }
  if (io_give_name(hidden, path))
    return MR_COMMITTED;
  int error = errno;
  if (error == EEXIST && has_part(sink, path, size, digest) > 0) {
    unlink(hidden); /* a rename in two steps was interrupted between them */
    return MR_COMMIT_ALREADY;
  }
  errno = error;
  return refused(sink, "give a part its name,", path);
}

static mr_commit_result commit_parts(const file_sink *sink, unpacking *token) {
  uint64_t count = unpack_number(token, 4);
  mr_commit_result result = MR_COMMIT_ALREADY;
  for (uint64_t i = 0; i < count && !token->failed; i++) {
    char path[IO_PATH], hidden[IO_PATH];
    uint64_t size = unpack_number(token, 8), digest = unpack_number(token, 8);
    unpack_text(token, path, IO_PATH);
    unpack_text(token, hidden, IO_PATH);
    if (token->failed)
      break;
    mr_commit_result one = commit_part(sink, size, digest, path, hidden);
    if (one > MR_COMMIT_ALREADY)
      return one;
    result = one == MR_COMMITTED ? MR_COMMITTED : result;
    if (sink->sync != IO_SYNC_NEVER && !io_sync_folder(path))
      return refused(sink, "write the folder of", path);
  }
  return token->failed || token->left > 0 ? lost(sink, "MR5306 the token of an epoch is damaged")
                                          : result;
}

/* ---- the calls ------------------------------------------------------------------------------ */

static mr_status phase_open(void *op, const mr_sink_writer *who) {
  file_sink *sink = op;
  if (sink->streams)
    return MR_OK;
  io_identify_writer(&sink->writer_identity, who, sink->host->hash);
  mr_status status = io_stage_make(&sink->stage, sink->codec, sink->host->hash, &sink->trouble);
  return status == MR_OK ? MR_OK : io_tell(&sink->trouble, sink->host, sink->ctx);
}

static mr_status phase_prepare(void *op, uint64_t epoch, mr_writer *token) {
  file_sink *sink = op;
  if (sink->streams)
    return MR_OK;
  mr_status status = file_sink_prepare(sink, epoch, token);
  if (status == MR_E_IO) /* nothing is lost: this epoch is given up, and the next one may do */
    status = sink->trouble.status = MR_E_UNAVAILABLE;
  return status == MR_OK ? MR_OK : io_tell(&sink->trouble, sink->host, sink->ctx);
}

static mr_commit_result phase_commit(void *op, const mr_committable *c) {
  const file_sink *sink = op;
  unpacking token = {(const uint8_t *)c->token.data, c->token.size, 0};
  if (c->token.size == 0)
    return MR_COMMITTED;
  uint64_t version = unpack_number(&token, 1), kind = unpack_number(&token, 1);
  if (token.failed || version != IO_TOKEN_VERSION)
    return lost(sink, "MR5306 a token of version %u cannot be read by this version",
                (unsigned)version);
  if (kind == IO_TOKEN_PLACE)
    return commit_place(sink, &token);
  if (kind == IO_TOKEN_PARTS)
    return commit_parts(sink, &token);
  return lost(sink, "MR5306 the token of an epoch is damaged");
}

/* The hidden files go when the next attempt starts. Which of them its state names, because a part
 * that was open then is complete in this token, is not known before. */
static mr_status phase_abort(void *op, const mr_committable *c) {
  (void)op;
  (void)c;
  return MR_OK;
}

const mr_sink file_sink_phases = {.struct_size = sizeof(mr_sink),
                                  .open = phase_open,
                                  .prepare = phase_prepare,
                                  .commit = phase_commit,
                                  .abort = phase_abort};
