// SPDX-License-Identifier: Apache-2.0
// `pass`: everything goes through, without being copied.
#include "basic.h"

typedef struct {
  mr_out *out;
} pass;

static mr_status pass_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                             const mr_config *config, void **instance) {
  (void)self;
  (void)config;
  pass *op = calloc(1, sizeof *op);
  if (op == NULL)
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  *instance = op;
  return MR_OK;
}

static void pass_destroy(void *instance) { free(instance); }

static mr_status pass_start(void *instance, const mr_start *info) {
  ((pass *)instance)->out = info->out[0];
  return MR_OK;
}

static mr_status pass_process(void *instance, const mr_batch *batch, mr_work *work) {
  (void)work;
  if (batch->count == 0)
    return MR_OK;
  return mr_forward(((pass *)instance)->out, batch, NULL, batch->count);
}

static const mr_port in = {
    .struct_size = sizeof(mr_port), .name = "in", .doc = "Any record.", .schema = "any"};
static const mr_port out = {.struct_size = sizeof(mr_port),
                            .flags = MR_PORT_FORWARDS,
                            .name = "out",
                            .doc = "The same records.",
                            .schema = "same(in)",
                            .max_records_per_input = 1};
static const mr_port *const inputs[] = {&in}, *const outputs[] = {&out};

const mr_operator basic_pass = {.struct_size = sizeof(mr_operator),
                                .kind = MR_KIND_TRANSFORM,
                                .flags = MR_OP_STATELESS | MR_OP_DETERMINISTIC,
                                .id = "pass",
                                .version = "1.0.0",
                                .title = "Pass",
                                .description = "Passes records on as they are. A name for a point "
                                               "in a topology, and a way to measure one.",
                                .example = "{ use: pass, from: source }",
                                .inputs = inputs,
                                .outputs = outputs,
                                .input_count = 1,
                                .output_count = 1,
                                .create = pass_create,
                                .destroy = pass_destroy,
                                .start = pass_start,
                                .process = pass_process,
                                .extension = basic_no_extension};
