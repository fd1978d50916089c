// SPDX-License-Identifier: Apache-2.0
// `bench.token.source`: sends the token when it has it. Cycles are refused in a topology, so the
// way back is memory that source and sink share, and the sink wakes the source.
#include "token.h"
#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define SECOND INT64_C(1000000000)

typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  mr_out *out;
  token_channel *channel;
  uint32_t schema;
  int timer;      /* -1: no interval */
  uint64_t count; /* 0: no end */
  uint64_t sent;
  int64_t interval; /* ns between the token's return and its next leave */
} token_source;

static void source_destroy(void *instance) {
  token_source *op = instance;
  if (op->channel != NULL)
    token_leave_source(op->channel);
  if (op->timer >= 0)
    close(op->timer);
  free(op);
}

static mr_status read_parameters(token_source *op, const mr_config *config) {
  uint64_t channel = 0, interval = 0;
  mr_status status = bench_number(config, "/channel", &channel);
  if (status == MR_OK)
    status = bench_number(config, "/count", &op->count);
  if (status == MR_OK)
    status = bench_number(config, "/interval", &interval);
  if (status != MR_OK)
    return status;
  op->interval = (int64_t)interval;
  op->channel = token_join_source(channel, op->host, op->ctx);
  if (op->channel == NULL)
    return bench_fail(op->host, op->ctx, MR_E_CONFIG,
                      "channel %llu has a source already: choose another one",
                      (unsigned long long)channel);
  if (interval == 0)
    return MR_OK;
  op->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (op->timer < 0)
    return bench_fail(op->host, op->ctx, MR_E_NOMEM, "no timer for `interval`: %s",
                      strerror(errno));
  return MR_OK;
}

static mr_status source_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                               const mr_config *config, void **instance) {
  (void)self;
  token_source *op = calloc(1, sizeof *op);
  if (op == NULL)
    return bench_no_memory(host, ctx);
  op->host = host;
  op->ctx = ctx;
  op->timer = -1;
  mr_status status = read_parameters(op, config);
  if (status != MR_OK) {
    source_destroy(op);
    return status;
  }
  *instance = op;
  return MR_OK;
}

static mr_status source_start(void *instance, const mr_start *info) {
  token_source *op = instance;
  op->out = info->out[0];
  op->schema = info->out_schema[0];
  return MR_OK;
}

/* Is it too early? Then the timer is set. */
static int waits(token_source *op) {
  int64_t at = op->channel->returned + op->interval;
  if (op->timer < 0 || op->sent == 0 || token_now() >= at)
    return 0;
  struct itimerspec when = {.it_value = {.tv_sec = at / SECOND, .tv_nsec = at % SECOND}};
  timerfd_settime(op->timer, TFD_TIMER_ABSTIME, &when, NULL);
  return 1;
}

static mr_status source_poll(void *instance, mr_poll *poll, mr_work *work) {
  token_source *op = instance;
  (void)work;
  if (poll->credit == 0)
    return MR_OK;
  if (!__atomic_load_n(&op->channel->here, __ATOMIC_ACQUIRE))
    return MR_AGAIN;
  if (op->count > 0 && op->sent == op->count)
    return MR_DONE;
  if (waits(op))
    return MR_AGAIN;
  uint8_t *payload = mr_reserve(op->out, TOKEN_BYTES);
  if (payload == NULL)
    return op->out->status;
  memset(payload, 0, TOKEN_BYTES);
  memcpy(payload + 8, &op->sent, 8);
  op->sent++;
  __atomic_store_n(&op->channel->here, 0, __ATOMIC_RELEASE);
  int64_t now = token_now();
  memcpy(payload, &now, 8);
  mr_record head = {.length = TOKEN_BYTES,
                    .flags = MR_REC_UNKEYED,
                    .event_time = MR_TIME_NONE,
                    .schema = op->schema};
  mr_commit(op->out, &head);
  return MR_AGAIN; /* nothing to do until the sink wakes us */
}

static uint32_t source_descriptors(void *instance, int32_t *files, uint32_t capacity) {
  token_source *op = instance;
  if (op->timer < 0 || capacity == 0)
    return 0;
  files[0] = op->timer;
  return 1;
}

static const mr_source reading = {
    .struct_size = sizeof(mr_source), .poll = source_poll, .descriptors = source_descriptors};

static const void *source_extension(const mr_operator *self, const char *id) {
  (void)self;
  return strcmp(id, MR_EXT_SOURCE) == 0 ? &reading : NULL;
}

static const mr_param channel = {.struct_size = sizeof(mr_param),
                                 .type = MR_P_INT,
                                 .name = "channel",
                                 .doc = "The token's number: a source and a sink share one.",
                                 .default_value = "0",
                                 .minimum = "0",
                                 .maximum = "63"};
static const mr_param count = {.struct_size = sizeof(mr_param),
                               .type = MR_P_INT,
                               .name = "count",
                               .doc = "How many round trips. 0: no end.",
                               .default_value = "0",
                               .minimum = "0"};
static const mr_param interval = {
    .struct_size = sizeof(mr_param),
    .type = MR_P_DURATION,
    .name = "interval",
    .doc = "How long the token rests before it leaves again, so that both ends fall asleep.",
    .default_value = "0s",
    .minimum = "0s"};
static const mr_param *const params[] = {&channel, &count, &interval};

static const mr_port out = {.struct_size = sizeof(mr_port),
                            .name = "out",
                            .doc = "The token, 100 bytes that begin with the time it left.",
                            .schema = "bytes"};
static const mr_port *const outputs[] = {&out};

const mr_operator bench_token_source = {
    .struct_size = sizeof(mr_operator),
    .kind = MR_KIND_SOURCE,
    .flags = MR_OP_RESUMABLE,
    .id = "bench.token.source",
    .version = "1.0.0",
    .title = "Token source",
    .description = "Sends one record and waits until `bench.token.sink` has got it. Measures the "
                   "time there and back.",
    .example = "{ use: bench.token.source }",
    .params = params,
    .outputs = outputs,
    .param_count = 3,
    .output_count = 1,
    .max_parallelism = 1,
    .create = source_create,
    .destroy = source_destroy,
    .start = source_start,
    .extension = source_extension};
