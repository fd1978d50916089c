/* SPDX-License-Identifier: Apache-2.0
 * One call into an operator, and what becomes of its answer.
 *
 *   before   black-box line, windows, batch
 *   answer   OK AGAIN YIELD DONE E_DATA keep the output; every other error drops it
 *   keep     count the output's runs, give up the input's, settle, publish, advance: in this
 *            order a block that is still needed never falls to zero
 *   broken   left its window, consumed more than it was given, or answered what is not allowed:
 *            the instance is not called again
 *
 * The black-box line is plain stores into a shared page; the supervisor reads it after a death. */
#include "layout.h"

static void enter(mrr_loop *l, mrr_box *b, uint32_t call, int64_t now) {
  b->call = call;
  b->call_start = now;
  l->current = b;
  __atomic_store_n(&b->state, MRR_BOX_IN_PLUGIN, __ATOMIC_RELEASE);
}

static void leave(mrr_loop *l, mrr_box *b) {
  __atomic_store_n(&b->state, MRR_BOX_IDLE, __ATOMIC_RELEASE);
  b->calls++;
  l->current = NULL;
}

void mrr_box_enter(mrr_loop *l, mrr_task *t, uint32_t call, int64_t now) {
  enter(l, t->box, call, now);
}

void mrr_box_leave(mrr_loop *l, mrr_task *t) { leave(l, t->box); }

uint32_t mrr_fail(mrr_chain *c, uint32_t member, mr_status status, uint32_t violation) {
  mrr_task *t = c->members[member];
  c->state = MRR_CHAIN_FAILED;
  c->failure.member = member;
  c->failure.status = status;
  c->failure.violation = violation;
  c->failure.sequence = t->batch.sequence;
  c->failure.lane = t->batch.lane;
  c->failure.count = t->batch.count;
  return MRR_STEP_ENDED;
}

static void drop_output(mrr_task *t) {
  for (uint32_t i = 0; i < t->port_count; i++)
    mrr_port_drop(t->ports[i]);
}

/* Somebody should be told, once when it begins and once when it lasts. */
static void note(mrr_chain *c, const mrr_task *t) {
  for (uint32_t m = 0; m < c->member_count; m++)
    if (c->members[m] == t)
      c->noted_member = m;
  if (c->noted)
    return;
  c->noted = 1;
  c->next_noted = c->loop->noted;
  c->loop->noted = c;
}

/* Same call again later: 100 ms doubled up to 30 s, or as the operator says; the spread keeps
 * tasks that failed together from trying together. */
static uint32_t retry(mrr_chain *c, mrr_task *t, mr_status s, int64_t now) {
  drop_output(t);
  uint32_t shift = c->tries < 9 ? c->tries : 9;
  int64_t first = s == MR_E_UNAVAILABLE || c->tries >= 10 ? 1000 : 100;
  int64_t most = first == 1000 ? 60000 : 30000;
  int64_t ms = first << shift < most ? first << shift : most;
  if (t->work.retry_ms)
    ms = t->work.retry_ms;
  int64_t spread = (int64_t)(mrr_host_random(t->ctx) % 400) - 200;
  if (c->tries == 0 || c->tries == 10)
    note(c, t);
  c->tries++;
  c->due = now + ms * (1000 + (t->work.retry_ms ? 0 : spread)) * 1000;
  mrr_cell_add(&t->cells->retries, 1);
  return MRR_STEP_NOTHING;
}

/* What is wrong with the output: MRR_BROKE_*. `most`: records it may have; 0: no bound. */
static uint32_t broken_output(const mrr_task *t, uint64_t most) {
  for (uint32_t i = 0; i < t->port_count; i++) {
    int64_t n = mrr_port_check(t->ports[i]);
    if (n < 0)
      return n == MRR_WINDOW_TOO_LARGE ? MRR_BROKE_STAGING : MRR_BROKE_WINDOW;
    if (most && (uint64_t)n > most)
      return MRR_BROKE_DECLARED;
  }
  return MRR_BROKE_NOTHING;
}

static uint32_t place_output(mrr_chain *c, mrr_task *t) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < t->port_count; i++)
    n += mrr_port_place(t->ports[i], c);
  if (n)
    mrr_cell_add(&t->cells->records_out, n);
  return n;
}

static void publish_output(mrr_task *t) {
  for (uint32_t i = 0; i < t->port_count; i++)
    mrr_port_publish(t->ports[i]);
}

static int staged(const mrr_task *t) {
  for (uint32_t i = 0; i < t->port_count; i++)
    if (t->ports[i]->in_staging)
      return 1;
  return 0;
}

/* An operator with unbounded output gets smaller batches while its output goes to staging, which
 * costs a copy, and larger ones again while it does not. */
static void adapt(mrr_task *t, uint32_t n) {
  if (staged(t))
    t->limit = n > 1 ? n / 2 : 1;
  else if (t->limit < t->batch_limit)
    t->limit += t->limit / 8 + 1;
  if (t->limit > t->batch_limit)
    t->limit = t->batch_limit;
}

static void begin(mrr_task *t, uint32_t n, int64_t now) {
  t->work.consumed = n;
  t->work.bad = 0;
  t->work.retry_ms = 0;
  t->work.deadline = now + MRR_SLICE_NS;
  for (uint32_t i = 0; i < t->port_count; i++)
    mrr_port_begin(t->ports[i], 0);
}

/* Too much output for staging: a stateless operator gets half the records. */
static uint32_t too_large(mrr_chain *c, uint32_t member, uint32_t n) {
  mrr_task *t = c->members[member];
  if (!t->stateless || n == 1)
    return mrr_fail(c, member, MR_E_TOO_LARGE, MRR_BROKE_STAGING);
  drop_output(t);
  t->limit = n / 2;
  return MRR_STEP_MOVED;
}

static void fill_batch(mrr_chain *c, mrr_task *t, const mrr_lane *lane, const mrr_port *up,
                       uint32_t n) {
  mr_batch *b = &t->batch;
  b->count = n;
  b->base = c->arena->base;
  b->index = lane ? lane->ring + (lane->get & lane->mask) : up->scratch + up->head;
  b->sequence = lane ? lane->get : t->taken;
  b->lane = lane ? lane->number : 0;
  b->input = lane ? lane->input : 0;
  b->watermark = lane ? t->watermark : c->mark_sent; /* a newer one may be ahead of the link */
  b->flags = (lane ? lane->tail_seen - lane->get : up->tail - up->head) > n ? MR_BATCH_MORE : 0;
  t->box->sequence = b->sequence;
  t->box->count = n;
  t->box->lane = b->lane;
}

/* What an answer other than MR_OK means. MRR_STEP_MOVED: the output is kept, and *consumed says
 * how much of the input is done. Anything else is the outcome of the call. */
static uint32_t judge(mrr_chain *c, uint32_t member, mr_status s, uint32_t n, uint32_t *consumed,
                      int64_t now) {
  mrr_task *t = c->members[member];
  if (s == MR_E_TRANSIENT || s == MR_E_UNAVAILABLE)
    return retry(c, t, s, now);
  if (s == MR_E_TOO_LARGE && staged(t))
    return too_large(c, member, n);
  if (s < 0 && s != MR_E_DATA)
    return mrr_fail(c, member, s, MRR_BROKE_NOTHING);
  if (s > MR_YIELD || (s != MR_DONE && s > 0 && !t->resumable))
    return mrr_fail(c, member, s, MRR_BROKE_STATUS);
  *consumed = s == MR_E_DATA ? t->work.bad : s == MR_DONE ? n : t->work.consumed;
  if (*consumed > n || (s == MR_E_DATA && *consumed == n))
    return mrr_fail(c, member, s, MRR_BROKE_CONSUMED);
  t->done = s == MR_DONE;
  c->yielded = s == MR_YIELD;
  return MRR_STEP_MOVED;
}

/* Keep the output, give up the first `consumed` records of the input. Returns the records out. */
static uint32_t keep(mrr_chain *c, mrr_task *t, mrr_lane *lane, mrr_port *up, uint32_t consumed) {
  uint32_t out = place_output(c, t);
  if (consumed) {
    if (lane)
      mrr_lane_give_up(lane, consumed, c);
    else
      mrr_scratch_release(up, consumed, c);
  }
  mrr_net_settle(c);
  publish_output(t);
  if (lane && consumed)
    mrr_lane_advance(lane, consumed);
  t->taken += consumed;
  mrr_cell_add(&t->cells->records_in, consumed);
  mrr_cell_add(&t->cells->calls, 1);
  c->tries = 0;
  return out;
}

/* `process` on `n` records of a lane, or of the port before it in the chain. */
uint32_t mrr_call_process(mrr_chain *c, uint32_t member, mrr_lane *lane, mrr_port *up, uint32_t n,
                          int64_t now) {
  mrr_task *t = c->members[member];
  mr_status s = MR_OK;
  uint32_t consumed = n;
  fill_batch(c, t, lane, up, n);
  begin(t, n, now);
  if (MR_LIKELY(!t->done)) {
    enter(c->loop, t->box, MRR_CALL_PROCESS, now);
    s = t->process(t->op, &t->batch, &t->work);
    leave(c->loop, t->box);
  }
  if (MR_UNLIKELY(s != MR_OK)) {
    uint32_t r = judge(c, member, s, n, &consumed, now);
    if (r != MRR_STEP_MOVED || s == MR_E_TOO_LARGE)
      return r;
  }
  uint32_t broken = broken_output(t, (uint64_t)n * t->bound);
  if (broken == MRR_BROKE_STAGING)
    return too_large(c, member, n);
  if (broken)
    return mrr_fail(c, member, MR_OK, broken);
  if (t->port_count)
    adapt(t, n);
  uint32_t out = keep(c, t, lane, up, consumed);
  if (MR_UNLIKELY(c->state == MRR_CHAIN_FAILED)) { /* a partitioner, while placing */
    c->failure.member = member;
    return MRR_STEP_ENDED;
  }
  if (MR_UNLIKELY(s == MR_E_DATA)) {
    c->failure.record = t->work.bad;
    return mrr_fail(c, member, s, MRR_BROKE_NOTHING);
  }
  if (MR_UNLIKELY(s == MR_AGAIN && !consumed && !out)) {
    c->due = now + MRR_AGAIN_NS; /* it waits for something that only it knows */
    return MRR_STEP_BLOCKED;
  }
  return MRR_STEP_MOVED;
}

/* Outcome of poll and stop, which have no input. */
static uint32_t keep_output(mrr_chain *c, uint32_t member, uint32_t *out) {
  mrr_task *t = c->members[member];
  uint32_t broken = broken_output(t, 0);
  if (broken)
    return mrr_fail(c, member, MR_OK, broken);
  *out = place_output(c, t);
  mrr_net_settle(c);
  publish_output(t);
  mrr_cell_add(&t->cells->calls, 1);
  c->tries = 0;
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
  enter(c->loop, t->box, MRR_CALL_POLL, now);
  mr_status s = t->source->poll(t->op, &poll, &t->work);
  leave(c->loop, t->box);
  if (s == MR_E_TRANSIENT || s == MR_E_UNAVAILABLE) {
    c->poll_off = 1;
    return retry(c, t, s, now);
  }
  if (s < 0)
    return mrr_fail(c, 0, s, MRR_BROKE_NOTHING);
  if (s > MR_YIELD)
    return mrr_fail(c, 0, s, MRR_BROKE_STATUS);
  int full = 0;
  for (uint32_t i = 0; i < t->port_count; i++)
    full |= t->ports[i]->refused != 0;
  uint32_t r = keep_output(c, 0, &out);
  if (r == MRR_STEP_ENDED)
    return r;
  t->taken += out;
  if (poll.watermark > c->mark)
    c->mark = poll.watermark;
  if (s == MR_DONE) {
    c->state = MRR_CHAIN_STOPPING;
    return MRR_STEP_MOVED;
  }
  c->since_stamp += out;
  if (out && (c->since_stamp >= MRR_STAMP_RECORDS || now - c->stamp_at >= MRR_STAMP_NS)) {
    c->since_stamp = 0;
    c->stamp_at = now;
    c->stamp = now;
  }
  if (s == MR_AGAIN && out < credit)
    t->quiet = !full;
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
  begin(t, 0, now);
  t->box->count = 0;
  enter(c->loop, t->box, MRR_CALL_STOP, now);
  mr_status s = t->stop(t->op);
  leave(c->loop, t->box);
  *done = s == MR_OK || s == MR_DONE;
  if (s == MR_E_TRANSIENT || s == MR_E_UNAVAILABLE)
    return retry(c, t, s, now);
  if (s < 0)
    return mrr_fail(c, member, s, MRR_BROKE_NOTHING);
  if (s > MR_YIELD)
    return mrr_fail(c, member, s, MRR_BROKE_STATUS);
  uint32_t r = keep_output(c, member, &out);
  if (r != MRR_STEP_ENDED && !*done && !out)
    c->due = now + MRR_AGAIN_NS; /* nothing to say yet: it is not room that is missing */
  return r;
}
