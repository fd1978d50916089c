/* SPDX-License-Identifier: Apache-2.0
 * Barriers at a chain: where one epoch ends and the next begins.
 *
 *   state           on                                    do                          next
 *   none            first lane shows E / E is injected    block it / -                aligning /
 * due aligning(E)     another lane shows E                  block it; the last one:     due
 *   aligning(E)     a lane shows a newer E'               give E up, then as first    aligning(E')
 *   aligning, due   told that E came to nothing           open the lanes              none
 *   due(E)          nothing waits in the chain, a slot    freeze; E to all outputs    none
 *                   on every output                       in one step; open the lanes
 *   due(E)          the freeze refuses                    open the lanes, no barrier  none
 *
 * Epochs at a chain rise: the barrier of one that was passed or given up is taken in silence.
 * What a lane holds behind a barrier is not read while it is blocked. The END of a lane changes
 * nothing here: its barriers are awaited like any other's. So a cut contains exactly the records
 * that the sources sent before it, whatever the lanes between them held. */
#include "wire.h"

static void open_lanes(mrr_chain *c) {
  mrr_task *t = c->members[0];
  c->aligning = 0;
  c->barrier = 0;
  if (!t->blocked)
    return;
  t->blocked = 0;
  for (uint32_t i = 0; i < t->lane_count; i++) {
    mrr_lane *l = t->lanes[i];
    l->state = MRR_LANE_OPEN;
    if (!l->listed) {
      mrr_flag_take(&l->parked, 0);
      mrr_list(t, l);
    }
  }
}

static void give_up(mrr_chain *c, uint64_t epoch) {
  c->given_up = epoch;
  open_lanes(c);
}

/* A source's turn to begin an epoch. */
void mrr_barrier_begin(mrr_chain *c) {
  uint64_t epoch = mrr_take_bits(&c->inject);
  if (epoch > c->given_up && epoch > c->members[0]->epoch)
    c->barrier = epoch;
}

void mrr_barrier_meet(mrr_chain *c, mrr_lane *l, uint64_t epoch) {
  mrr_task *t = l->consumer;
  if (epoch <= t->epoch || epoch <= c->given_up || epoch < c->aligning)
    return;
  if (c->aligning && epoch > c->aligning) {
    if (c->freeze)
      c->freeze(c->freeze_argument, MRR_FREEZE_GIVE_UP, c->aligning);
    give_up(c, c->aligning);
  }
  c->aligning = epoch;
  l->state = MRR_LANE_BLOCKED;
  l->epoch = epoch;
  if (++t->blocked == t->lane_count)
    c->barrier = epoch;
}

void mrr_barrier_abandon(mrr_chain *c) {
  uint64_t epoch = mrr_acquire(&c->abandon);
  if (c->aligning > epoch || c->barrier > epoch)
    c->given_up = epoch; /* a newer one is under way, and goes on */
  else
    give_up(c, epoch);
}

int mrr_outputs_have_slot(const mrr_chain *c) {
  for (uint32_t i = 0; i < c->output_count; i++)
    if (mrr_lane_controls(c->outputs[i]) >= MRR_CONTROLS)
      return 0;
  return !c->export || mrr_wire_has_slot(c->export);
}

/* A barrier or an end, to everything that leaves the chain. There is room for it. */
void mrr_outputs_control(mrr_chain *c, uint32_t kind, uint64_t epoch) {
  for (uint32_t i = 0; i < c->output_count; i++)
    mrr_lane_control(c->outputs[i], kind, epoch, 0);
  if (c->export)
    mrr_wire_control(c->export, kind, epoch);
}

/* Nothing waits in the chain. */
uint32_t mrr_barrier_pass(mrr_chain *c) {
  uint64_t epoch = c->barrier;
  if (!mrr_outputs_have_slot(c))
    return MRR_STEP_BLOCKED;
  if (c->freeze && c->freeze(c->freeze_argument, MRR_FREEZE_TAKE, epoch)) {
    give_up(c, epoch);
    return MRR_STEP_MOVED;
  }
  mrr_outputs_control(c, MRR_CONTROL_BARRIER, epoch);
  for (uint32_t m = 0; m < c->member_count; m++)
    c->members[m]->box->epoch = epoch;
  c->members[0]->epoch = epoch;
  open_lanes(c);
  return MRR_STEP_MOVED;
}
