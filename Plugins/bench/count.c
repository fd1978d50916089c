// SPDX-License-Identifier: Apache-2.0
// `bench.count`: counts records per key in a table of its own, to measure an exchange by key with
// as little else as can be.
//
// Open addressing with linear probing; the key hash of the record is the place to begin at. Entries
// hold the key's bytes by their position in `names`. At three quarters the table doubles.
#include "bench.h"

typedef struct {
  uint64_t hash;
  uint64_t count; /* 0: free */
  uint64_t name;  /* where its bytes begin in `names` */
  uint64_t size;
} entry;

typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  mr_out *out;
  uint32_t schema;
  uint32_t emits;
  entry *entries;
  uint64_t room; /* a power of two */
  uint64_t used;
  uint64_t emitted; /* entries that stop is done with */
  uint8_t *names;
  uint64_t names_used, names_room;
} counter;

static void count_destroy(void *instance) {
  counter *op = instance;
  free(op->entries);
  free(op->names);
  free(op);
}

static mr_status count_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                              const mr_config *config, void **instance) {
  (void)self;
  uint32_t emits = 0;
  mr_status status = config->get_bool(config, "/emit", &emits);
  if (status != MR_OK)
    return status;
  counter *op = calloc(1, sizeof *op);
  if (op == NULL)
    return bench_no_memory(host, ctx);
  op->host = host;
  op->ctx = ctx;
  op->emits = emits;
  op->room = 4096;
  op->entries = calloc(op->room, sizeof *op->entries);
  if (op->entries == NULL) {
    count_destroy(op);
    return bench_no_memory(host, ctx);
  }
  *instance = op;
  return MR_OK;
}

static mr_status count_start(void *instance, const mr_start *info) {
  counter *op = instance;
  op->out = info->out[0];
  op->schema = info->out_schema[0];
  return MR_OK;
}

static int grow(counter *op) {
  uint64_t room = op->room * 2;
  entry *entries = calloc(room, sizeof *entries);
  if (entries == NULL)
    return 0;
  for (uint64_t i = 0; i < op->room; i++) {
    if (op->entries[i].count == 0)
      continue;
    uint64_t at = op->entries[i].hash & (room - 1);
    while (entries[at].count != 0)
      at = (at + 1) & (room - 1);
    entries[at] = op->entries[i];
  }
  free(op->entries);
  op->entries = entries;
  op->room = room;
  return 1;
}

/* A free entry becomes that of a new key. 0: no memory. */
static int add(counter *op, uint64_t at, const mr_record *record, const uint8_t *key) {
  if (op->names_room - op->names_used < record->key_length) {
    uint64_t room = 2 * op->names_room + record->key_length + 4096;
    uint8_t *names = realloc(op->names, room);
    if (names == NULL)
      return 0;
    op->names = names;
    op->names_room = room;
  }
  op->entries[at] = (entry){record->key_hash, 1, op->names_used, record->key_length};
  if (record->key_length > 0)
    memcpy(op->names + op->names_used, key, record->key_length);
  op->names_used += record->key_length;
  op->used++;
  return op->used * 4 < op->room * 3 || grow(op);
}

static int count_one(counter *op, const mr_record *record, const uint8_t *key) {
  uint64_t at = record->key_hash & (op->room - 1);
  for (;; at = (at + 1) & (op->room - 1)) {
    entry *found = &op->entries[at];
    if (found->count == 0)
      return add(op, at, record, key);
    if (found->hash == record->key_hash && found->size == record->key_length &&
        (found->size == 0 || memcmp(op->names + found->name, key, found->size) == 0)) {
      found->count++;
      return 1;
    }
  }
}

static mr_status count_process(void *instance, const mr_batch *batch, mr_work *work) {
  counter *op = instance;
  (void)work;
  for (uint32_t i = 0; i < batch->count; i++) {
    const mr_record *record = mr_at(batch, i);
    mr_prefetch(batch, i + 8);
    if (!count_one(op, record, mr_payload(batch, record)))
      return bench_no_memory(op->host, op->ctx);
  }
  return MR_OK;
}

static mr_status emit(const counter *op, const entry *entry) {
  char digits[24];
  uint32_t length =
      (uint32_t)snprintf(digits, sizeof digits, "%llu", (unsigned long long)entry->count);
  uint8_t *payload = mr_reserve(op->out, (uint32_t)entry->size + length);
  if (payload == NULL)
    return op->out->status;
  memcpy(payload, op->names + entry->name, entry->size);
  memcpy(payload + entry->size, digits, length);
  mr_record head = {.length = (uint32_t)entry->size + length,
                    .key_length = (uint16_t)entry->size,
                    .event_time = MR_TIME_NONE,
                    .key_hash = entry->hash,
                    .schema = op->schema};
  mr_commit(op->out, &head);
  return MR_OK;
}

static mr_status count_stop(void *instance) {
  counter *op = instance;
  for (; op->emits && op->emitted < op->room; op->emitted++) {
    mr_status status = MR_OK;
    if (op->entries[op->emitted].count > 0)
      status = emit(op, &op->entries[op->emitted]);
    if (status != MR_OK)
      return status;
  }
  return MR_OK;
}

static const mr_param emits = {.struct_size = sizeof(mr_param),
                               .type = MR_P_BOOL,
                               .name = "emit",
                               .doc = "Emit the counts when the input has ended.",
                               .default_value = "false"};
static const mr_param *const params[] = {&emits};

static const mr_port in = {
    .struct_size = sizeof(mr_port), .name = "in", .doc = "Records with a key.", .schema = "any"};
static const mr_port out = {.struct_size = sizeof(mr_port),
                            .flags = MR_PORT_OPTIONAL,
                            .name = "out",
                            .doc = "Each key with its count in decimal digits, in no order.",
                            .schema = "text"};
static const mr_port *const inputs[] = {&in}, *const outputs[] = {&out};

const mr_operator bench_count = {
    .struct_size = sizeof(mr_operator),
    .kind = MR_KIND_TRANSFORM,
    .flags = MR_OP_DETERMINISTIC | MR_OP_RESUMABLE,
    .id = "bench.count",
    .version = "1.0.0",
    .title = "Count for measuring",
    .description = "Counts records per key in memory of its own. For measuring; `count` is the "
                   "operator to use.",
    .example = "{ use: bench.count, from: { node: source, partition: hash } }",
    .params = params,
    .inputs = inputs,
    .outputs = outputs,
    .param_count = 1,
    .input_count = 1,
    .output_count = 1,
    .create = count_create,
    .destroy = count_destroy,
    .start = count_start,
    .stop = count_stop,
    .process = count_process,
    .extension = bench_no_extension};
