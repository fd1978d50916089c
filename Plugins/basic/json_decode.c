// SPDX-License-Identifier: Apache-2.0
// `json.decode`: from bytes to JSON. Nothing is converted, as JSON is text: a record that is valid
// goes through as it lies, one that is not is refused with the byte at fault.
#include "basic.h"
#include <millrace/draft/json.h>

typedef struct {
  const mr_host_json *json;
  const mr_host *host;
  mr_ctx *ctx;
  mr_out *out;
  uint32_t *places; /* 0, 1, 2 … */
} decoder;

static void decode_destroy(void *instance) {
  free(((decoder *)instance)->places);
  free(instance);
}

static mr_status decode_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                               const mr_config *config, void **instance) {
  (void)self;
  (void)config;
  const mr_host_json *json = basic_service(host, ctx, MR_EXT_JSON);
  if (json == NULL)
    return MR_E_UNSUPPORTED;
  decoder *op = calloc(1, sizeof *op);
  if (op == NULL)
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  op->json = json;
  op->host = host;
  op->ctx = ctx;
  *instance = op;
  return MR_OK;
}

static mr_status decode_start(void *instance, const mr_start *info) {
  decoder *op = instance;
  op->out = info->out[0];
  op->places = malloc(info->batch_limit * sizeof *op->places);
  if (op->places == NULL)
    return mr_fail(op->host, op->ctx, MR_E_NOMEM, "out of memory");
  for (uint32_t i = 0; i < info->batch_limit; i++)
    op->places[i] = i;
  return MR_OK;
}

static mr_status decode_process(void *instance, const mr_batch *batch, mr_work *work) {
  decoder *op = instance;
  mr_status status = MR_OK;
  uint32_t good = 0;
  for (; good < batch->count; good++) {
    const mr_record *record = mr_at(batch, good);
    mr_prefetch(batch, good + 4);
    status = op->json->check(op->ctx, mr_value(batch, record), mr_value_size(record), NULL);
    if (MR_UNLIKELY(status != MR_OK))
      break;
  }
  work->bad = good;
  mr_status forwarded =
      good > 0 ? mr_forward(op->out, batch, good < batch->count ? op->places : NULL, good) : MR_OK;
  return forwarded != MR_OK ? forwarded : status;
}

static const mr_port in = {.struct_size = sizeof(mr_port),
                           .name = "in",
                           .doc = "One JSON value in each record, white space around it or not.",
                           .schema = "bytes"};
static const mr_port out = {.struct_size = sizeof(mr_port),
                            .flags = MR_PORT_FORWARDS,
                            .name = "out",
                            .doc = "The same records, which are JSON now that it is known.",
                            .schema = "json",
                            .max_records_per_input = 1};
static const mr_port *const inputs[] = {&in}, *const outputs[] = {&out};

const mr_operator basic_json_decode = {
    .struct_size = sizeof(mr_operator),
    .kind = MR_KIND_TRANSFORM,
    .flags = MR_OP_STATELESS | MR_OP_DETERMINISTIC,
    .id = "json.decode",
    .version = "1.0.0",
    .title = "Decode JSON",
    .description = "Lets records through that are JSON, and refuses all others. A record is one "
                   "value as RFC 8259 has it: valid UTF-8, nothing behind it, at most 1024 arrays "
                   "and objects within each other. Nothing is copied.",
    .example = "{ use: json.decode, from: lines }",
    .inputs = inputs,
    .outputs = outputs,
    .input_count = 1,
    .output_count = 1,
    .create = decode_create,
    .destroy = decode_destroy,
    .start = decode_start,
    .process = decode_process,
    .extension = basic_no_extension};
