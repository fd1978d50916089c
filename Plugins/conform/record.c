// SPDX-License-Identifier: Apache-2.0
// `conform.record`: writes down what came, so that two runs can be compared.
#include "conform.h"
#include <errno.h>
#include <stdio.h>

typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  FILE *file;
} record_sink;

static mr_status record_fail(const record_sink *op, mr_status code, const char *what) {
  char text[256];
  snprintf(text, sizeof text, "%s: %s", what, strerror(errno));
  return mr_fail(op->host, op->ctx, code, text);
}

static void record_destroy(void *instance) {
  record_sink *op = instance;
  if (op->file != NULL)
    fclose(op->file);
  free(op);
}

static mr_status record_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                               const mr_config *config, void **instance) {
  (void)self;
  mr_str path;
  mr_status status = config->get_string(config, "/path", &path);
  if (status != MR_OK)
    return status;
  record_sink *op = calloc(1, sizeof *op);
  char *name = strndup(path.data, path.size);
  if (op == NULL || name == NULL) {
    free(op);
    free(name);
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  }
  op->host = host;
  op->ctx = ctx;
  op->file = fopen(name, "we");
  free(name);
  if (op->file == NULL) {
    status = record_fail(op, MR_E_CONFIG, "cannot write to path");
    record_destroy(op);
    return status;
  }
  *instance = op;
  return MR_OK;
}

static mr_status record_start(void *instance, const mr_start *info) {
  (void)instance;
  (void)info;
  return MR_OK;
}

static mr_status record_process(void *instance, const mr_batch *batch, mr_work *work) {
  (void)work;
  record_sink *op = instance;
  for (uint32_t i = 0; i < batch->count; i++) {
    const mr_record *record = mr_at(batch, i);
    uint8_t frame[CONFORM_FRAME];
    uint16_t flags = record->flags & MR_REC_USER;
    uint64_t hash = op->host->hash(mr_payload(batch, record), record->length);
    memcpy(frame, &record->length, 4);
    memcpy(frame + 4, &flags, 2);
    memcpy(frame + 6, &record->key_length, 2);
    memcpy(frame + 8, &record->event_time, 8);
    memcpy(frame + 16, &record->key_hash, 8);
    memcpy(frame + 24, &hash, 8);
    if (fwrite(frame, sizeof frame, 1, op->file) != 1)
      return record_fail(op, MR_E_IO, "cannot write");
  }
  return MR_OK;
}

static mr_status record_stop(void *instance) {
  record_sink *op = instance;
  return fflush(op->file) == 0 ? MR_OK : record_fail(op, MR_E_IO, "cannot write");
}

static const void *record_extension(const mr_operator *self, const char *id) {
  (void)self;
  (void)id;
  return NULL;
}

static const mr_param path = {.struct_size = sizeof(mr_param),
                              .type = MR_P_STRING,
                              .flags = MR_PARAM_REQUIRED,
                              .name = "path",
                              .doc = "The file to write.",
                              .example = "records.bin"};
static const mr_param *const params[] = {&path};

static const mr_port in = {
    .struct_size = sizeof(mr_port), .name = "in", .doc = "Any record.", .schema = "any"};
static const mr_port *const inputs[] = {&in};

const mr_operator conform_record = {
    .struct_size = sizeof(mr_operator),
    .kind = MR_KIND_SINK,
    .flags = MR_OP_BLOCKS,
    .id = "conform.record",
    .version = "1.0.0",
    .title = "Writes down what came",
    .description = "Writes 32 bytes per record: its head, and a hash of its payload. `millrace "
                   "plugin check` compares them.",
    .example = "{ use: conform.record, from: work, with: { path: records.bin } }",
    .params = params,
    .inputs = inputs,
    .param_count = 1,
    .input_count = 1,
    .max_parallelism = 1,
    .create = record_create,
    .destroy = record_destroy,
    .start = record_start,
    .stop = record_stop,
    .process = record_process,
    .extension = record_extension};
