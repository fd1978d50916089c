// SPDX-License-Identifier: Apache-2.0
// `oracle.sink`: every key's records come in the order of their sequence, each once, and none is
// missing at the end. A key belongs to one sink task.
//
// The tasks of a sink add up what they saw, per channel; the last one to stop compares the sum.
#include "oracle.h"
#include <pthread.h>

#define CHANNELS 64

typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  uint64_t count, keys, channel;
  uint64_t seen;
  uint64_t *expected; /* sequence that comes next, per key */
  uint32_t tasks;
} sink;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
  uint64_t seen;
  uint32_t stopped;
} totals[CHANNELS]; /* guarded by lock */

static void sink_destroy(void *instance) {
  free(((sink *)instance)->expected);
  free(instance);
}

static mr_status sink_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                             const mr_config *config, void **instance) {
  (void)self;
  uint64_t count = 0, keys = 0, channel = 0;
  mr_status status = bench_number(config, "/count", &count);
  if (status == MR_OK)
    status = bench_number(config, "/keys", &keys);
  if (status == MR_OK)
    status = bench_number(config, "/channel", &channel);
  if (status != MR_OK)
    return status;
  sink *op = calloc(1, sizeof *op);
  if (op == NULL)
    return bench_no_memory(host, ctx);
  op->host = host;
  op->ctx = ctx;
  op->count = count;
  op->keys = keys;
  op->channel = channel;
  op->expected = calloc(keys, sizeof *op->expected);
  if (op->expected == NULL) {
    sink_destroy(op);
    return bench_no_memory(host, ctx);
  }
  *instance = op;
  return MR_OK;
}

static mr_status sink_start(void *instance, const mr_start *info) {
  sink *op = instance;
  op->tasks = info->parallelism;
  return MR_OK;
}

static mr_status wrong(const sink *op, const oracle_payload *found) {
  uint64_t expected = op->expected[found->key];
  return bench_fail(op->host, op->ctx, MR_E_INTERNAL,
                    "key %llu: expected sequence %llu, found %llu (record %llu): %s",
                    (unsigned long long)found->key, (unsigned long long)expected,
                    (unsigned long long)found->sequence, (unsigned long long)found->n,
                    found->sequence < expected ? "repeated or out of order"
                                               : "lost or out of order");
}

static mr_status sink_process(void *instance, const mr_batch *batch, mr_work *work) {
  sink *op = instance;
  (void)work;
  for (uint32_t i = 0; i < batch->count; i++) {
    const mr_record *record = mr_at(batch, i);
    oracle_payload payload;
    mr_prefetch(batch, i + 8);
    if (record->length != ORACLE_BYTES)
      return bench_fail(op->host, op->ctx, MR_E_INTERNAL,
                        "expected a record of %u bytes, found %u: not of oracle.source",
                        ORACLE_BYTES, record->length);
    memcpy(&payload, mr_payload(batch, record), sizeof payload);
    if (payload.key >= op->keys || payload.n != payload.sequence * op->keys + payload.key ||
        payload.n >= op->count)
      return bench_fail(op->host, op->ctx, MR_E_INTERNAL,
                        "record %llu with key %llu and sequence %llu is none of %llu records with "
                        "%llu keys",
                        (unsigned long long)payload.n, (unsigned long long)payload.key,
                        (unsigned long long)payload.sequence, (unsigned long long)op->count,
                        (unsigned long long)op->keys);
    if (payload.sequence != op->expected[payload.key])
      return wrong(op, &payload);
    op->expected[payload.key]++;
    op->seen++;
  }
  return MR_OK;
}

/* Keys that came have to be complete. */
static mr_status check_keys(const sink *op) {
  for (uint64_t key = 0; key < op->keys && key < op->count; key++) {
    uint64_t all = (op->count - key + op->keys - 1) / op->keys;
    if (op->expected[key] != 0 && op->expected[key] != all)
      return bench_fail(op->host, op->ctx, MR_E_INTERNAL,
                        "key %llu: expected %llu records, found %llu: the last ones are lost",
                        (unsigned long long)key, (unsigned long long)all,
                        (unsigned long long)op->expected[key]);
  }
  return MR_OK;
}

static mr_status sink_stop(void *instance) {
  sink *op = instance;
  mr_status status = check_keys(op);
  pthread_mutex_lock(&lock);
  uint64_t seen = totals[op->channel].seen += op->seen;
  int last = ++totals[op->channel].stopped == op->tasks;
  if (last) {
    totals[op->channel].seen = 0;
    totals[op->channel].stopped = 0;
  }
  pthread_mutex_unlock(&lock);
  if (status == MR_OK && last && seen != op->count)
    return bench_fail(op->host, op->ctx, MR_E_INTERNAL, "expected %llu records in all, found %llu",
                      (unsigned long long)op->count, (unsigned long long)seen);
  return status;
}

static const mr_param channel = {.struct_size = sizeof(mr_param),
                                 .type = MR_P_INT,
                                 .name = "channel",
                                 .doc = "Which sum to add to, when a topology has several oracles.",
                                 .default_value = "0",
                                 .minimum = "0",
                                 .maximum = "63"};
static const mr_param *const params[] = {&oracle_count, &oracle_keys, &channel};

static const mr_port in = {.struct_size = sizeof(mr_port),
                           .name = "in",
                           .doc = "Records of `oracle.source`, all of a key in one task.",
                           .schema = "any"};
static const mr_port *const inputs[] = {&in};

const mr_operator oracle_sink = {
    .struct_size = sizeof(mr_operator),
    .kind = MR_KIND_SINK,
    .flags = MR_OP_DETERMINISTIC,
    .id = "oracle.sink",
    .version = "1.0.0",
    .title = "Sequence oracle, sink",
    .description = "Fails when a record of `oracle.source` is lost, comes twice or comes before "
                   "an earlier one of its key.",
    .example = "{ use: oracle.sink, from: work, with: { count: 1000000 } }",
    .params = params,
    .inputs = inputs,
    .param_count = 3,
    .input_count = 1,
    .create = sink_create,
    .destroy = sink_destroy,
    .start = sink_start,
    .stop = sink_stop,
    .process = sink_process,
    .extension = bench_no_extension};
