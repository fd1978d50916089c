// SPDX-License-Identifier: Apache-2.0
// `fail.sink`: takes records, forgets them, and misbehaves in one of the calls that a sink in two
// phases has. What it would have written nobody sees, so its tokens are empty.
#include "fail.h"

static mr_status sink_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                             const mr_config *config, void **instance) {
  (void)self;
  fault *op = NULL;
  mr_status status = fault_create(host, ctx, config, &op);
  if (status == MR_OK)
    *instance = op;
  return status;
}

static mr_status sink_start(void *instance, const mr_start *info) {
  (void)instance;
  (void)info;
  return MR_OK;
}

static mr_status sink_process(void *instance, const mr_batch *batch, mr_work *work) {
  fault *op = instance;
  uint32_t at;
  if (fault_finds(op, batch, &at)) {
    mr_status status = fault_misbehave(op);
    if (op->how == HOW_DATA) {
      fault_passed(op, batch, at + 1);
      work->bad = at;
    }
    if (status != MR_OK)
      return status;
  }
  fault_passed(op, batch, batch->count);
  return MR_OK;
}

static mr_status sink_stop(void *instance) { return fault_call(instance, CALL_STOP); }

static mr_status sink_open(void *instance, const mr_sink_writer *who) {
  (void)who;
  return fault_call(instance, CALL_OPEN);
}

static mr_status sink_fence(void *instance) { return fault_call(instance, CALL_FENCE); }

static mr_status sink_prepare(void *instance, uint64_t epoch, mr_writer *token) {
  (void)epoch;
  (void)token;
  return fault_call(instance, CALL_PREPARE);
}

/* Calls of the background do not overlap each other, and the fault of this one is its own. */
static mr_commit_result sink_commit(void *instance, const mr_committable *c) {
  (void)c;
  switch (fault_call(instance, CALL_COMMIT)) {
  case MR_OK:
    return MR_COMMITTED;
  case MR_E_TRANSIENT:
  case MR_E_UNAVAILABLE:
    return MR_COMMIT_RETRY;
  case MR_E_DATA:
    return MR_COMMIT_REFUSED;
  case MR_E_INTERNAL:
  case MR_E_PANIC:
    return MR_COMMIT_LOST;
  default:
    return (mr_commit_result)77;
  }
}

static mr_status sink_abort(void *instance, const mr_committable *c) {
  (void)c;
  return fault_call(instance, CALL_ABORT);
}

static const mr_sink phases = {.struct_size = sizeof(mr_sink),
                               .open = sink_open,
                               .fence = sink_fence,
                               .prepare = sink_prepare,
                               .commit = sink_commit,
                               .abort = sink_abort};

static const void *sink_extension(const mr_operator *self, const char *id) {
  (void)self;
  if (strcmp(id, MR_EXT_SINK) == 0)
    return &phases;
  return strcmp(id, MR_EXT_STATE) == 0 ? &fault_state : NULL;
}

static const mr_port in = {
    .struct_size = sizeof(mr_port), .name = "in", .doc = "Any record.", .schema = "any"};
static const mr_port *const inputs[] = {&in};

const mr_operator fail_sink = {
    .struct_size = sizeof(mr_operator),
    .kind = MR_KIND_SINK,
    .id = "fail.sink",
    .version = "1.0.0",
    .title = "Fail, sink",
    .description = "Takes records and misbehaves at one of them, or at a step of a checkpoint. For "
                   "seeing what a job does when a sink fails.",
    .example = "{ use: fail.sink, from: source, with: { how: segv, call: commit, after: 3 } }",
    .params = fault_sink_params,
    .inputs = inputs,
    .param_count = FAULT_PARAMS,
    .input_count = 1,
    .state_version = 1,
    .create = sink_create,
    .destroy = fault_destroy,
    .start = sink_start,
    .stop = sink_stop,
    .process = sink_process,
    .extension = sink_extension};
