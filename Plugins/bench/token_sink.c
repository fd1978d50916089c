// SPDX-License-Identifier: Apache-2.0
// `bench.token.sink`: takes the token, measures how long it was away and gives it back.
#include "token.h"

typedef struct {
  token_channel *channel;
  const mr_host_metrics *metrics;
  mr_histogram *roundtrip; /* NULL where the host keeps none */
} token_sink;

static mr_status sink_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                             const mr_config *config, void **instance) {
  (void)self;
  uint64_t number = 0;
  mr_status status = bench_number(config, "/channel", &number);
  if (status != MR_OK)
    return status;
  token_sink *op = calloc(1, sizeof *op);
  if (op == NULL)
    return bench_no_memory(host, ctx);
  op->channel = token_join_sink(number);
  if (op->channel == NULL) {
    free(op);
    return bench_fail(host, ctx, MR_E_CONFIG, "channel %llu has a sink already: choose another one",
                      (unsigned long long)number);
  }
  op->metrics = host->extension(host, MR_EXT_METRICS);
  if (op->metrics != NULL)
    op->roundtrip =
        op->metrics->histogram(ctx, "roundtrip", "ns", "time of the token there and back");
  *instance = op;
  return MR_OK;
}

static void sink_destroy(void *instance) {
  token_leave_sink(((token_sink *)instance)->channel);
  free(instance);
}

static mr_status sink_start(void *instance, const mr_start *info) {
  (void)instance;
  (void)info;
  return MR_OK;
}

static mr_status sink_process(void *instance, const mr_batch *batch, mr_work *work) {
  token_sink *op = instance;
  int64_t now = token_now();
  for (uint32_t i = 0; i < batch->count; i++) {
    const mr_record *record = mr_at(batch, i);
    int64_t left;
    if (mr_value_size(record) < sizeof left) {
      work->bad = i;
      return MR_E_DATA;
    }
    memcpy(&left, mr_value(batch, record), sizeof left);
    if (op->roundtrip != NULL)
      op->metrics->observe(op->roundtrip, (uint64_t)(now - left));
  }
  if (batch->count > 0)
    token_give_back(op->channel, now);
  return MR_OK;
}

static const mr_param channel = {.struct_size = sizeof(mr_param),
                                 .type = MR_P_INT,
                                 .name = "channel",
                                 .doc = "The token's number: a source and a sink share one.",
                                 .default_value = "0",
                                 .minimum = "0",
                                 .maximum = "63"};
static const mr_param *const params[] = {&channel};

static const mr_port in = {.struct_size = sizeof(mr_port),
                           .name = "in",
                           .doc = "The token, as `bench.token.source` sent it.",
                           .schema = "any"};
static const mr_port *const inputs[] = {&in};

const mr_operator bench_token_sink = {.struct_size = sizeof(mr_operator),
                                      .kind = MR_KIND_SINK,
                                      .id = "bench.token.sink",
                                      .version = "1.0.0",
                                      .title = "Token sink",
                                      .description =
                                          "Takes the token of `bench.token.source` and gives it "
                                          "back. The metric `roundtrip` has the times.",
                                      .example = "{ use: bench.token.sink, from: echo }",
                                      .params = params,
                                      .inputs = inputs,
                                      .param_count = 1,
                                      .input_count = 1,
                                      .max_parallelism = 1,
                                      .create = sink_create,
                                      .destroy = sink_destroy,
                                      .start = sink_start,
                                      .process = sink_process,
                                      .extension = bench_no_extension};
