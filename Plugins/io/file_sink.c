// SPDX-License-Identifier: Apache-2.0
// `file.sink`: writes records to a file, or to a row of files, as text.
//
// A file is opened when the operator is made, so that a wrong path is found before anything runs,
// and emptied when it starts: a job that fails to start leaves the file as it was.
#include "file_sink.h"
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static mr_status told(file_sink *sink) { return io_tell(&sink->trouble, sink->host, sink->ctx); }

static void file_sink_destroy(void *op) {
  file_sink *sink = op;
  file_sink_end_clock(sink);
  if (sink->streams && sink->writer.file >= 0)
    close(sink->writer.file);
  io_writer_destroy(&sink->writer);
  io_part_close(&sink->part);
  file_sink_free_stage(sink);
  pthread_cond_destroy(&sink->changed);
  pthread_mutex_destroy(&sink->lock);
  free(sink->bytes);
  free(sink->ends);
  free(sink->path);
  free(sink);
}

/* A pipe or a device takes bytes as they come; it cannot be cut, emptied or renamed. */
static mr_status open_stream(file_sink *sink, const mr_config *config) {
  sink->streams = 1;
  mr_status status = io_writer_create(&sink->writer, sink->host, sink->ctx, config);
  if (status == MR_OK && sink->codec != IO_NONE)
    status =
        io_note(&sink->trouble, MR_E_CONFIG,
                "%s is no regular file and is not compressed\nleave out `compression`", sink->path);
  if (status == MR_OK)
    io_writer_attach(&sink->writer, sink->part.file, sink->path);
  sink->part.file = -1;
  return status;
}

static mr_status open_in_place(file_sink *sink, const mr_config *config) {
  struct stat facts;
  char name[IO_PATH];
  io_naming_expand(sink->path, 0, name); /* %% */
  mr_status status = io_make_folders(name, &sink->trouble);
  if (status == MR_OK)
    status = io_part_open(&sink->part, name, sink->codec, &sink->trouble);
  if (status == MR_OK && fstat(sink->part.file, &facts) == 0 && !S_ISREG(facts.st_mode))
    status = open_stream(sink, config);
  return status;
}

/* The first folder is made, and must be writable, before anything runs. */
static mr_status try_parts(file_sink *sink) {
  char name[IO_PATH], folder[IO_PATH];
  if (!io_naming_expand(sink->path, sink->host->now(sink->ctx, MR_CLOCK_WALL) / 1000000000, name))
    return io_note(&sink->trouble, MR_E_CONFIG, "path is too long once its time is filled in");
  mr_status status = io_make_folders(name, &sink->trouble);
  const char *slash = strrchr(name, '/');
  snprintf(folder, sizeof folder, "%.*s", slash != NULL ? (int)(slash - name) + 1 : 1,
           slash != NULL ? name : ".");
  if (status == MR_OK && access(folder, W_OK | X_OK) != 0)
    status = io_note_errno(&sink->trouble, NULL, "cannot write to the folder %s", folder);
  return status;
}

static mr_status file_sink_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                                  const mr_config *config, void **op) {
  (void)self;
  file_sink *sink = calloc(1, sizeof *sink);
  if (sink == NULL)
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  sink->host = host;
  sink->ctx = ctx;
  sink->part.file = sink->writer.file = sink->stage.file = -1;
  pthread_mutex_init(&sink->lock, NULL);
  pthread_cond_init(&sink->changed, NULL);
  mr_status status = file_sink_configure(sink, config);
  if (status == MR_OK) {
    status = sink->in_parts ? try_parts(sink) : open_in_place(sink, config);
    if (status != MR_OK) {
      sink->trouble.status = MR_E_CONFIG;
      status = told(sink);
    }
  }
  if (status != MR_OK) {
    file_sink_destroy(sink);
    return status;
  }
  *op = sink;
  return MR_OK;
}

static mr_status file_sink_start(void *op, const mr_start *info) {
  file_sink *sink = op;
  sink->writer.cancel = info->cancel;
  mr_status status = MR_OK;
  if (sink->writer_identity.known)
    status = file_sink_start_stage(sink, info->restored_epoch);
  else if (sink->in_parts)
    status = file_sink_start_clock(sink);
  else if (!sink->streams && !sink->append && info->restored_epoch == 0 &&
           ftruncate(sink->part.file, 0) != 0)
    status = io_note_errno(&sink->trouble, NULL, "cannot empty %s", sink->path);
  return status == MR_OK ? MR_OK : told(sink);
}

static mr_status take(file_sink *sink, const mr_batch *batch) {
  int64_t now = sink->in_parts ? sink->host->now(sink->ctx, MR_CLOCK_WALL) : 0;
  mr_status status = sink->trouble.status;
  if (status == MR_OK && file_sink_due(sink) <= now) {
    status = file_sink_flush(sink, now);
    if (status == MR_OK)
      status = file_sink_roll(sink);
  }
  for (uint32_t i = 0; i < batch->count && status == MR_OK; i++) {
    const mr_record *record = mr_at(batch, i);
    mr_prefetch(batch, i + 4);
    status = file_sink_add(sink, mr_payload(batch, record), record, now);
  }
  if (status == MR_OK && !(batch->flags & MR_BATCH_MORE))
    status = file_sink_flush(sink, now);
  return status == MR_OK ? MR_OK : told(sink);
}

static mr_status file_sink_process(void *op, const mr_batch *batch, mr_work *work) {
  file_sink *sink = op;
  if (sink->streams)
    return io_writer_take(&sink->writer, batch, work);
  if (sink->writer_identity.known) {
    mr_status staged = file_sink_stage(sink, batch, work);
    return staged >= 0 ? staged : told(sink);
  }
  pthread_mutex_lock(&sink->lock);
  mr_status status = take(sink, batch);
  pthread_mutex_unlock(&sink->lock);
  return status;
}

static mr_status file_sink_stop(void *op) {
  file_sink *sink = op;
  if (sink->streams)
    return io_writer_finish(&sink->writer);
  if (sink->writer_identity.known)
    return file_sink_end_stage(sink) == MR_OK ? MR_OK : told(sink);
  file_sink_end_clock(sink);
  mr_status status = sink->trouble.status;
  if (status == MR_OK)
    status = file_sink_flush(sink, sink->host->now(sink->ctx, MR_CLOCK_WALL));
  if (status == MR_OK)
    status = file_sink_roll(sink);
  return status == MR_OK ? MR_OK : told(sink);
}

static const void *file_sink_extension(const mr_operator *self, const char *id) {
  (void)self;
  if (strcmp(id, MR_EXT_SINK) == 0)
    return &file_sink_phases;
  return strcmp(id, MR_EXT_STATE) == 0 ? &file_sink_state : NULL;
}

static const mr_port in = {
    .struct_size = sizeof(mr_port), .name = "in", .doc = "Any record.", .schema = "any"};
static const mr_port *const inputs[] = {&in};

const mr_operator io_file_sink = {
    .struct_size = sizeof(mr_operator),
    .kind = MR_KIND_SINK,
    .flags = MR_OP_BLOCKS | MR_OP_RESUMABLE,
    .id = "file.sink",
    .version = "1.2.0",
    .title = "File sink",
    .description =
        "Writes each value to a file, one to a line. A file that is written in place is complete "
        "up to the last record whenever no more records are waiting. Parts, with `roll_size`, "
        "`roll_every` or a time in the path, get a number before the first dot of their name; a "
        "name is given when the part is complete, until then it is hidden and ends in `.part`. "
        "With checkpoints, output is exactly once and appears when its checkpoint is complete; "
        "until then it is hidden beside it and ends in `.staged`. A pipe or a device cannot take "
        "back what it got: it stays at least once, and gets its records as they come.",
    .example = "{ use: file.sink, from: results, with: { path: result.ndjson } }",
    .params = file_sink_params,
    .inputs = inputs,
    .param_count = FILE_SINK_PARAMS,
    .input_count = 1,
    .max_parallelism = 1,
    .state_version = 1,
    .create = file_sink_create,
    .destroy = file_sink_destroy,
    .start = file_sink_start,
    .stop = file_sink_stop,
    .process = file_sink_process,
    .extension = file_sink_extension};
