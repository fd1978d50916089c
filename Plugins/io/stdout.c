// SPDX-License-Identifier: Apache-2.0
// `stdout`: writes records to standard output as text.
#include "writer.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static mr_status stdout_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                               const mr_config *config, void **op) {
  (void)self;
  if (fcntl(STDOUT_FILENO, F_GETFD) < 0)
    return io_fail(host, ctx, MR_E_CONFIG, "standard output cannot be written: %s",
                   strerror(errno));
  io_writer *writer = malloc(sizeof *writer);
  if (writer == NULL)
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  mr_status status = io_writer_create(writer, host, ctx, config);
  if (status != MR_OK) {
    free(writer);
    return status;
  }
  io_writer_attach(writer, STDOUT_FILENO, "standard output");
  *op = writer;
  return MR_OK;
}

static void stdout_destroy(void *op) {
  io_writer_destroy(op);
  free(op);
}

static mr_status stdout_start(void *op, const mr_start *info) {
  ((io_writer *)op)->cancel = info->cancel;
  return MR_OK;
}

static mr_status stdout_stop(void *op) { return io_writer_finish(op); }

static mr_status stdout_process(void *op, const mr_batch *batch, mr_work *work) {
  return io_writer_take(op, batch, work);
}

static const void *stdout_extension(const mr_operator *self, const char *id) {
  (void)self;
  (void)id;
  return NULL;
}

static const mr_param *const params[] = {&io_format};

static const mr_port in = {
    .struct_size = sizeof(mr_port), .name = "in", .doc = "Any record.", .schema = "any"};
static const mr_port *const inputs[] = {&in};

const mr_operator io_stdout = {.struct_size = sizeof(mr_operator),
                               .kind = MR_KIND_SINK,
                               .flags = MR_OP_BLOCKS | MR_OP_RESUMABLE,
                               .id = "stdout",
                               .version = "1.0.0",
                               .title = "Standard output",
                               .description = "Writes each value to standard output, one to a "
                                              "line.",
                               .example = "{ use: stdout, from: results }",
                               .params = params,
                               .inputs = inputs,
                               .param_count = 1,
                               .input_count = 1,
                               .max_parallelism = 1,
                               .create = stdout_create,
                               .destroy = stdout_destroy,
                               .start = stdout_start,
                               .stop = stdout_stop,
                               .process = stdout_process,
                               .extension = stdout_extension};
