/* SPDX-License-Identifier: Apache-2.0
 * Calls that time makes: `on_timers` for what is due, then `on_watermark`, then the watermark may
 * leave the chain. Between two batches, and before `stop` once the input is over: timers of event
 * time fire then, as MR_TIME_END is later than all of them; those of processing time do not. */
#include "call.h"

void mrr_task_time(mrr_task *t, const mr_time *time, mrr_timers *s) {
  t->time = time;
  t->ctx->timers = s;
  t->told = MR_TIME_NONE;
}

static int64_t wall_of(const mrr_chain *c, int64_t now) { return now + c->loop->wall_offset; }

/* What the answer of such a call means. MRR_STEP_MOVED: the output is kept. */
static uint32_t judge(mrr_chain *c, mrr_task *t, mr_status s, uint64_t n, int64_t now) {
  if (s == MR_E_TRANSIENT || s == MR_E_UNAVAILABLE)
    return mrr_call_retry(c, t, s, now);
  if (s < 0)
    return mrr_fail(c, 0, s, MRR_BROKE_NOTHING);
  if (s > MR_YIELD || s == MR_DONE || (s == MR_AGAIN && !t->resumable))
    return mrr_fail(c, 0, s, MRR_BROKE_STATUS);
  if (t->work.consumed > n)
    return mrr_fail(c, 0, s, MRR_BROKE_CONSUMED);
  uint32_t broken = mrr_broken_output(t, 0);
  return broken ? mrr_fail(c, 0, MR_OK, broken) : MRR_STEP_MOVED;
}

static void begin(mrr_chain *c, mrr_task *t, uint64_t n, uint32_t call, int64_t now) {
  t->batch.sequence = t->taken;
  t->batch.count = 0;
  mrr_call_begin(t, (uint32_t)n, now);
  t->box->sequence = t->taken;
  t->box->count = 0;
  mrr_call_enter(c->loop, t->box, call, now);
}

static uint32_t call_timers(mrr_chain *c, mrr_task *t, int64_t now) {
  const mr_timer *due;
  mrr_timers *store = t->ctx->timers;
  mrr_state_begin(c, t, now);
  uint32_t n = mrr_timers_take(store, t->watermark, wall_of(c, now), &due);
  if (!n)
    return mrr_fail(c, 0, MR_E_NOMEM, MRR_BROKE_NOTHING);
  begin(c, t, n, MRR_CALL_TIMERS, now);
  mr_status s = t->time->on_timers(t->op, due, n, &t->work);
  mrr_call_leave(c->loop, t->box);
  uint32_t out, r = judge(c, t, s, n, now);
  if (r != MRR_STEP_MOVED) {
    mrr_state_end(t, 0);
    return r;
  }
  uint32_t consumed = s == MR_OK ? n : (uint32_t)t->work.consumed;
  mrr_timers_give_back(store, consumed);
  mrr_state_end(t, 1);
  r = mrr_keep_output(c, 0, &out, now);
  if (r == MRR_STEP_MOVED && s == MR_AGAIN && !consumed && !out) {
    c->due = now + (t->work.retry_ms ? t->work.retry_ms * MRR_MS_NS : MRR_AGAIN_NS);
    return MRR_STEP_BLOCKED;
  }
  c->yielded = s == MR_YIELD;
  return r;
}

static uint32_t call_watermark(mrr_chain *c, mrr_task *t, int64_t now) {
  int64_t watermark = t->watermark;
  mrr_state_begin(c, t, now);
  begin(c, t, 0, MRR_CALL_WATERMARK, now);
  mr_status s = t->time->on_watermark(t->op, watermark, &t->work);
  mrr_call_leave(c->loop, t->box);
  uint32_t out, r = judge(c, t, s, 0, now);
  mrr_state_end(t, r == MRR_STEP_MOVED);
  if (r != MRR_STEP_MOVED)
    return r;
  t->held = s == MR_YIELD;
  if (s != MR_AGAIN) /* it has more to write: the same call again */
    t->told = watermark;
  return mrr_keep_output(c, 0, &out, now);
}

/* Something of processing time is due later: the loop comes back then. */
static void set_alarm(mrr_chain *c, const mrr_timers *s, int64_t now) {
  int64_t next = mrr_timers_next(s, MR_PROCESSING_TIME), wait;
  if (next == MR_TIME_END || __builtin_sub_overflow(next, wall_of(c, now), &wait))
    return;
  int64_t at = wait > INT64_MAX - now ? INT64_MAX : now + wait;
  if (!c->alarm || at < c->alarm)
    mrr_loop_alarm(c, at);
}

uint32_t mrr_step_time(mrr_chain *c, int64_t now) {
  mrr_task *t = c->members[0];
  const mrr_timers *s = t->ctx->timers;
  if (MR_LIKELY(!t->done)) {
    if (t->time->on_timers && (mrr_timers_next(s, MR_EVENT_TIME) <= t->watermark ||
                               mrr_timers_next(s, MR_PROCESSING_TIME) <= wall_of(c, now)))
      if (mrr_timers_count(s))
        return call_timers(c, t, now);
    if (t->time->on_watermark && t->watermark > t->told)
      return call_watermark(c, t, now);
    set_alarm(c, s, now);
  }
  if (t->watermark != MR_TIME_END && !t->held && t->watermark > c->mark)
    c->mark = t->watermark;
  return MRR_STEP_NOTHING;
}
