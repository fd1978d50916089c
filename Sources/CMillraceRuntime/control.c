/* SPDX-License-Identifier: Apache-2.0
 * Control records of lanes, where a chain meets them and sends its own: watermarks, stamps for
 * latency, ends, and barriers, which are handed on.
 *
 * What the watermark of a lane counts for, and what a task makes of all of them:
 *
 *   lane      on                                   next
 *   ACTIVE    IDLE                                 IDLE
 *   IDLE      WATERMARK, below the task's          LAGGING
 *   IDLE      WATERMARK, any other                 ACTIVE
 *   LAGGING   WATERMARK, not below the task's      ACTIVE
 *   LAGGING   IDLE                                 IDLE
 *
 * The task's is the least of its ACTIVE lanes, and never goes back. Without one it stands still;
 * it is idle itself when all its lanes are but those that have ended. An ended lane counts as
 * ACTIVE with MR_TIME_END, but only all lanes together end the time of a task. */
#include "wire.h"

static void show_time(mrr_chain *c, int64_t watermark) {
  for (uint32_t m = 0; m < c->member_count; m++) {
    mrr_cell_set_signed(&c->members[m]->cells->watermark, watermark);
    mrr_cell_set32(&c->members[m]->cells->idle, c->idle);
  }
}

/* What a chain without input lanes passes on from now on. */
void mrr_raise_mark(mrr_chain *c, int64_t watermark, uint32_t idle) {
  if (watermark > c->mark)
    c->mark = watermark;
  c->idle = idle;
  show_time(c, c->mark);
}

/* What the lanes of a task come to, after one of them has changed. */
void mrr_settle_time(mrr_chain *c, mrr_task *t) {
  int64_t least = MR_TIME_END;
  uint32_t active = 0, lagging = 0, idle = 0;
  for (uint32_t i = 0; i < t->lane_count; i++) {
    const mrr_lane *l = t->lanes[i];
    if (l->mark == MR_TIME_END)
      continue;
    active += l->time == MRR_TIME_ACTIVE;
    lagging += l->time == MRR_TIME_LAGGING;
    idle += l->time == MRR_TIME_IDLE;
    if (l->time == MRR_TIME_ACTIVE && l->mark < least)
      least = l->mark;
  }
  c->idle = idle && !active && !lagging;
  if (active || !(idle || lagging))
    t->watermark = least > t->watermark ? least : t->watermark;
  /* END says so itself, behind what `stop` still writes; timers come first (call_time.c). */
  if (t->watermark != MR_TIME_END && !t->time)
    c->mark = t->watermark > c->mark ? t->watermark : c->mark;
  show_time(c, t->watermark);
}

static void take_time(mrr_chain *c, mrr_lane *l, int64_t value, int idle) {
  mrr_task *t = l->consumer;
  int64_t before = l->mark;
  uint32_t was = l->time;
  if (value > before)
    l->mark = value;
  if (idle)
    l->time = MRR_TIME_IDLE;
  else if (was != MRR_TIME_ACTIVE)
    l->time = l->mark < t->watermark ? MRR_TIME_LAGGING : MRR_TIME_ACTIVE;
  /* A lane that was ahead of the least still is. */
  if (l->time != was || (l->mark != before && (before <= t->watermark || value == MR_TIME_END)))
    mrr_settle_time(c, t);
}

static void take_stamp(mrr_chain *c, int64_t birth, int64_t now) {
  for (uint32_t m = 0; m < c->member_count; m++)
    mrr_observe((mr_histogram *)&c->members[m]->cells->latency,
                now > birth ? (uint64_t)(now - birth) : 0);
  c->stamp = birth;
}

void mrr_take_controls(mrr_chain *c, mrr_lane *l, int64_t now) {
  const mrr_control *entry;
  while (l->state == MRR_LANE_OPEN && (entry = mrr_lane_next_control(l)) &&
         entry->position <= l->get) {
    mrr_control e = *entry;
    mrr_lane_pass_control(l);
    switch (e.kind) {
    case MRR_CONTROL_WATERMARK:
      take_time(c, l, e.value, 0);
      break;
    case MRR_CONTROL_IDLE:
      take_time(c, l, e.value, 1);
      break;
    case MRR_CONTROL_STAMP:
      take_stamp(c, e.value, now);
      break;
    case MRR_CONTROL_BARRIER:
      mrr_barrier_meet(c, l, e.epoch);
      break;
    case MRR_CONTROL_END:
      l->ended = 1;
      l->consumer->ended++;
      take_time(c, l, MR_TIME_END, 0);
      break;
    default:
      break;
    }
  }
}

/* The newest watermark leaves the chain. Where a lane has no slot for it the next step tries
 * again: only the newest is kept. */
static void pass_time(mrr_chain *c) {
  uint32_t kind = c->idle ? MRR_CONTROL_IDLE : MRR_CONTROL_WATERMARK;
  int all = 1;
  for (uint32_t m = 1; m < c->member_count; m++) /* what it covers has left the links */
    c->members[m]->watermark = c->mark;
  for (uint32_t i = 0; i < c->output_count; i++) {
    mrr_lane *l = c->outputs[i];
    if (l->mark_sent >= c->mark && l->idle_sent == c->idle)
      continue;
    if (mrr_lane_control(l, kind, 0, c->mark)) {
      l->mark_sent = c->mark;
      l->idle_sent = c->idle;
    } else {
      all = 0;
    }
  }
  mrr_wire *w = c->export;
  if (w && (w->mark_sent < c->mark || w->idle_sent != c->idle)) {
    if (mrr_wire_control(w, kind, (uint64_t)c->mark)) {
      w->mark_sent = c->mark;
      w->idle_sent = c->idle;
    } else {
      all = 0;
    }
  }
  if (all) {
    c->mark_sent = c->mark;
    c->idle_sent = c->idle;
  }
}

/* The newest watermark and stamp leave the chain, behind the output they cover. */
void mrr_pass_controls(mrr_chain *c) {
  if (mrr_time_waits(c))
    pass_time(c);
  if (c->stamp) {
    for (uint32_t i = 0; i < c->output_count; i++)
      mrr_lane_control(c->outputs[i], MRR_CONTROL_STAMP, 0, c->stamp);
    if (c->export)
      mrr_wire_control(c->export, MRR_CONTROL_STAMP, (uint64_t)c->stamp);
    c->stamp = 0;
  }
}
