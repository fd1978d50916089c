/* SPDX-License-Identifier: Apache-2.0
 * Where records leave and enter an executor: the chains at the two ends of a wire.
 *
 *   export  an operator without output; the wire is one more thing that leaves its chain, behind
 *           the lanes it does not have: barriers, ends, watermarks and stamps go there too
 *   import  a source. What it does next is what the wire has next: a batch, or one control frame,
 *           which then leaves the chain as if it had come by a lane. After its end only barriers
 *           may come */
#include "wire.h"

static mr_status export_process(void *op, const mr_batch *in, mr_work *work) {
  mrr_wire *w = op;
  work->consumed = mrr_wire_write(w, in);
  if (w->broken)
    return MR_E_INVALID;
  return work->consumed == in->count ? MR_OK : MR_AGAIN;
}

static mr_status import_poll(void *op, mr_poll *poll, mr_work *work) {
  const mrr_chain *c = op;
  (void)work;
  return mrr_wire_read(c->import, mrr_task_out(c->members[0], 0), poll->credit);
}

static const mr_operator export_type = {
    .struct_size = sizeof(mr_operator),
    .flags = MR_OP_RESUMABLE | MR_OP_STATELESS,
    .process = export_process,
};
static const mr_operator import_type = {.struct_size = sizeof(mr_operator)};
static const mr_source import_source = {.struct_size = sizeof(mr_source), .poll = import_poll};

void mrr_chain_export(mrr_chain *c, mrr_wire *w) {
  mrr_task_operator(c->members[0], &export_type, NULL, w, MRR_BATCH);
  c->export = w;
}

void mrr_chain_import(mrr_chain *c, mrr_wire *w) {
  mrr_task_operator(c->members[0], &import_type, &import_source, c, MRR_BATCH);
  c->import = w;
}

static uint32_t broken(mrr_chain *c) { return mrr_fail(c, 0, MR_OK, MRR_BROKE_WIRE); }

static uint32_t take_records(mrr_chain *c, int64_t now) {
  uint32_t credit = mrr_credit(c->members[0]);
  if (c->state != MRR_CHAIN_RUNNING) /* behind its end */
    return broken(c);
  if (credit == 0)
    return MRR_STEP_BLOCKED;
  uint32_t r = mrr_call_poll(c, credit, now);
  return c->import->broken ? broken(c) : r;
}

/* What another executor sent. A barrier waits until what came before it has left the chain. */
uint32_t mrr_import_step(mrr_chain *c, int64_t now) {
  uint64_t value = 0;
  if (c->barrier)
    return MRR_STEP_BLOCKED;
  switch (mrr_wire_next(c->import, &value)) {
  case MRR_WIRE_NOTHING:
    return MRR_STEP_NOTHING;
  case MRR_WIRE_RECORDS:
    return take_records(c, now);
  case MRR_CONTROL_WATERMARK:
    mrr_raise_mark(c, (int64_t)value, 0);
    break;
  case MRR_CONTROL_IDLE:
    mrr_raise_mark(c, (int64_t)value, 1);
    break;
  case MRR_CONTROL_STAMP:
    c->stamp = (int64_t)value;
    break;
  case MRR_CONTROL_BARRIER:
    if (value > c->given_up && value > c->members[0]->epoch)
      c->barrier = value;
    break;
  case MRR_CONTROL_END:
    if (c->state != MRR_CHAIN_RUNNING)
      return broken(c);
    c->state = MRR_CHAIN_STOPPING;
    break;
  default:
    return broken(c);
  }
  mrr_wire_pass_control(c->import);
  return MRR_STEP_MOVED;
}
