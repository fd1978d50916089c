// SPDX-License-Identifier: Apache-2.0
// `oracle.source`. Its position, 8 bytes each: the number of tasks; key and sequence of the record
// that comes next. Any task can go on with it: which keys are its own follows from the key.
#include "oracle.h"

#include "../shared/packing.h"

typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  mr_out *out;
  uint32_t schema;
  uint32_t step;     /* parallelism */
  uint64_t restored; /* parallelism when `key` and `sequence` were saved; 0: they were not */
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
  if (op->restored != 0 && op->restored != op->step)
    return bench_fail(op->host, op->ctx, MR_E_STATE,
                      "the saved position is that of %llu tasks, and there are %u now",
                      (unsigned long long)op->restored, op->step);
  if (op->restored == 0)
    op->key = info->instance;
  op->first = op->key % op->step;
  return MR_OK;
}

static mr_status source_save(void *instance, uint64_t epoch, mr_writer *writer) {
  const source *op = instance;
  packing packed = {0};
  (void)epoch;
  pack_number(&packed, op->step, 8);
  pack_number(&packed, op->key, 8);
  pack_number(&packed, op->sequence, 8);
  return bench_moved(op->host, op->ctx, pack_send(&packed, writer));
}

static mr_status source_restore(void *instance, const mr_snapshot *info, mr_reader *reader) {
  source *op = instance;
  packing piece = {0};
  (void)info;
  mr_status status = pack_receive(&piece, reader);
  unpacking from = unpack_from(&piece);
  uint64_t tasks = unpack_number(&from, 8);
  op->key = unpack_number(&from, 8);
  op->sequence = unpack_number(&from, 8);
  pack_free(&piece);
  if (status != MR_OK)
    return bench_moved(op->host, op->ctx, status);
  /* A task without keys stands at its number, behind them all. */
  if (from.failed || from.left > 0 || op->restored != 0 || tasks == 0 || tasks > UINT32_MAX ||
      (op->key >= op->keys && op->key >= tasks) || op->sequence > op->count)
    return bench_damaged(op->host, op->ctx);
  op->restored = tasks;
  return MR_OK;
}

static const mr_state state = {
    .struct_size = sizeof(mr_state), .save = source_save, .restore = source_restore};

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
  if (strcmp(id, MR_EXT_SOURCE) == 0)
    return &reading;
  return strcmp(id, MR_EXT_STATE) == 0 ? &state : NULL;
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
    .version = "1.1.0",
    .title = "Sequence oracle, source",
    .description = "Emits numbered records. `oracle.sink` knows what has to arrive.",
    .example = "{ use: oracle.source, with: { count: 1000000 } }",
    .params = params,
    .outputs = outputs,
    .param_count = 2,
    .output_count = 1,
    .state_version = 1,
    .create = source_create,
    .destroy = source_destroy,
    .start = source_start,
    .extension = source_extension};
