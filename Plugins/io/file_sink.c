// SPDX-License-Identifier: Apache-2.0
// `file.sink`: writes records to a file as text.
//
// The file is opened when the operator is made, so that a wrong path is found before anything runs,
// and emptied when it starts: a job that fails to start leaves the file as it was.
#include "writer.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
  io_writer writer; /* first: process and stop hand it on */
  char *path;
  uint32_t append;
} file_sink;

static void file_sink_destroy(void *op) {
  file_sink *sink = op;
  if (sink->writer.file >= 0)
    close(sink->writer.file);
  io_writer_destroy(&sink->writer);
  free(sink->path);
  free(sink);
}

static mr_status open_file(file_sink *sink, const mr_host *host, mr_ctx *ctx) {
  int file = open(sink->path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_APPEND, 0644);
  if (file < 0)
    return io_fail(host, ctx, MR_E_CONFIG, "cannot write %s: %s", sink->path, strerror(errno));
  io_writer_attach(&sink->writer, file, sink->path);
  return MR_OK;
}

static mr_status file_sink_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                                  const mr_config *config, void **op) {
  (void)self;
  file_sink *sink = calloc(1, sizeof *sink);
  if (sink == NULL)
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  sink->writer.file = -1;
  mr_status status = io_path(host, ctx, config, &sink->path);
  if (status == MR_OK)
    status = config->get_bool(config, "/append", &sink->append);
  if (status == MR_OK)
    status = io_writer_create(&sink->writer, host, ctx, config);
  if (status == MR_OK)
    status = open_file(sink, host, ctx);
  if (status != MR_OK) {
    file_sink_destroy(sink);
    return status;
  }
  *op = sink;
  return MR_OK;
}

static mr_status file_sink_start(void *op, const mr_start *info) {
  file_sink *sink = op;
  struct stat facts;
  sink->writer.cancel = info->cancel;
  if (sink->append || info->restored_epoch != 0 || fstat(sink->writer.file, &facts) != 0 ||
      !S_ISREG(facts.st_mode))
    return MR_OK;
  if (ftruncate(sink->writer.file, 0) != 0)
    return io_fail(sink->writer.host, sink->writer.ctx, MR_E_CONFIG, "cannot empty %s: %s",
                   sink->path, strerror(errno));
  return MR_OK;
}

static mr_status file_sink_stop(void *op) { return io_writer_finish(op); }

static mr_status file_sink_process(void *op, const mr_batch *batch, mr_work *work) {
  return io_writer_take(op, batch, work);
}

static const void *file_sink_extension(const mr_operator *self, const char *id) {
  (void)self;
  (void)id;
  return NULL;
}

static const mr_param path = {.struct_size = sizeof(mr_param),
                              .type = MR_P_STRING,
                              .flags = MR_PARAM_REQUIRED,
                              .name = "path",
                              .doc = "The file to write. It is made when it is not there.",
                              .example = "result.ndjson",
                              .minimum = "1",
                              .maximum = "4096"};
static const mr_param append = {
    .struct_size = sizeof(mr_param),
    .type = MR_P_BOOL,
    .name = "append",
    .doc = "Add to what the file has. Otherwise it is emptied when the job starts.",
    .default_value = "false"};
static const mr_param *const params[] = {&path, &append, &io_format};

static const mr_port in = {
    .struct_size = sizeof(mr_port), .name = "in", .doc = "Any record.", .schema = "any"};
static const mr_port *const inputs[] = {&in};

const mr_operator io_file_sink = {
    .struct_size = sizeof(mr_operator),
    .kind = MR_KIND_SINK,
    .flags = MR_OP_BLOCKS | MR_OP_RESUMABLE,
    .id = "file.sink",
    .version = "1.0.0",
    .title = "File sink",
    .description = "Writes each value to a file, one to a line. The file is complete up to the "
                   "last record whenever no more records are waiting.",
    .example = "{ use: file.sink, from: results, with: { path: result.ndjson } }",
    .params = params,
    .inputs = inputs,
    .param_count = 3,
    .input_count = 1,
    .max_parallelism = 1,
    .create = file_sink_create,
    .destroy = file_sink_destroy,
    .start = file_sink_start,
    .stop = file_sink_stop,
    .process = file_sink_process,
    .extension = file_sink_extension};
