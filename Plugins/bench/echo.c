// SPDX-License-Identifier: Apache-2.0
// `bench.echo`: copies each record, where `pass` would hand on the one it got.
#include "bench.h"

typedef struct {
  mr_out *out;
} echo;

static mr_status echo_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                             const mr_config *config, void **instance) {
  (void)self;
  (void)config;
  echo *op = calloc(1, sizeof *op);
  if (op == NULL)
    return bench_no_memory(host, ctx);
  *instance = op;
  return MR_OK;
}

static void echo_destroy(void *instance) { free(instance); }

static mr_status echo_start(void *instance, const mr_start *info) {
  ((echo *)instance)->out = info->out[0];
  return MR_OK;
}

static mr_status echo_process(void *instance, const mr_batch *batch, mr_work *work) {
  mr_out *out = ((echo *)instance)->out;
  for (uint32_t i = 0; i < batch->count; i++) {
    const mr_record *record = mr_at(batch, i);
    mr_prefetch(batch, i + 4);
    mr_record head = *record;
    head.flags = (uint16_t)(head.flags & MR_REC_USER);
    mr_status status = mr_emit(out, &head, mr_payload(batch, record));
    if (status != MR_OK) {
      work->consumed = i;
      return status;
    }
  }
  return MR_OK;
}

static const mr_port in = {
    .struct_size = sizeof(mr_port), .name = "in", .doc = "Any record.", .schema = "any"};
static const mr_port out = {.struct_size = sizeof(mr_port),
                            .name = "out",
                            .doc = "A copy of it.",
                            .schema = "same(in)",
                            .max_records_per_input = 1,
                            .max_times_input = 1};
static const mr_port *const inputs[] = {&in}, *const outputs[] = {&out};

const mr_operator bench_echo = {.struct_size = sizeof(mr_operator),
                                .kind = MR_KIND_TRANSFORM,
                                .flags = MR_OP_STATELESS | MR_OP_DETERMINISTIC | MR_OP_RESUMABLE,
                                .id = "bench.echo",
                                .version = "1.0.0",
                                .title = "Echo",
                                .description = "Copies each record. For measuring what a copy "
                                               "costs.",
                                .example = "{ use: bench.echo, from: source }",
                                .inputs = inputs,
                                .outputs = outputs,
                                .input_count = 1,
                                .output_count = 1,
                                .create = echo_create,
                                .destroy = echo_destroy,
                                .start = echo_start,
                                .process = echo_process,
                                .extension = bench_no_extension};
