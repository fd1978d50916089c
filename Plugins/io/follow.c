// SPDX-License-Identifier: Apache-2.0
// Following: files that grow, are emptied, renamed and made anew, and new ones that come.
//
// Order of looking, so that nothing is missed: a folder is watched before it is listed, a file
// before it is read to its end; and that a file has been replaced counts only from a look before
// its end was read.
#include "reading.h"
#include <errno.h>
#include <sys/stat.h>

/* Files that are taken one after the other in one call. */
#define FILES_PER_CALL 64u

static mr_status no_memory(io_reading *reading) {
  return io_note(&reading->trouble, MR_E_NOMEM, "out of memory");
}

static io_file *by_inode(const io_reading *reading, const struct stat *facts) {
  for (uint64_t i = 0; i < reading->count; i++) {
    io_file *file = reading->files[i];
    if (file->identity.inode == facts->st_ino && file->identity.device == facts->st_dev)
      return file;
  }
  return NULL;
}

static io_file *by_path(const io_reading *reading, const char *path) {
  for (uint64_t i = reading->count; i > 0; i--)
    if (strcmp(reading->files[i - 1]->path, path) == 0)
      return reading->files[i - 1];
  return NULL;
}

static int names(const char *path, const io_file *file, struct stat *facts) {
  return stat(path, facts) == 0 && facts->st_ino == file->identity.inode &&
         facts->st_dev == file->identity.device;
}

/* ---- looking at folders ------------------------------------------------------------ */

/* A file that was not there before. It is opened at once, so that a later rename cannot hide it. */
static mr_status meet(io_reading *reading, const char *path) {
  io_file *before = by_path(reading, path);
  io_file *file = io_reading_add(reading, path, strlen(path));
  if (file == NULL)
    return no_memory(reading);
  mr_status status = io_file_open(reading, file);
  if (status != MR_OK && reading->trouble.error == ENOENT) {
    io_reading_remove(reading, reading->count - 1); /* it has gone already */
    reading->trouble = (io_trouble){0};
    return MR_OK;
  }
  file->after = before;
  if (before != NULL)
    before->replaced = before->ready = 1;
  return status;
}

/* Files whose name has changed, and those that have none any more. */
static void follow_names(io_reading *reading, const io_listing *found) {
  struct stat facts;
  for (uint64_t i = 0; i < found->count; i++) {
    if (stat(found->paths[i], &facts) != 0)
      continue;
    io_file *file = by_inode(reading, &facts);
    if (file == NULL || names(file->path, file, &facts))
      continue;
    char *renamed = strdup(found->paths[i]);
    if (renamed == NULL)
      continue;
    free(file->path);
    file->path = renamed;
    file->stream.input.path = renamed;
  }
  for (uint64_t i = 0; i < reading->count; i++) {
    io_file *file = reading->files[i];
    if (file->state == IO_OPEN && fstat(file->stream.input.file, &facts) == 0)
      file->gone = facts.st_nlink == 0;
  }
}

static mr_status look_at_folders(io_reading *reading) {
  io_listing folders, found;
  mr_status status = io_list_folders(reading->path, &folders, &reading->trouble);
  for (uint64_t i = 0; i < folders.count; i++)
    io_watch_folder(&reading->watch, folders.paths[i]);
  io_listing_free(&folders);
  if (status != MR_OK)
    return status;
  status = io_list(reading->path, &found, &reading->trouble);
  for (uint64_t i = 0; i < found.count && status == MR_OK; i++) {
    struct stat facts;
    if (stat(found.paths[i], &facts) == 0 && by_inode(reading, &facts) == NULL)
      status = meet(reading, found.paths[i]);
  }
  follow_names(reading, &found);
  io_listing_free(&found);
  return status;
}

static void changed(void *argument, int number) {
  io_reading *reading = argument;
  for (uint64_t i = 0; i < reading->count; i++) {
    io_file *file = reading->files[i];
    if (file->watch != number)
      continue;
    file->ready = 1;
    if (file->after != NULL)
      file->after->ready = 1;
  }
}

static mr_status look(io_reading *reading) {
  uint32_t what = io_watch_take(&reading->watch, changed, reading);
  mr_status status = what & IO_LOOK_FOLDERS ? look_at_folders(reading) : MR_OK;
  for (uint64_t i = 0; i < reading->count; i++) {
    io_file *file = reading->files[i];
    file->ready |= (what & IO_LOOK_FILES) != 0;
    file->doomed |= file->gone && file->at_end && (what & IO_LOOK_FILES);
  }
  return status;
}

mr_status io_follow_begin(io_reading *reading, int64_t every) {
  mr_status status = io_watch_make(&reading->watch, every, &reading->trouble);
  if (status == MR_OK && reading->watch.notices < 0)
    io_say(reading->host, reading->ctx, MR_WARN,
           "the system gives no notices of changes (inotify): files are looked at as often as "
           "`rescan` says");
  for (uint64_t i = 0; i < reading->count && status == MR_OK; i++)
    if (reading->files[i]->state == IO_OPEN)
      reading->files[i]->watch =
          io_watch_file(&reading->watch, reading->files[i]->stream.input.file);
  return status == MR_OK ? look_at_folders(reading) : status;
}

/* ---- reading ----------------------------------------------------------------------- */

/* Was the file emptied, or written anew, since its end was read? */
static int has_restarted(const io_reading *reading, const io_file *file) {
  struct stat facts;
  if (fstat(file->stream.input.file, &facts) != 0 || !file->stream.input.seekable)
    return 0;
  return (uint64_t)facts.st_size < file->stream.input.at ||
         !io_input_begins_as(&file->stream.input, reading->host->hash, &file->identity);
}

/* What was held of the old contents ends here. Part of a counted record is worth nothing. */
static mr_status restart(io_reading *reading, io_file *file, uint32_t *credit) {
  if (reading->framing.as != IO_AS_LENGTH && file->stream.decoder == NULL) {
    mr_status status =
        io_frame_end(&reading->framing, &file->framer, &file->stream, credit, &reading->trouble);
    if (status != MR_OK)
      return status;
  }
  io_say(reading->host, reading->ctx, MR_INFO,
         "%s was emptied at byte %llu and is read from its beginning", file->path,
         (unsigned long long)file->stream.offset);
  io_framer_free(&file->framer);
  io_stream_rewind(&file->stream);
  file->identity.print_size = 0;
  file->at_end = 0;
  return MR_OK;
}

/* Its writer has moved on, and all it wrote is read. */
static mr_status leave(io_reading *reading, uint64_t at, uint32_t *credit) {
  io_file *file = reading->files[at];
  struct stat facts;
  if (!names(file->path, file, &facts)) {
    mr_status status =
        io_frame_end(&reading->framing, &file->framer, &file->stream, credit, &reading->trouble);
    if (status == MR_OK)
      io_reading_remove(reading, at);
    return status;
  }
  /* The pattern names it under its new name: it stays, but nobody waits for it. */
  file->replaced = file->leaving = file->ready = 0;
  for (uint64_t i = 0; i < reading->count; i++)
    if (reading->files[i]->after == file)
      reading->files[i]->after = NULL;
  return MR_OK;
}

static int is_replacement_used(const io_reading *reading, const io_file *file) {
  struct stat facts;
  for (uint64_t i = 0; i < reading->count; i++) {
    const io_file *next = reading->files[i];
    if (next->after == file && next->state == IO_OPEN &&
        fstat(next->stream.input.file, &facts) == 0 && facts.st_size > 0)
      return 1;
  }
  return 0;
}

static mr_status read_file(io_reading *reading, uint64_t at, uint32_t *credit) {
  io_file *file = reading->files[at];
  if (file->state == IO_WAITING) {
    mr_status status = io_file_open(reading, file);
    if (status != MR_OK)
      return status;
  }
  if (file->at_end && has_restarted(reading, file)) {
    mr_status status = restart(reading, file, credit);
    if (status != MR_OK)
      return status;
  }
  if (file->replaced && !file->leaving)
    file->leaving = (uint32_t)is_replacement_used(reading, file);
  io_input *input = &file->stream.input;
  input->known = file->at_end ? &file->identity : NULL;
  input->hash = reading->host->hash;
  mr_status status =
      io_frame(&reading->framing, &file->framer, &file->stream, credit, &reading->trouble);
  input->known = NULL;
  if (input->changed) { /* between the look above and the read */
    input->changed = 0;
    return status == MR_DONE ? restart(reading, file, credit) : status;
  }
  file->at_end = status == MR_DONE;
  if (status != MR_DONE)
    return status;
  io_file_identify(reading, file);
  if (file->leaving || file->doomed)
    return leave(reading, at, credit);
  file->ready = 0;
  if (!io_framer_is_inside(&file->framer))
    io_framer_free(&file->framer); /* idle files cost no buffers */
  /* It may have been emptied while it was read: then it is shorter now than what was read. */
  if (has_restarted(reading, file))
    file->ready = 1;
  return MR_OK;
}

/* A file that may be read now, beginning with `current`. -1: none. */
static int64_t next_file(const io_reading *reading) {
  for (uint64_t i = 0; i < reading->count; i++) {
    uint64_t at = (reading->current + i) % reading->count;
    const io_file *file = reading->files[at];
    if (file->state != IO_FINISHED && file->after == NULL && (file->ready || file->doomed))
      return (int64_t)at;
  }
  return -1;
}

mr_status io_follow(io_reading *reading, uint32_t *credit) {
  mr_status status = look(reading);
  for (uint32_t i = 0; i < FILES_PER_CALL && status == MR_OK && *credit > 0; i++) {
    int64_t at = next_file(reading);
    if (at < 0)
      return MR_AGAIN;
    reading->current = (uint64_t)at;
    const io_file *file = reading->files[at];
    status = read_file(reading, (uint64_t)at, credit);
    int stays = (uint64_t)at < reading->count && reading->files[at] == file;
    if (status == MR_OK && stays && reading->files[at]->at_end)
      reading->current++;
  }
  return status;
}
