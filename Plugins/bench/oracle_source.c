// SPDX-License-Identifier: Apache-2.0
#include "oracle.h"

typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  mr_out *out;
  uint32_t schema;
  uint32_t step; /* parallelism */
  uint64_t count, keys;
  uint64_t first;         /* the smallest key of this instance */
  uint64_t key, sequence; /* of the next record */
  uint64_t *hash;         /* of each key */
} source;

static void source_destroy(void *instance) {
  free(((source *)instance)->hash);
  free(instance);
}

static mr_status source_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                               const mr_config *config, void **instance) {
  (void)self;
  uint64_t count = 0, keys = 0;
  mr_status status = bench_number(config, "/count", &count);
  if (status == MR_OK)
    status = bench_number(config, "/keys", &keys);
  if (status != MR_OK)
    return status;
  source *op = calloc(1, sizeof *op);
  if (op == NULL)
    return bench_no_memory(host, ctx);
  op->host = host;
  op->ctx = ctx;
  op->count = count;
  op->keys = keys;
  op->hash = malloc(keys * sizeof *op->hash);
  if (op->hash == NULL) {
    source_destroy(op);
    return bench_no_memory(host, ctx);
  }
  for (uint64_t key = 0; key < keys; key++)
    op->hash[key] = host->hash(&key, sizeof key);
  *instance = op;
  return MR_OK;
}

static mr_status source_start(void *instance, const mr_start *info) {
  source *op = instance;
  op->out = info->out[0];
  op->schema = info->out_schema[0];
  op->step = info->parallelism;
  op->first = op->key = info->instance;
  return MR_OK;
}

static int at_end(const source *op) {
  return op->first >= op->keys || op->sequence * op->keys + op->key >= op->count;
}

static mr_status source_poll(void *instance, mr_poll *poll, mr_work *work) {
  source *op = instance;
  (void)work;
  mr_record head = {
      .length = ORACLE_BYTES, .key_length = 8, .event_time = MR_TIME_NONE, .schema = op->schema};
  for (uint32_t i = 0; i < poll->credit; i++) {
    if (at_end(op))
      return MR_DONE;
    uint8_t *to = mr_reserve(op->out, ORACLE_BYTES);
    if (to == NULL)
      return op->out->status;
    oracle_payload payload = {op->key, op->sequence, op->sequence * op->keys + op->key};
    memcpy(to, &payload, sizeof payload);
    head.key_hash = op->hash[op->key];
    mr_commit(op->out, &head);
    op->key += op->step;
    if (op->key >= op->keys) {
      op->key = op->first;
      op->sequence++;
    }
  }
  return MR_OK;
}

static const mr_source reading = {
    .struct_size = sizeof(mr_source), .flags = MR_SOURCE_OFFSET, .poll = source_poll};

static const void *source_extension(const mr_operator *self, const char *id) {
  (void)self;
  return strcmp(id, MR_EXT_SOURCE) == 0 ? &reading : NULL;
}

const mr_param oracle_count = {.struct_size = sizeof(mr_param),
                               .type = MR_P_INT,
                               .flags = MR_PARAM_REQUIRED,
                               .name = "count",
                               .doc = "How many records there are, over all tasks.",
                               .example = "1000000",
                               .minimum = "0"};
const mr_param oracle_keys = {.struct_size = sizeof(mr_param),
                              .type = MR_P_INT,
                              .name = "keys",
                              .doc = "How many keys they have. Source and sink say the same.",
                              .default_value = "1000",
                              .minimum = "1",
                              .maximum = "1000000"};
static const mr_param *const params[] = {&oracle_count, &oracle_keys};

static const mr_port out = {.struct_size = sizeof(mr_port),
                            .name = "out",
                            .doc = "Key, its sequence, and the number of the record.",
                            .schema = "bytes"};
static const mr_port *const outputs[] = {&out};

const mr_operator oracle_source = {
    .struct_size = sizeof(mr_operator),
    .kind = MR_KIND_SOURCE,
    .flags = MR_OP_DETERMINISTIC | MR_OP_RESUMABLE,
    .id = "oracle.source",
    .version = "1.0.0",
    .title = "Sequence oracle, source",
    .description = "Emits numbered records. `oracle.sink` knows what has to arrive.",
    .example = "{ use: oracle.source, with: { count: 1000000 } }",
    .params = params,
    .outputs = outputs,
    .param_count = 2,
    .output_count = 1,
    .create = source_create,
    .destroy = source_destroy,
    .start = source_start,
    .extension = source_extension};
