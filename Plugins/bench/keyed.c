// SPDX-License-Identifier: Apache-2.0
// `bench.keyed`: counts records per key in a table that the host keeps, to measure keyed state with
// as little else as can be. One call fetches the entries of a batch and makes those that are
// missing; the counts are raised in place.
#include "bench.h"

typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  const mr_host_keyed_state *keyed;
  mr_kv *entries; /* batch_limit of them */
} keyed;

enum { TABLE = 0 };

static void keyed_destroy(void *instance) {
  keyed *op = instance;
  free(op->entries);
  free(op);
}

static mr_status keyed_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                              const mr_config *config, void **instance) {
  (void)self;
  (void)config;
  const mr_host_keyed_state *service = host->extension(host, MR_EXT_KEYED_STATE);
  if (service == NULL)
    return mr_fail(host, ctx, MR_E_UNSUPPORTED, "the host keeps no keyed state");
  keyed *op = calloc(1, sizeof *op);
  if (op == NULL)
    return bench_no_memory(host, ctx);
  *op = (keyed){host, ctx, service, NULL};
  *instance = op;
  return MR_OK;
}

static mr_status keyed_start(void *instance, const mr_start *info) {
  keyed *op = instance;
  op->entries = malloc(info->batch_limit * sizeof *op->entries);
  return op->entries != NULL ? MR_OK : bench_no_memory(op->host, op->ctx);
}

static mr_status keyed_process(void *instance, const mr_batch *batch, mr_work *work) {
  keyed *op = instance;
  uint32_t count = 0;
  for (; count < batch->count; count++) {
    const mr_record *record = mr_at(batch, count);
    mr_prefetch(batch, count + 4);
    if (record->flags & MR_REC_UNKEYED)
      break;
    mr_str key = {(const char *)mr_payload(batch, record), record->key_length};
    op->entries[count] = (mr_kv){.key_hash = record->key_hash, .key = key};
  }
  mr_status status = op->keyed->edit(op->ctx, TABLE, op->entries, count);
  if (status != MR_OK)
    return mr_fail(op->host, op->ctx, status, "the keys of a batch cannot be looked up");
  for (uint32_t i = 0; i < count; i++)
    ++*(uint64_t *)mr_kv_memory(&op->entries[i]);
  if (count == batch->count)
    return MR_OK;
  work->bad = count;
  return mr_fail(op->host, op->ctx, MR_E_DATA, "a record has no key");
}

static const mr_table counts = {.struct_size = sizeof(mr_table),
                                .name = "counts",
                                .doc = "Records of each key, in the order of the machine.",
                                .version = 1,
                                .value_size = sizeof(uint64_t)};
static const mr_table *const tables[] = {&counts};
static const mr_keyed_state state = {
    .struct_size = sizeof(mr_keyed_state), .table_count = 1, .tables = tables};

static const void *keyed_extension(const mr_operator *self, const char *id) {
  (void)self;
  return strcmp(id, MR_EXT_KEYED_STATE) == 0 ? &state : NULL;
}

static const mr_port in = {
    .struct_size = sizeof(mr_port), .name = "in", .doc = "Records with a key.", .schema = "any"};
static const mr_port *const inputs[] = {&in};

const mr_operator bench_keyed = {
    .struct_size = sizeof(mr_operator),
    .kind = MR_KIND_SINK,
    .flags = MR_OP_DETERMINISTIC,
    .id = "bench.keyed",
    .version = "1.0.0",
    .title = "Keyed state for measuring",
    .description = "Counts records per key in keyed state of the host. For measuring; `count` is "
                   "the operator to use.",
    .example = "{ use: bench.keyed, from: { node: source, partition: hash } }",
    .inputs = inputs,
    .input_count = 1,
    .create = keyed_create,
    .destroy = keyed_destroy,
    .start = keyed_start,
    .process = keyed_process,
    .extension = keyed_extension};
