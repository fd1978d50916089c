/* SPDX-License-Identifier: Apache-2.0
 * One call into an operator, and what becomes of its answer.
 *
 *   before   black-box line, windows, batch
 *   answer   OK AGAIN YIELD DONE E_DATA keep the output; every other error drops it
 *   keep     count the output's runs, give up the input's, settle, publish, advance: in this
 *            order a block that is still needed never falls to zero
 *   refused  E_DATA: what comes before the bad record is kept, the host decides about it while it
 *            still lies there, and the next call begins behind it
 *   watched  the host sees the batch first, and may have a record taken out of it
 *   tapped   somebody is shown what is kept: the input that is done, and the output (tap.c)
 *   broken   left its window, consumed more than it was given, or answered what is not allowed:
 *            the instance is not called again
 *
 * The black-box line is plain stores into a shared page; the supervisor reads it after a death. */
#include "call.h"

void mrr_box_enter(mrr_loop *l, mrr_task *t, uint32_t call, int64_t now) {
  mrr_call_enter(l, t->box, call, now);
}

void mrr_box_leave(mrr_loop *l, mrr_task *t) { mrr_call_leave(l, t->box); }

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

void mrr_box_stamp(mrr_task *t, uint64_t low, uint64_t high) {
  const uint64_t hash[2] = {low, high};
  uint64_t count;
  uint8_t *end = t->box->ring + MRR_RING * 16u;
  memcpy(&count, end, sizeof count);
  memcpy(t->box->ring + count % MRR_RING * 16u, hash, sizeof hash);
  /* Behind the hash: a reader that sees the count sees what it counts. */
  __atomic_store_n((uint64_t *)(void *)end, count + 1, __ATOMIC_RELEASE);
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
uint32_t mrr_call_retry(mrr_chain *c, mrr_task *t, mr_status s, int64_t now) {
  mrr_drop_output(t);
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

/* Too much output for staging: a stateless operator gets half the records. */
static uint32_t too_large(mrr_chain *c, uint32_t member, uint32_t n) {
  mrr_task *t = c->members[member];
  if (!t->stateless || n == 1)
    return mrr_fail(c, member, MR_E_TOO_LARGE, MRR_BROKE_STAGING);
  mrr_drop_output(t);
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
    return mrr_call_retry(c, t, s, now);
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
static uint32_t keep(mrr_chain *c, uint32_t member, mrr_lane *lane, mrr_port *up, uint32_t consumed,
                     int64_t now) {
  mrr_task *t = c->members[member];
  if (MR_UNLIKELY(mrr_flag_relaxed(&t->tapped)))
    mrr_tap_show(c, member, consumed, now);
  uint32_t out = mrr_place_output(c, t);
  if (consumed) {
    if (lane)
      mrr_lane_give_up(lane, consumed, c);
    else
      mrr_scratch_release(up, consumed, c);
  }
  mrr_net_settle(c);
  mrr_publish_output(t);
  if (lane && consumed)
    mrr_lane_advance(lane, consumed);
  t->taken += consumed;
  mrr_cell_add(&t->cells->records_in, consumed);
  mrr_cell_add(&t->cells->calls, 1);
  c->tries = 0;
  return out;
}

/* What becomes of record `at` of the batch, which its operator does not take: MRR_REFUSAL_*. */
static uint32_t refuse(mrr_chain *c, uint32_t member, uint32_t at, uint32_t quarantined) {
  mrr_task *t = c->members[member];
  const mr_batch *b = &t->batch;
  const mr_record *r = mr_at(b, at);
  mrr_refused told = {member,           quarantined, r,       mr_payload(b, r),
                      b->sequence + at, b->lane,     b->input};
  uint32_t verdict = c->refuse ? c->refuse(c->refuse_argument, &told) : MRR_REFUSAL_FAILS;
  if (verdict == MRR_REFUSAL_KEPT)
    mrr_cell_add(&t->cells->refused, 1);
  else if (verdict == MRR_REFUSAL_DROPPED)
    mrr_cell_add(&t->cells->dropped, 1);
  if (quarantined)
    mrr_cell_add(&t->cells->quarantined, 1);
  return verdict;
}

/* The call is over for the first `consumed` records, and failed for the one behind them if
 * `fails`. */
static uint32_t finish(mrr_chain *c, uint32_t member, mrr_lane *lane, mrr_port *up,
                       uint32_t consumed, int fails, uint32_t *out, int64_t now) {
  *out = keep(c, member, lane, up, consumed, now);
  if (MR_UNLIKELY(c->state == MRR_CHAIN_FAILED)) { /* a partitioner, while placing */
    c->failure.member = member;
    return MRR_STEP_ENDED;
  }
  if (MR_UNLIKELY(fails)) {
    c->failure.record = consumed;
    return mrr_fail(c, member, MR_E_DATA, MRR_BROKE_NOTHING);
  }
  return MRR_STEP_MOVED;
}

/* The host looks at the batch before the operator does. The batch is what may go to the operator;
 * if that is nothing, its first record has been taken out, and *outcome says what came of it. */
static uint32_t watch(mrr_chain *c, uint32_t member, mrr_lane *lane, mrr_port *up, uint32_t n,
                      uint32_t *outcome, int64_t now) {
  mrr_task *t = c->members[member];
  uint32_t clear = c->inspect(c->inspect_argument, member, &t->batch);
  if (clear >= n)
    return n;
  if (clear) {
    fill_batch(c, t, lane, up, clear);
    return clear;
  }
  uint32_t out;
  mrr_call_begin(t, 1, now);
  int fails = refuse(c, member, 0, 1) == MRR_REFUSAL_FAILS;
  *outcome = finish(c, member, lane, up, fails ? 0 : 1, fails, &out, now);
  return 0;
}

/* `process` on `n` records of a lane, or of the port before it in the chain. */
uint32_t mrr_call_process(mrr_chain *c, uint32_t member, mrr_lane *lane, mrr_port *up, uint32_t n,
                          int64_t now) {
  mrr_task *t = c->members[member];
  mr_status s = MR_OK;
  uint32_t watched = mrr_flag_relaxed(&t->watch), out = 0, r = MRR_STEP_MOVED;
  if (MR_UNLIKELY(watched == MRR_WATCH_STEPS))
    n = 1;
  fill_batch(c, t, lane, up, n);
  if (MR_UNLIKELY(watched) && c->inspect && !(n = watch(c, member, lane, up, n, &r, now)))
    return r;
  uint32_t consumed = n;
  mrr_call_begin(t, n, now);
  mrr_state_begin(c, t, now);
  if (MR_LIKELY(!t->done)) {
    mrr_call_enter(c->loop, t->box, MRR_CALL_PROCESS, now);
    s = t->process(t->op, &t->batch, &t->work);
    mrr_call_leave(c->loop, t->box);
  }
  if (MR_UNLIKELY(s != MR_OK)) {
    r = judge(c, member, s, n, &consumed, now);
    if (r != MRR_STEP_MOVED || s == MR_E_TOO_LARGE) {
      mrr_state_end(t, 0);
      return r;
    }
  }
  uint32_t broken = mrr_broken_output(t, (uint64_t)n * t->bound);
  mrr_state_end(t, !broken);
  if (broken == MRR_BROKE_STAGING)
    return too_large(c, member, n);
  if (broken)
    return mrr_fail(c, member, MR_OK, broken);
  if (t->port_count)
    adapt(t, n);
  int fails = 0;
  if (MR_UNLIKELY(s == MR_E_DATA)) {
    fails = refuse(c, member, consumed, 0) == MRR_REFUSAL_FAILS;
    consumed += !fails;
  }
  r = finish(c, member, lane, up, consumed, fails, &out, now);
  if (MR_UNLIKELY(r == MRR_STEP_ENDED))
    return r;
  if (MR_UNLIKELY(s == MR_AGAIN && !consumed && !out)) {
    /* It waits for something that only it knows, until when it may know too. */
    c->due = now + (t->work.retry_ms ? t->work.retry_ms * MRR_MS_NS : MRR_AGAIN_NS);
    return MRR_STEP_BLOCKED;
  }
  return MRR_STEP_MOVED;
}
