/* SPDX-License-Identifier: Apache-2.0
 * Control records of lanes, where a chain meets them and sends its own: watermarks, of which the
 * least of all lanes counts, stamps for latency, ends, and barriers, which are handed on. */
#include "wire.h"

static void lower_watermark(mrr_chain *c, mrr_task *t) {
  int64_t least = MR_TIME_END;
  for (uint32_t i = 0; i < t->lane_count; i++)
    if (t->lanes[i]->mark < least)
      least = t->lanes[i]->mark;
  if (least <= t->watermark)
    return;
  t->watermark = least;
  if (least != MR_TIME_END) /* END says so itself, behind what `stop` still writes */
    c->mark = least;
  for (uint32_t m = 0; m < c->member_count; m++)
    mrr_cell_set_signed(&c->members[m]->cells->watermark, least);
}

static void take_watermark(mrr_chain *c, mrr_lane *l, int64_t value) {
  int64_t before = l->mark;
  if (value <= before)
    return;
  l->mark = value;
  if (before <= l->consumer->watermark)
    lower_watermark(c, l->consumer);
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
      take_watermark(c, l, e.value);
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
      take_watermark(c, l, MR_TIME_END);
      break;
    default:
      break;
    }
  }
}

/* The newest watermark and stamp leave the chain, behind the output they cover. */
void mrr_pass_controls(mrr_chain *c) {
  if (c->mark > c->mark_sent) {
    int all = 1;
    for (uint32_t i = 0; i < c->output_count; i++) {
      mrr_lane *l = c->outputs[i];
      if (l->mark_sent >= c->mark)
        continue;
      if (mrr_lane_control(l, MRR_CONTROL_WATERMARK, 0, c->mark))
        l->mark_sent = c->mark;
      else
        all = 0; /* only the newest is kept: the next step tries again */
    }
    if (c->export && c->export->mark_sent < c->mark) {
      if (mrr_wire_control(c->export, MRR_CONTROL_WATERMARK, (uint64_t)c->mark))
        c->export->mark_sent = c->mark;
      else
        all = 0;
    }
    if (all)
      c->mark_sent = c->mark;
  }
  if (c->stamp) {
    for (uint32_t i = 0; i < c->output_count; i++)
      mrr_lane_control(c->outputs[i], MRR_CONTROL_STAMP, 0, c->stamp);
    if (c->export)
      mrr_wire_control(c->export, MRR_CONTROL_STAMP, (uint64_t)c->stamp);
    c->stamp = 0;
  }
}
