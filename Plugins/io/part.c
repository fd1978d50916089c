// SPDX-License-Identifier: Apache-2.0
#include "part.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define CODED (128u * 1024u)
#define TRIES 1000u /* names that others take at the same time */

static mr_status prepare(io_part *part, io_codec codec, io_trouble *trouble) {
  part->size = 0;
  part->broken = 0;
  if (codec == IO_NONE || part->encoder != NULL)
    return MR_OK;
  part->encoder = io_encoder_make(codec);
  part->coded = malloc(CODED);
  if (part->encoder != NULL && part->coded != NULL)
    return MR_OK;
  return io_note(trouble, MR_E_NOMEM, "out of memory");
}

mr_status io_part_open(io_part *part, const char *path, io_codec codec, io_trouble *trouble) {
  part->numbered = 0;
  snprintf(part->path, sizeof part->path, "%s", path);
  part->file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_APPEND, 0666);
  if (part->file < 0)
    return io_note_errno(trouble, NULL, "cannot write %s", path);
  return prepare(part, codec, trouble);
}

mr_status io_part_begin(io_part *part, const char *path, uint64_t number, io_codec codec,
                        io_trouble *trouble) {
  mr_status status = io_make_folders(path, trouble);
  if (status != MR_OK)
    return status;
  part->numbered = 1;
  for (uint32_t i = 0; i < TRIES; i++, number++) {
    if (!io_naming_part(path, number, part->path) ||
        !io_naming_unfinished(part->path, part->temporary))
      return io_note(trouble, MR_E_CONFIG, "%s is too long for the name of a part", path);
    part->file = open(part->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (part->file >= 0 || errno != EEXIST)
      break;
  }
  part->number = number;
  if (part->file < 0)
    return io_note_errno(trouble, NULL, "cannot write %s", part->temporary);
  return prepare(part, codec, trouble);
}

/* All of it, or as much as goes. Returns how much. */
static uint64_t write_all(io_part *part, const uint8_t *bytes, uint64_t size) {
  uint64_t done = 0;
  while (done < size) {
    ssize_t written = write(part->file, bytes + done, size - done);
    if (written < 0 && errno != EINTR)
      break;
    done += written > 0 ? (uint64_t)written : 0;
  }
  part->size += done;
  return done;
}

static mr_status failed(io_part *part, io_trouble *trouble) {
  part->broken = 1;
  const char *path = part->numbered ? part->temporary : part->path;
  return io_note_errno(trouble, NULL, "cannot write %s behind byte %llu", path,
                       (unsigned long long)part->size);
}

/* Of what was written, keep whole records only. */
static void cut(io_part *part, uint64_t written, const uint64_t *ends, uint64_t count) {
  uint64_t whole = 0;
  int error = errno;
  for (uint64_t i = 0; i < count && ends[i] <= written; i++)
    whole = ends[i];
  off_t end = lseek(part->file, 0, SEEK_END);
  if (end >= 0 && (uint64_t)end >= written - whole &&
      ftruncate(part->file, end - (off_t)(written - whole)) == 0)
    part->size -= written - whole;
  errno = error;
}

static mr_status write_coded(io_part *part, const uint8_t *bytes, uint64_t size, int last,
                             io_trouble *trouble) {
  for (uint64_t at = 0;;) {
    uint64_t taken, made;
    int done =
        io_encode(part->encoder, bytes + at, size - at, &taken, part->coded, CODED, &made, last);
    if (done < 0)
      return io_note(trouble, MR_E_INTERNAL, "the compressor of %s failed", part->path);
    at += taken;
    if (made > 0 && write_all(part, part->coded, made) < made)
      return failed(part, trouble);
    if (done)
      return MR_OK;
  }
}

mr_status io_part_write(io_part *part, const uint8_t *bytes, uint64_t size, const uint64_t *ends,
                        uint64_t count, io_trouble *trouble) {
  if (part->encoder != NULL)
    return write_coded(part, bytes, size, 0, trouble);
  uint64_t written = write_all(part, bytes, size);
  if (written == size)
    return MR_OK;
  cut(part, written, ends, count);
  return failed(part, trouble);
}

mr_status io_part_sync(io_part *part, io_trouble *trouble) {
  /* What cannot be synchronised, such as a pipe, needs not. */
  return fsync(part->file) == 0 || errno == EINVAL || errno == EROFS ? MR_OK
                                                                     : failed(part, trouble);
}

int io_sync_folder(const char *path) {
  char folder[IO_PATH];
  const char *slash = strrchr(path, '/');
  snprintf(folder, sizeof folder, "%.*s", slash != NULL ? (int)(slash - path) + 1 : 1,
           slash != NULL ? path : ".");
  /* One that may not be read cannot be synchronised either. */
  int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0)
    return errno == EACCES;
  int done = fsync(file) == 0 || errno == EINVAL || errno == EROFS, error = errno;
  close(file);
  errno = error;
  return done;
}

int io_give_name(const char *from, const char *to) {
  if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
    return 1;
  if (errno != EINVAL && errno != ENOSYS)
    return 0;
  /* A file system that cannot do that in one step: two names for a moment, none is lost. */
  return link(from, to) == 0 && unlink(from) == 0;
}

mr_status io_part_finish(io_part *part, int sync, io_trouble *trouble) {
  mr_status status = MR_OK;
  if (part->file < 0)
    return MR_OK;
  if (part->encoder != NULL)
    status = write_coded(part, NULL, 0, 1, trouble);
  if (status == MR_OK && sync)
    status = io_part_sync(part, trouble);
  if (status == MR_OK && part->numbered && !io_give_name(part->temporary, part->path))
    status = io_note_errno(trouble, NULL, "cannot rename %s to %s", part->temporary, part->path);
  if (status == MR_OK && sync && !io_sync_folder(part->path))
    status = io_note_errno(trouble, NULL, "cannot write the folder of %s", part->path);
  int file = part->file;
  part->file = -1;
  if (close(file) != 0 && status == MR_OK)
    status = io_note_errno(trouble, NULL, "cannot close %s", part->path);
  return status;
}

void io_part_close(io_part *part) {
  if (part->file >= 0)
    close(part->file);
  part->file = -1;
  io_encoder_free(part->encoder);
  free(part->coded);
  part->encoder = NULL;
  part->coded = NULL;
}
