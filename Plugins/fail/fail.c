// SPDX-License-Identifier: Apache-2.0
// `fail`: passes records on, and at the one it was told to misbehaves as it was told to. For seeing
// what a job does when an operator fails, without writing one that does.
#include "fail.h"

static mr_status fail_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                             const mr_config *config, void **instance) {
  (void)self;
  fault *op = NULL;
  mr_status status = fault_create(host, ctx, config, &op);
  if (status == MR_OK)
    *instance = op;
  return status;
}

static mr_status fail_start(void *instance, const mr_start *info) {
  ((fault *)instance)->out = info->out[0];
  return MR_OK;
}

static mr_status pass_on(fault *op, const mr_batch *batch, uint32_t count) {
  uint32_t which[256];
  mr_status status = MR_OK;
  if (count == batch->count && count > 0)
    return mr_forward(op->out, batch, NULL, count);
  for (uint32_t at = 0; at < count && status == MR_OK;) {
    uint32_t n = 0;
    while (n < 256 && at < count)
      which[n++] = at++;
    status = mr_forward(op->out, batch, which, n);
  }
  return status;
}

static mr_status pass_all(fault *op, const mr_batch *batch) {
  mr_status status = pass_on(op, batch, batch->count);
  if (status == MR_OK)
    fault_passed(op, batch, batch->count);
  return status;
}

static mr_status fail_process(void *instance, const mr_batch *batch, mr_work *work) {
  fault *op = instance;
  uint32_t at;
  if (!fault_finds(op, batch, &at))
    return pass_all(op, batch);
  /* Of these, only a refused record keeps what the call has written. */
  if (op->how == HOW_DATA && pass_on(op, batch, at) == MR_OK) {
    fault_passed(op, batch, at + 1);
    work->bad = at;
  }
  mr_status status = fault_misbehave(op);
  if (status != MR_OK || op->how == HOW_OVERRUN)
    return status;
  return pass_all(op, batch);
}

static mr_status fail_stop(void *instance) { return fault_call(instance, CALL_STOP); }

static const void *fail_extension(const mr_operator *self, const char *id) {
  (void)self;
  return strcmp(id, MR_EXT_STATE) == 0 ? &fault_state : NULL;
}

static const mr_port in = {
    .struct_size = sizeof(mr_port), .name = "in", .doc = "Any record.", .schema = "any"};
static const mr_port out = {.struct_size = sizeof(mr_port),
                            .flags = MR_PORT_FORWARDS | MR_PORT_OPTIONAL,
                            .name = "out",
                            .doc = "The records up to there.",
                            .schema = "same(in)",
                            .max_records_per_input = 1};
static const mr_port *const inputs[] = {&in}, *const outputs[] = {&out};

const mr_operator fail_operator = {
    .struct_size = sizeof(mr_operator),
    .kind = MR_KIND_TRANSFORM,
    .id = "fail",
    .version = "1.1.0",
    .title = "Fail",
    .description = "Passes records on and misbehaves at one of them, or at a step of a checkpoint. "
                   "For seeing what a job does "
                   "when an operator fails.",
    .example = "{ use: fail, from: source, with: { how: segv, after: 1000 } }",
    .params = fault_params,
    .inputs = inputs,
    .outputs = outputs,
    .param_count = FAULT_PARAMS,
    .input_count = 1,
    .output_count = 1,
    .state_version = 1,
    .create = fail_create,
    .destroy = fault_destroy,
    .start = fail_start,
    .stop = fail_stop,
    .process = fail_process,
    .extension = fail_extension};
