// SPDX-License-Identifier: Apache-2.0
// `oracle.sink`: every key's records come in the order of their sequence, each once, and none is
// missing at the end. A key belongs to one sink task.
//
// With checkpoints and `effects`, what each epoch brought is written there when it is committed,
// for somebody outside to check: oracle_effects.c. What it expects is saved by key group.
//
// The tasks of a sink add up what they saw, per channel; the last one to stop compares the sum.
#include "oracle_sink.h"
#include <pthread.h>

#define CHANNELS 64

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
  uint64_t seen;
  uint32_t stopped, round;
} totals[CHANNELS]; /* guarded by lock */

/* A task that was counted before its attempt was given up will be counted again. */
static void take_back(const oracle *op) {
  pthread_mutex_lock(&lock);
  if (op->counted && op->round == totals[op->channel].round) {
    totals[op->channel].seen -= op->seen;
    totals[op->channel].stopped--;
  }
  pthread_mutex_unlock(&lock);
}

static void sink_destroy(void *instance) {
  oracle *op = instance;
  take_back(op);
  free(op->expected);
  free(op->before);
  free(op->effects);
  free(op);
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
  oracle *op = calloc(1, sizeof *op);
  if (op == NULL)
    return bench_no_memory(host, ctx);
  op->host = host;
  op->ctx = ctx;
  op->count = count;
  op->keys = keys;
  op->channel = channel;
  op->expected = calloc(keys, sizeof *op->expected);
  op->before = calloc(keys, sizeof *op->before);
  status = op->expected != NULL && op->before != NULL ? oracle_effects_configure(op, config)
                                                      : bench_no_memory(host, ctx);
  if (status != MR_OK) {
    sink_destroy(op);
    return status;
  }
  *instance = op;
  return MR_OK;
}

static mr_status sink_start(void *instance, const mr_start *info) {
  oracle *op = instance;
  op->tasks = info->parallelism;
  memcpy(op->before, op->expected, op->keys * sizeof *op->before);
  return MR_OK;
}

static mr_status wrong(const oracle *op, const oracle_payload *found) {
  uint64_t expected = op->expected[found->key];
  return bench_fail(op->host, op->ctx, MR_E_INTERNAL,
                    "key %llu: expected sequence %llu, found %llu (record %llu): %s",
                    (unsigned long long)found->key, (unsigned long long)expected,
                    (unsigned long long)found->sequence, (unsigned long long)found->n,
                    found->sequence < expected ? "repeated or out of order"
                                               : "lost or out of order");
}

static mr_status sink_process(void *instance, const mr_batch *batch, mr_work *work) {
  oracle *op = instance;
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
static mr_status check_keys(const oracle *op) {
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
  oracle *op = instance;
  mr_status status = check_keys(op);
  pthread_mutex_lock(&lock);
  uint64_t seen = totals[op->channel].seen += op->seen;
  int last = ++totals[op->channel].stopped == op->tasks;
  op->counted = 1;
  op->round = totals[op->channel].round;
  if (last) {
    totals[op->channel].seen = 0;
    totals[op->channel].stopped = 0;
    totals[op->channel].round++;
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
static const mr_param effects = {
    .struct_size = sizeof(mr_param),
    .type = MR_P_STRING,
    .name = "effects",
    .doc = "A folder to write to, with checkpoints: a file for each epoch that brought something, "
           "named by epoch, task and attempt, with a line `key first behind` for each key: "
           "sequences from `first` on, up to and without `behind`.",
    .example = "effects",
    .minimum = "1",
    .maximum = "3000"};
static const mr_param *const params[] = {&oracle_count, &oracle_keys, &channel, &effects};

static const void *sink_extension(const mr_operator *self, const char *id) {
  (void)self;
  if (strcmp(id, MR_EXT_SINK) == 0)
    return &oracle_phases;
  return strcmp(id, MR_EXT_STATE) == 0 ? &oracle_state : NULL;
}

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
    .version = "1.1.0",
    .title = "Sequence oracle, sink",
    .description = "Fails when a record of `oracle.source` is lost, comes twice or comes before "
                   "an earlier one of its key.",
    .example = "{ use: oracle.sink, from: work, with: { count: 1000000 } }",
    .params = params,
    .inputs = inputs,
    .param_count = 4,
    .input_count = 1,
    .state_version = 1,
    .create = sink_create,
    .destroy = sink_destroy,
    .start = sink_start,
    .stop = sink_stop,
    .process = sink_process,
    .extension = sink_extension};
