// SPDX-License-Identifier: Apache-2.0
// `json.encode`: from JSON to text, without the white space between tokens, so each value is one
// line.
#include "basic.h"
#include <millrace/draft/json.h>

typedef struct {
  const mr_host_json *json;
  mr_out *out;
  uint32_t schema;
} encoder;

static void encode_destroy(void *instance) { free(instance); }

static mr_status encode_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                               const mr_config *config, void **instance) {
  (void)self;
  (void)config;
  const mr_host_json *json = basic_service(host, ctx, MR_EXT_JSON);
  if (json == NULL)
    return MR_E_UNSUPPORTED;
  encoder *op = calloc(1, sizeof *op);
  if (op == NULL)
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  op->json = json;
  *instance = op;
  return MR_OK;
}

static mr_status encode_start(void *instance, const mr_start *info) {
  encoder *op = instance;
  op->out = info->out[0];
  op->schema = info->out_schema[0];
  return MR_OK;
}

static mr_status encode_process(void *instance, const mr_batch *batch, mr_work *work) {
  encoder *op = instance;
  for (uint32_t i = 0; i < batch->count; i++) {
    const mr_record *record = mr_at(batch, i);
    const uint8_t *payload = mr_payload(batch, record);
    uint32_t key = record->key_length;
    mr_prefetch(batch, i + 4);
    uint8_t *to = mr_reserve(op->out, record->length);
    if (to == NULL) {
      work->consumed = i;
      return op->out->status;
    }
    memcpy(to, payload, key);
    mr_record head = *record;
    head.flags &= MR_REC_USER;
    head.schema = op->schema;
    head.length = key + (uint32_t)op->json->compact(payload + key, mr_value_size(record), to + key);
    mr_commit(op->out, &head);
  }
  return MR_OK;
}

static const mr_port in = {
    .struct_size = sizeof(mr_port), .name = "in", .doc = "JSON values.", .schema = "json"};
static const mr_port out = {.struct_size = sizeof(mr_port),
                            .name = "out",
                            .doc = "The same values with their keys, each on one line.",
                            .schema = "text",
                            .max_records_per_input = 1,
                            .max_times_input = 1};
static const mr_port *const inputs[] = {&in}, *const outputs[] = {&out};

const mr_operator basic_json_encode = {
    .struct_size = sizeof(mr_operator),
    .kind = MR_KIND_TRANSFORM,
    .flags = MR_OP_STATELESS | MR_OP_DETERMINISTIC,
    .id = "json.encode",
    .version = "1.0.0",
    .title = "Encode JSON",
    .description = "Writes JSON values as text, one line each: white space between tokens is left "
                   "out. Numbers, texts and the order of members stay as they are written.",
    .example = "{ use: json.encode, from: orders }",
    .inputs = inputs,
    .outputs = outputs,
    .input_count = 1,
    .output_count = 1,
    .create = encode_create,
    .destroy = encode_destroy,
    .start = encode_start,
    .process = encode_process,
    .extension = basic_no_extension};
