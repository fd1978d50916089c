/* SPDX-License-Identifier: Apache-2.0
 * The calls that have no input, `poll` and `stop`, and what becomes of their answer (call.c). */
#include "call.h"

/* Outcome of calls without input: poll, stop and those of call_time.c. */
uint32_t mrr_keep_output(mrr_chain *c, uint32_t member, uint32_t *out, int64_t now) {
  mrr_task *t = c->members[member];
  uint32_t broken = mrr_broken_output(t, 0);
  int64_t mark = MR_TIME_NONE;
  if (broken)
    return mrr_fail(c, member, MR_OK, broken);
  if (member == 0 && c->timed && mrr_stamp_output(c, &mark, now))
    return MRR_STEP_ENDED;
  if (MR_UNLIKELY(mrr_flag_relaxed(&t->tapped)))
    mrr_tap_show(c, member, 0, now);
  *out = mrr_place_output(c, t);
  mrr_net_settle(c);
  mrr_publish_output(t);
  mrr_cell_add(&t->cells->calls, 1);
  c->tries = 0;
  if (mark > c->mark)
    mrr_raise_mark(c, mark, 0);
  if (c->state == MRR_CHAIN_FAILED) {
    c->failure.member = member;
    return MRR_STEP_ENDED;
  }
  return MRR_STEP_MOVED;
}

/* `poll` for at most `credit` records. Sets the chain to stopping when the source is done. */
uint32_t mrr_call_poll(mrr_chain *c, uint32_t credit, int64_t now) {
  mrr_task *t = c->members[0];
  mr_poll poll = {sizeof poll, credit, 0, 0, c->mark};
  uint32_t out = 0;
  t->work.retry_ms = 0;
  t->work.deadline = now + MRR_SLICE_NS;
  t->batch.sequence = t->taken;
  t->batch.count = 0;
  for (uint32_t i = 0; i < t->port_count; i++)
    mrr_port_begin(t->ports[i], credit);
  t->box->sequence = t->taken;
  t->box->count = 0;
  mrr_state_begin(c, t, now);
  mrr_call_enter(c->loop, t->box, MRR_CALL_POLL, now);
  mr_status s = t->source->poll(t->op, &poll, &t->work);
  mrr_call_leave(c->loop, t->box);
  mrr_state_end(t, s >= 0);
  if (s == MR_E_TRANSIENT || s == MR_E_UNAVAILABLE) {
    c->poll_off = 1;
    mrr_note_pause(c);
    return mrr_call_retry(c, t, s, now);
  }
  if (s < 0)
    return mrr_fail(c, 0, s, MRR_BROKE_NOTHING);
  if (s > MR_YIELD)
    return mrr_fail(c, 0, s, MRR_BROKE_STATUS);
  int full = 0;
  for (uint32_t i = 0; i < t->port_count; i++)
    full |= t->ports[i]->refused != 0;
  uint32_t r = mrr_keep_output(c, 0, &out, now);
  if (r == MRR_STEP_ENDED)
    return r;
  t->taken += out;
  if (poll.watermark > c->mark)
    mrr_raise_mark(c, poll.watermark, c->idle);
  if (s == MR_DONE) {
    c->state = MRR_CHAIN_STOPPING;
    return MRR_STEP_MOVED;
  }
  c->since_stamp += out;
  int stamps = c->since_stamp >= MRR_STAMP_RECORDS || now - c->stamp_at >= MRR_STAMP_NS;
  if (out && stamps && !c->import) { /* what comes by a wire has its own */
    c->since_stamp = 0;
    c->stamp_at = now;
    c->stamp = now;
  }
  if (s == MR_AGAIN && out < credit)
    t->quiet = !full;
  if (out || full)
    mrr_note_pause(c);
  if (!full && (s == MR_AGAIN || !out)) /* it may wait for its wake from now on */
    mrr_note_silence(c, now);
  return out || s != MR_AGAIN ? MRR_STEP_MOVED : full ? MRR_STEP_BLOCKED : MRR_STEP_NOTHING;
}

/* `stop` of one member. 1 in *done: it need not be called again. */
uint32_t mrr_call_stop(mrr_chain *c, uint32_t member, int64_t now, int *done) {
  mrr_task *t = c->members[member];
  uint32_t out = 0;
  *done = 1;
  if (!t->stop)
    return MRR_STEP_MOVED;
  t->batch.sequence = t->taken;
  t->batch.count = 0;
  mrr_call_begin(t, 0, now);
  t->box->count = 0;
  mrr_state_begin(c, t, now);
  mrr_call_enter(c->loop, t->box, MRR_CALL_STOP, now);
  mr_status s = t->stop(t->op);
  mrr_call_leave(c->loop, t->box);
  mrr_state_end(t, s >= 0);
  *done = s == MR_OK || s == MR_DONE;
  if (s == MR_E_TRANSIENT || s == MR_E_UNAVAILABLE)
    return mrr_call_retry(c, t, s, now);
  if (s < 0)
    return mrr_fail(c, member, s, MRR_BROKE_NOTHING);
  if (s > MR_YIELD)
    return mrr_fail(c, member, s, MRR_BROKE_STATUS);
  uint32_t r = mrr_keep_output(c, member, &out, now);
  if (r != MRR_STEP_ENDED && !*done && !out)
    c->due = now + MRR_AGAIN_NS; /* nothing to say yet: it is not room that is missing */
  return r;
}
