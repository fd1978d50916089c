// SPDX-License-Identifier: Apache-2.0
// `dlq.source`: dead letters on their way back into their job. The host puts it before the node
// that they go to; the file and its format are in Sources/MillraceDelivery/ReplayFile.swift. It
// keeps where in the file the next record lies, 8 bytes little endian.
#include "io.h"
#include "../shared/packing.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD 16u    /* magic, version, count, where the first record lies */
#define CHECKSUM 4u /* behind the last record */
#define RECORD 20u  /* sizes and time of a record, before its key */
#define NO_KEY UINT32_MAX

typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  mr_out *out;
  uint32_t schema;
  uint8_t *bytes; /* the file, mapped */
  uint64_t size;
  uint64_t first, end, next; /* where the first record lies, where they end, the one to send next */
} dlq_source;

static void dlq_destroy(void *instance) {
  dlq_source *op = instance;
  if (op->bytes != NULL)
    munmap(op->bytes, op->size);
  free(op);
}

static mr_status damaged(const dlq_source *op, uint64_t at) {
  return io_fail(op->host, op->ctx, MR_E_STATE,
                 "MR6004 the letters to be replayed are damaged, at byte %llu\n"
                 "restore the file in dlq/replay of the state directory from a copy",
                 (unsigned long long)at);
}

static mr_status map_file(dlq_source *op, const char *path) {
  struct stat facts;
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0 && errno == ENOENT)
    return io_fail(op->host, op->ctx, MR_E_CONFIG, "there is no file %s", path);
  if (file < 0)
    return io_fail(op->host, op->ctx, MR_E_CONFIG, "%s: %s", path, strerror(errno));
  void *bytes = MAP_FAILED;
  if (fstat(file, &facts) == 0 && facts.st_size >= (off_t)(HEAD + CHECKSUM))
    bytes = mmap(NULL, (size_t)facts.st_size, PROT_READ, MAP_PRIVATE, file, 0);
  close(file);
  if (bytes == MAP_FAILED)
    return io_fail(op->host, op->ctx, MR_E_CONFIG, "%s: expected what `millrace dlq replay` writes",
                   path);
  op->bytes = bytes;
  op->size = (uint64_t)facts.st_size;
  op->end = op->size - CHECKSUM;
  unpacking from = {op->bytes + 4, HEAD - 4, 0};
  uint64_t version = unpack_number(&from, 4);
  unpack_number(&from, 4);
  op->first = op->next = unpack_number(&from, 4);
  if (memcmp(op->bytes, "MRRP", 4) != 0 || version != 1)
    return io_fail(op->host, op->ctx, MR_E_CONFIG, "%s: expected what `millrace dlq replay` writes",
                   path);
  return op->first < HEAD || op->first > op->end ? damaged(op, HEAD - 4) : MR_OK;
}

static mr_status dlq_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                            const mr_config *config, void **instance) {
  (void)self;
  char *path = NULL;
  mr_status status = io_path(host, ctx, config, &path);
  if (status != MR_OK)
    return status;
  dlq_source *op = calloc(1, sizeof *op);
  if (op == NULL) {
    free(path);
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  }
  op->host = host;
  op->ctx = ctx;
  status = map_file(op, path);
  free(path);
  if (status != MR_OK) {
    dlq_destroy(op);
    return status;
  }
  *instance = op;
  return MR_OK;
}

static mr_status dlq_start(void *instance, const mr_start *info) {
  dlq_source *op = instance;
  op->out = info->out[0];
  op->schema = info->out_schema[0];
  return MR_OK;
}

/* The record at `next`, as it was when it was refused. */
static mr_status send_one(dlq_source *op) {
  unpacking from = {op->bytes + op->next, op->end - op->next, 0};
  uint64_t rest = unpack_number(&from, 4);
  uint64_t key = unpack_number(&from, 4), value = unpack_number(&from, 4);
  uint64_t time = unpack_number(&from, 8);
  int keyed = key != NO_KEY;
  uint64_t length = (keyed ? key : 0) + value;
  if (from.failed || rest > op->end - op->next - 4 || length > rest - (RECORD - 4) ||
      rest < RECORD - 4 || length > UINT32_MAX || (keyed && key > UINT16_MAX))
    return damaged(op, op->next);
  mr_record head = io_head((uint32_t)length, op->schema);
  head.event_time = (int64_t)time;
  if (keyed) {
    head.flags = 0;
    head.key_length = (uint16_t)key;
    head.key_hash = op->host->hash(from.at, key);
  }
  mr_status status = mr_emit(op->out, &head, from.at);
  if (status == MR_OK)
    op->next += 4 + rest;
  else if (status == MR_E_TOO_LARGE)
    return io_fail(op->host, op->ctx, status, "no room for a record of %llu bytes",
                   (unsigned long long)length);
  return status;
}

static mr_status dlq_poll(void *instance, mr_poll *poll, mr_work *work) {
  dlq_source *op = instance;
  (void)work;
  for (uint32_t sent = 0; sent < poll->credit && op->next < op->end; sent++) {
    mr_status status = send_one(op);
    /* A failure drops the output of its call: it waits for one that has none. */
    if (status != MR_OK)
      return status < 0 && sent > 0 ? MR_OK : status;
  }
  return op->next < op->end ? MR_OK : MR_DONE;
}

static mr_status dlq_save(void *instance, uint64_t epoch, mr_writer *writer) {
  const dlq_source *op = instance;
  packing packed = {0};
  (void)epoch;
  pack_number(&packed, op->next, 8);
  mr_status status = pack_send(&packed, writer);
  return status == MR_OK ? MR_OK
                         : io_fail(op->host, op->ctx, status, "its state could not be written");
}

static mr_status dlq_restore(void *instance, const mr_snapshot *info, mr_reader *reader) {
  dlq_source *op = instance;
  packing piece = {0};
  (void)info;
  mr_status status = pack_receive(&piece, reader);
  unpacking from = unpack_from(&piece);
  op->next = unpack_number(&from, 8);
  pack_free(&piece);
  if (status != MR_OK)
    return io_fail(op->host, op->ctx, status, "the saved state cannot be read");
  if (from.failed || from.left > 0 || op->next < op->first || op->next > op->end)
    return io_fail(op->host, op->ctx, MR_E_STATE, "the saved state is not of this file");
  return MR_OK;
}

static const mr_state keeping = {
    .struct_size = sizeof(mr_state), .save = dlq_save, .restore = dlq_restore};
static const mr_source reading = {
    .struct_size = sizeof(mr_source), .flags = MR_SOURCE_OFFSET, .poll = dlq_poll};

static const void *dlq_extension(const mr_operator *self, const char *id) {
  (void)self;
  if (strcmp(id, MR_EXT_SOURCE) == 0)
    return &reading;
  return strcmp(id, MR_EXT_STATE) == 0 ? &keeping : NULL;
}

static const mr_param path = {.struct_size = sizeof(mr_param),
                              .type = MR_P_STRING,
                              .flags = MR_PARAM_REQUIRED,
                              .name = "path",
                              .doc = "A file in `dlq/replay` of a state directory.",
                              .example = "state/dlq/replay/5f3a0c12",
                              .minimum = "1",
                              .maximum = "4095"};
static const mr_param *const params[] = {&path};

static const mr_port out = {.struct_size = sizeof(mr_port),
                            .name = "out",
                            .doc = "The records, with the key and the event time that they had.",
                            .schema = "bytes"};
static const mr_port *const outputs[] = {&out};

const mr_operator io_dlq_source = {
    .struct_size = sizeof(mr_operator),
    .kind = MR_KIND_SOURCE,
    .flags = MR_OP_DETERMINISTIC | MR_OP_RESUMABLE,
    .id = "dlq.source",
    .version = "1.0.0",
    .title = "Dead letter source",
    .description = "Gives refused records once more. Nobody needs to write it into a topology: "
                   "`millrace dlq replay` chooses the records, and the next run puts this source "
                   "before the node that they go to.",
    .example = "{ use: dlq.source, with: { path: state/dlq/replay/5f3a0c12 } }",
    .params = params,
    .outputs = outputs,
    .param_count = 1,
    .output_count = 1,
    .max_parallelism = 1,
    .state_version = 1,
    .create = dlq_create,
    .destroy = dlq_destroy,
    .start = dlq_start,
    .extension = dlq_extension};
