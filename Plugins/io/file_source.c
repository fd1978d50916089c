// SPDX-License-Identifier: Apache-2.0
// `file.source`: files as records.
#include "file_source.h"
#include <errno.h>
#include <sys/stat.h>

/* Short files that are taken one after the other in one call. */
#define FILES_PER_CALL 64u

static mr_status told(file_source *source) {
  return io_tell(&source->reading.trouble, source->reading.host, source->reading.ctx);
}

/* ---- setup ------------------------------------------------------------------------- */

static void file_source_destroy(void *op) {
  file_source *source = op;
  io_reading_free(&source->reading);
  free(source);
}

/* A path that can be seen to be wrong is refused before anything runs. */
static mr_status try_path(io_reading *reading) {
  struct stat facts;
  io_input input;
  if (io_is_pattern(reading->path) || (reading->follows && stat(reading->path, &facts) != 0))
    return MR_OK;
  if (stat(reading->path, &facts) == 0 && S_ISFIFO(facts.st_mode))
    return MR_OK; /* opening it would be noticed by its writer */
  mr_status status = io_input_open(&input, reading->path, &reading->trouble);
  if (status == MR_OK)
    io_input_close(&input);
  else
    reading->trouble.status = MR_E_CONFIG;
  return status;
}

static mr_status file_source_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                                    const mr_config *config, void **op) {
  (void)self;
  file_source *source = calloc(1, sizeof *source);
  if (source == NULL)
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  io_reading *reading = &source->reading;
  reading->host = host;
  reading->ctx = ctx;
  reading->watch = (io_watch){.notices = -1, .timer = -1};
  mr_status status = file_source_configure(reading, config, &source->rescan);
  if (status == MR_OK && try_path(reading) != MR_OK)
    status = told(source);
  if (status != MR_OK) {
    file_source_destroy(source);
    return status;
  }
  *op = source;
  return MR_OK;
}

static mr_status file_source_start(void *op, const mr_start *info) {
  file_source *source = op;
  io_reading *reading = &source->reading;
  reading->framing.out = info->out[0];
  reading->framing.schema = info->out_schema[0];
  if (reading->follows && info->parallelism > 1)
    return io_fail(reading->host, reading->ctx, MR_E_CONFIG,
                   "files are followed by one task, expected parallelism 1, found %u",
                   info->parallelism);
  if (source->idle)
    return MR_OK;
  mr_status status = MR_OK;
  if (reading->follows)
    status = io_follow_begin(reading, source->rescan);
  else if (reading->count == 1 && reading->files[0]->state == IO_WAITING)
    status = io_file_open(reading, reading->files[0]); /* a pipe is watched from the start */
  return status == MR_OK ? MR_OK : told(source);
}

static uint32_t file_source_descriptors(void *op, int32_t *files, uint32_t capacity) {
  file_source *source = op;
  const io_reading *reading = &source->reading;
  uint32_t count = 0;
  if (reading->watch.timer >= 0 && count < capacity)
    files[count++] = reading->watch.timer;
  if (reading->watch.notices >= 0 && count < capacity)
    files[count++] = reading->watch.notices;
  for (uint64_t i = 0; i < reading->count && !reading->follows; i++)
    if (reading->files[i]->state == IO_OPEN && !reading->files[i]->stream.input.seekable &&
        count < capacity)
      files[count++] = reading->files[i]->stream.input.file;
  return count;
}

/* ---- reading ------------------------------------------------------------------------ */

/* The end has come: was it where it should be? */
static mr_status check_end(io_reading *reading, const io_file *file) {
  const io_input *input = &file->stream.input;
  struct stat facts;
  if (!input->seekable || input->at >= input->size || fstat(input->file, &facts) != 0)
    return MR_OK;
  return io_note(&reading->trouble, MR_E_IO,
                 "MR5306 %s shrank from %llu to %lld bytes while it was read, at byte %llu\n"
                 "read files that are written to with follow=true",
                 file->path, (unsigned long long)input->size, (long long)facts.st_size,
                 (unsigned long long)input->at);
}

/* One file after the other; all records of a call are from one. */
static mr_status read_in_turn(io_reading *reading, uint32_t *credit, uint32_t *split) {
  uint32_t all = *credit;
  for (uint32_t i = 0; i < FILES_PER_CALL && *credit == all; i++) {
    if (reading->current == reading->count)
      return MR_DONE;
    io_file *file = reading->files[reading->current];
    *split = file->split;
    mr_status status = MR_OK;
    if (file->state == IO_WAITING)
      status = io_file_open(reading, file);
    if (file->state == IO_OPEN && status == MR_OK)
      status = io_frame(&reading->framing, &file->framer, &file->stream, credit, &reading->trouble);
    if (file->state == IO_OPEN && status == MR_DONE) {
      status = check_end(reading, file);
      if (status == MR_OK)
        status = io_frame_end(&reading->framing, &file->framer, &file->stream, credit,
                              &reading->trouble);
      if (status == MR_OK)
        io_file_close(reading, file);
    }
    if (status != MR_OK)
      return status;
    if (file->state == IO_FINISHED)
      reading->current++;
  }
  return MR_OK;
}

static mr_status file_source_poll(void *op, mr_poll *poll, mr_work *work) {
  file_source *source = op;
  io_reading *reading = &source->reading;
  uint32_t credit = poll->credit;
  (void)work;
  poll->split = 0;
  if (source->idle)
    return MR_DONE;
  if (source->paused)
    return MR_AGAIN;
  if (reading->trouble.status != MR_OK)
    return told(source);
  mr_status status =
      reading->follows ? io_follow(reading, &credit) : read_in_turn(reading, &credit, &poll->split);
  if (status >= 0)
    return status;
  /* A failure drops the output of its call: it waits for one that has none. */
  return credit < poll->credit ? MR_OK : told(source);
}

static mr_status file_source_pause(void *op, uint32_t split, uint32_t on) {
  file_source *source = op;
  (void)split; /* there is one that is read at a time */
  source->paused = on;
  if (!on)
    source->reading.host->wake(source->reading.ctx);
  return MR_OK;
}

static const mr_source extension = {.struct_size = sizeof(mr_source),
                                    .flags = MR_SOURCE_OFFSET,
                                    .poll = file_source_poll,
                                    .descriptors = file_source_descriptors,
                                    .discover = file_source_discover,
                                    .assign = file_source_assign,
                                    .positions = file_source_positions,
                                    .pause = file_source_pause};

static const void *file_source_extension(const mr_operator *self, const char *id) {
  (void)self;
  return strcmp(id, MR_EXT_SOURCE) == 0 ? &extension : NULL;
}

static const mr_port out = {.struct_size = sizeof(mr_port),
                            .name = "out",
                            .doc = "What `as` makes of the files, without a key.",
                            .schema = "bytes"};
static const mr_port *const outputs[] = {&out};

const mr_operator io_file_source = {
    .struct_size = sizeof(mr_operator),
    .kind = MR_KIND_SOURCE,
    .flags = MR_OP_DETERMINISTIC | MR_OP_RESUMABLE | MR_OP_BLOCKS,
    .id = "file.source",
    .version = "1.1.0",
    .title = "File source",
    .description =
        "Reads files, compressed or not, by line, by length prefix, whole, or in chunks of bytes "
        "for `lines` or `words`. It reads to their end, or follows them as they grow. With more "
        "than one task, each reads some of the files.",
    .example = "{ use: file.source, with: { path: \"logs/*.log.gz\", as: line } }",
    .params = file_source_params,
    .outputs = outputs,
    .param_count = FILE_SOURCE_PARAMS,
    .output_count = 1,
    .create = file_source_create,
    .destroy = file_source_destroy,
    .start = file_source_start,
    .extension = file_source_extension};
