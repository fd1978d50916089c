// SPDX-License-Identifier: Apache-2.0
// `rate_limit`: no more records than so many in a time. It never waits: what is not due yet stays
// in the lane, and the host is told when to ask again.
//
//   credit   records that may pass now; grows with time, 1 per record that passes is taken off
//   pause    nothing was waiting: what has grown above `burst` is lost
//   waiting  records are held back: nothing is lost when the host asks late, up to LATE
#include "basic.h"

#define SECOND 1e9
#define LATE 0.1          /* seconds of credit; more means that it was not us who held back */
#define SHORT_BURST 0.01  /* seconds of credit after a pause, when nobody says */
#define LONGEST_WAIT 100u /* ms; a task that ends should not be waited for longer */

typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  mr_out *out;
  uint32_t *places; /* 0, 1, 2 … */
  double rate;      /* per second, of this instance */
  double burst;
  double credit;
  int64_t seen; /* when credit was counted last; 0: never */
  int waiting;
} limiter;

static void limit_destroy(void *instance) {
  free(((limiter *)instance)->places);
  free(instance);
}

static mr_status read_parameters(limiter *op, const mr_config *config) {
  int64_t burst = 0;
  mr_status status = config->get_float(config, "/rate", &op->rate);
  if (status == MR_OK && basic_given(config, "/burst"))
    status = config->get_int(config, "/burst", &burst);
  if (status != MR_OK)
    return status;
  if (op->rate <= 0)
    return mr_fail(op->host, op->ctx, MR_E_CONFIG, "rate: expected more than 0");
  op->burst = burst > 0 ? (double)burst : op->rate * SHORT_BURST;
  return MR_OK;
}

static mr_status limit_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                              const mr_config *config, void **instance) {
  (void)self;
  limiter *op = calloc(1, sizeof *op);
  if (op == NULL)
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  op->host = host;
  op->ctx = ctx;
  mr_status status = read_parameters(op, config);
  if (status != MR_OK) {
    limit_destroy(op);
    return status;
  }
  *instance = op;
  return MR_OK;
}

static mr_status limit_start(void *instance, const mr_start *info) {
  limiter *op = instance;
  op->out = info->out[0];
  op->rate /= info->parallelism;
  op->burst /= info->parallelism;
  op->burst = op->burst < 1 ? 1 : op->burst;
  op->credit = op->burst;
  op->places = malloc(info->batch_limit * sizeof *op->places);
  if (op->places == NULL)
    return mr_fail(op->host, op->ctx, MR_E_NOMEM, "out of memory");
  for (uint32_t i = 0; i < info->batch_limit; i++)
    op->places[i] = i;
  return MR_OK;
}

static void count_credit(limiter *op) {
  int64_t now = op->host->now(op->ctx, MR_CLOCK_MONOTONIC);
  double most = op->waiting ? op->burst + op->rate * LATE : op->burst;
  if (op->seen != 0)
    op->credit += (double)(now - op->seen) / SECOND * op->rate;
  op->seen = now;
  op->credit = op->credit < most ? op->credit : most;
}

static mr_status limit_process(void *instance, const mr_batch *batch, mr_work *work) {
  limiter *op = instance;
  count_credit(op);
  uint32_t due = op->credit < batch->count ? (uint32_t)op->credit : batch->count;
  if (due > 0) {
    mr_status status = mr_forward(op->out, batch, op->places, due);
    if (status != MR_OK) {
      work->consumed = 0;
      return status;
    }
  }
  op->credit -= due;
  op->waiting = due < batch->count;
  if (!op->waiting)
    return MR_OK;
  double wait = (1 - op->credit) / op->rate * 1e3 + 1;
  work->retry_ms = wait < LONGEST_WAIT ? (uint32_t)wait : LONGEST_WAIT;
  work->consumed = due;
  return MR_AGAIN;
}

static const mr_param rate = {.struct_size = sizeof(mr_param),
                              .type = MR_P_RATE,
                              .flags = MR_PARAM_REQUIRED,
                              .name = "rate",
                              .doc = "How many records in a time, over all tasks.",
                              .example = "1k/s"};
static const mr_param burst = {
    .struct_size = sizeof(mr_param),
    .type = MR_P_INT,
    .name = "burst",
    .doc = "How many records may pass at once after a pause, over all tasks. Absent: what the rate "
           "gives in 10 ms, and at least one.",
    .example = "100",
    .minimum = "1",
    .maximum = "1000000000"};
static const mr_param *const params[] = {&rate, &burst};

static const mr_port in = {.struct_size = sizeof(mr_port),
                           .name = "in",
                           .doc = "Any record. What has to wait holds back whoever sends it.",
                           .schema = "any"};
static const mr_port out = {.struct_size = sizeof(mr_port),
                            .flags = MR_PORT_FORWARDS,
                            .name = "out",
                            .doc = "The same records in their order, none of them lost.",
                            .schema = "same(in)",
                            .max_records_per_input = 1};
static const mr_port *const inputs[] = {&in}, *const outputs[] = {&out};

const mr_operator basic_rate_limit = {
    .struct_size = sizeof(mr_operator),
    .kind = MR_KIND_TRANSFORM,
    .flags = MR_OP_STATELESS | MR_OP_DETERMINISTIC | MR_OP_RESUMABLE,
    .id = "rate_limit",
    .version = "1.0.0",
    .title = "Rate limit",
    .description = "Passes records on, no more of them than a rate allows.",
    .example = "{ use: rate_limit, from: orders, with: { rate: 1k/s } }",
    .params = params,
    .inputs = inputs,
    .outputs = outputs,
    .param_count = sizeof params / sizeof *params,
    .input_count = 1,
    .output_count = 1,
    .create = limit_create,
    .destroy = limit_destroy,
    .start = limit_start,
    .process = limit_process,
    .extension = basic_no_extension};
