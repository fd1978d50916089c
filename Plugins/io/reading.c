// SPDX-License-Identifier: Apache-2.0
#include "reading.h"
#include <sys/stat.h>

io_file *io_reading_add(io_reading *reading, const char *path, uint64_t size) {
  if (reading->count == reading->room) {
    uint64_t room = reading->room == 0 ? 8 : 2 * reading->room;
    io_file **grown = realloc(reading->files, room * sizeof *grown);
    if (grown == NULL)
      return NULL;
    reading->files = grown;
    reading->room = room;
  }
  io_file *file = calloc(1, sizeof *file);
  char *id = strndup(path, size), *copy = strndup(path, size);
  if (file == NULL || id == NULL || copy == NULL) {
    free(file);
    free(id);
    free(copy);
    return NULL;
  }
  file->id = id;
  file->path = copy;
  file->watch = -1;
  file->ready = 1;
  file->stream.input.file = -1;
  reading->files[reading->count++] = file;
  return file;
}

void io_file_close(io_reading *reading, io_file *file) {
  if (file->state != IO_OPEN)
    return;
  file->offset = io_framer_offset(&file->framer, &file->stream);
  io_watch_forget(&reading->watch, file->watch);
  file->watch = -1;
  io_stream_close(&file->stream);
  io_framer_free(&file->framer);
  file->state = IO_FINISHED;
}

void io_reading_remove(io_reading *reading, uint64_t at) {
  io_file *file = reading->files[at];
  for (uint64_t i = 0; i < reading->count; i++)
    if (reading->files[i]->after == file)
      reading->files[i]->after = NULL;
  io_file_close(reading, file);
  free(file->id);
  free(file->path);
  free(file);
  reading->count--;
  memmove(reading->files + at, reading->files + at + 1,
          (reading->count - at) * sizeof *reading->files);
  if (reading->current > at)
    reading->current--;
}

void io_reading_free(io_reading *reading) {
  while (reading->count > 0)
    io_reading_remove(reading, reading->count - 1);
  free(reading->files);
  io_watch_free(&reading->watch);
  free(reading->path);
}

/* ---- the file that was read before -------------------------------------------------- */

/* Is this the file of a position? */
static int is_known(const io_reading *reading, const io_file *file, const io_input *input) {
  return io_input_begins_as(input, reading->host->hash, &file->identity);
}

/* The file was renamed: look for it among its neighbours. */
static mr_status open_renamed(io_reading *reading, io_file *file, io_input *input) {
  const char *slash = strrchr(file->path, '/');
  int folder = slash != NULL ? (int)(slash - file->path) + 1 : 0;
  char pattern[4200];
  io_listing neighbours;
  io_trouble unimportant = {0};
  int found = 0;
  snprintf(pattern, sizeof pattern, "%.*s*", folder, file->path);
  io_list(pattern, &neighbours, &unimportant);
  for (uint64_t i = 0; i < neighbours.count && !found; i++) {
    struct stat facts;
    const char *path = neighbours.paths[i];
    if (stat(path, &facts) != 0 || facts.st_ino != file->identity.inode ||
        facts.st_dev != file->identity.device || io_input_open(input, path, &unimportant) != MR_OK)
      continue;
    found = is_known(reading, file, input);
    char *renamed = found ? strdup(path) : NULL;
    if (renamed == NULL) {
      io_input_close(input);
      continue;
    }
    free(file->path);
    file->path = renamed;
    input->path = renamed;
  }
  io_listing_free(&neighbours);
  if (found)
    return MR_OK;
  return io_note(&reading->trouble, MR_E_STATE,
                 "MR5306 %s is not the file that was read up to byte %llu, and none beside it is\n"
                 "bring that file back, or start without the old state",
                 file->path, (unsigned long long)file->offset);
}

static mr_status open_known(io_reading *reading, io_file *file, io_input *input) {
  io_trouble missing = {0};
  if (io_input_open(input, file->path, &missing) == MR_OK) {
    if (is_known(reading, file, input))
      return MR_OK;
    io_input_close(input);
  }
  return open_renamed(reading, file, input);
}

/* Go on where the last run ended. */
static mr_status seek(io_reading *reading, io_file *file) {
  uint64_t offset = file->offset;
  if (offset == 0)
    return MR_OK;
  if (!file->stream.input.seekable)
    return io_note(&reading->trouble, MR_E_STATE,
                   "MR5306 %s is no regular file and cannot be read again from byte %llu",
                   file->path, (unsigned long long)offset);
  mr_status status = io_stream_seek(&file->stream, offset, &reading->trouble);
  int beyond = file->stream.codec == IO_NONE && offset > file->stream.input.size;
  if (status == MR_DONE || (status == MR_OK && beyond))
    return io_note(&reading->trouble, MR_E_STATE,
                   "MR5306 %s was read up to byte %llu, but has only %llu now\n"
                   "bring the whole file back, or start without the old state",
                   file->path, (unsigned long long)offset,
                   (unsigned long long)(beyond ? file->stream.input.size : file->stream.offset));
  return status;
}

mr_status io_file_open(io_reading *reading, io_file *file) {
  io_input input;
  mr_status status = file->known ? open_known(reading, file, &input)
                                 : io_input_open(&input, file->path, &reading->trouble);
  if (status != MR_OK)
    return status;
  if (reading->follows && !input.seekable) {
    io_input_close(&input);
    return io_note(&reading->trouble, MR_E_CONFIG,
                   "%s is no regular file and cannot be followed\nleave out `follow`", file->path);
  }
  input.path = file->path;
  io_stream_begin(&file->stream, input, reading->codec);
  file->state = IO_OPEN;
  file->framer = (io_framer){.told = file->known && file->offset > 0};
  status = seek(reading, file);
  if (status == MR_OK)
    io_file_identify(reading, file);
  if (reading->follows)
    file->watch = io_watch_file(&reading->watch, input.file);
  return status;
}

void io_file_identify(const io_reading *reading, io_file *file) {
  if (file->state == IO_OPEN && file->identity.print_size < IO_PRINT)
    io_input_identify(&file->stream.input, reading->host->hash, &file->identity);
}

io_place io_file_place(const io_reading *reading, io_file *file) {
  static const io_progress progress[] = {IO_NOT_BEGUN, IO_BEGUN, IO_AT_END};
  io_file_identify(reading, file);
  io_place place = {.progress = progress[file->state],
                    .path = file->path,
                    .path_size = (uint32_t)strlen(file->path),
                    .identity = file->identity,
                    .offset = file->offset};
  if (file->state == IO_OPEN)
    place.offset = io_framer_offset(&file->framer, &file->stream);
  else if (file->state == IO_WAITING && file->known)
    place.progress = IO_BEGUN;
  return place;
}
