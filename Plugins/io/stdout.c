// SPDX-License-Identifier: Apache-2.0
// `stdout`: writes records to standard output as text.
//
// At least once: what a reader got cannot be taken back. A checkpoint does not wait for a slow
// reader: bytes that it has not taken yet are saved, and written first after a restore.
#include "staged.h"
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
  writer->filters = 1;
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

static mr_status stdout_save(void *op, uint64_t epoch, mr_writer *into) {
  const io_writer *writer = op;
  packing packed = {0};
  (void)epoch;
  pack_bytes(&packed, writer->bytes, writer->used);
  mr_status status = pack_send(&packed, into);
  return status == MR_OK
             ? MR_OK
             : io_fail(writer->host, writer->ctx, status, "its state could not be written");
}

static mr_status stdout_restore(void *op, const mr_snapshot *info, mr_reader *reader) {
  io_writer *writer = op;
  packing piece = {0};
  (void)info;
  mr_status status = pack_receive(&piece, reader);
  if (status == MR_OK && !io_writer_restore(writer, piece.bytes, piece.size))
    status = MR_E_NOMEM;
  pack_free(&piece);
  return status == MR_OK
             ? MR_OK
             : io_fail(writer->host, writer->ctx, status, "the saved state cannot be read");
}

static const mr_state state = {
    .struct_size = sizeof(mr_state), .save = stdout_save, .restore = stdout_restore};

static const void *stdout_extension(const mr_operator *self, const char *id) {
  (void)self;
  return strcmp(id, MR_EXT_STATE) == 0 ? &state : NULL;
}

static const mr_param *const params[] = {&io_format};

static const mr_port in = {
    .struct_size = sizeof(mr_port), .name = "in", .doc = "Any record.", .schema = "any"};
static const mr_port *const inputs[] = {&in};

const mr_operator io_stdout = {.struct_size = sizeof(mr_operator),
                               .kind = MR_KIND_SINK,
                               .flags = MR_OP_BLOCKS | MR_OP_RESUMABLE,
                               .id = "stdout",
                               .version = "1.1.0",
                               .title = "Standard output",
                               .description = "Writes each value to standard output, one to a "
                                              "line. After a restart, lines since the last "
                                              "checkpoint come again.",
                               .example = "{ use: stdout, from: results }",
                               .params = params,
                               .inputs = inputs,
                               .param_count = 1,
                               .input_count = 1,
                               .max_parallelism = 1,
                               .state_version = 1,
                               .create = stdout_create,
                               .destroy = stdout_destroy,
                               .start = stdout_start,
                               .stop = stdout_stop,
                               .process = stdout_process,
                               .extension = stdout_extension};
