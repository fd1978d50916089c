/* SPDX-License-Identifier: Apache-2.0
 * One step of a chain: a bounded piece of work, never waiting, never recursing. What comes between
 * the records is in control.c, barriers, which end a step, in barrier.c.
 *
 *   1 what waits from earlier steps goes first, the end of the chain before its beginning
 *   2 then one batch from one input lane, or one poll
 *   3 then what that left in the links, until they are empty or the end is full
 *   4 then control records: watermark, stamp, barrier behind the output they cover
 *
 *   state      on                                     do                        next
 *   RUNNING    END on every lane / source done, drain                           STOPPING
 *   STOPPING   links empty                            `stop` of the next member STOPPING
 *   STOPPING   last member stopped, all output out                              ENDING
 *   ENDING     a control slot on every output lane    END                       FINISHED
 *   FINISHED   barriers on every lane / injected      they are passed on        FINISHED
 *   any        a call failed                                                    FAILED
 *
 * Lanes that have been empty for a while leave the list that is looked at; their producer brings
 * them back. */
#include "wire.h"

#define EMPTY_POLLS 64u

/* ---- room ------------------------------------------------------------------------- */

/* How many input records the next call may get: its bounded output must fit. Without a bound the
 * lane must be able to hold them, or forwarding all of them would never be possible. */
static uint32_t call_limit(const mrr_task *t) {
  uint64_t limit = t->limit, bound = t->bound ? t->bound : 1;
  for (uint32_t i = 0; i < t->port_count; i++) {
    mrr_port *p = t->ports[i];
    uint64_t slots = p->scratch_size;
    if (p->mode == MRR_PORT_LANE)
      slots = t->bound ? mrr_lane_room(p->lane, limit * bound) : p->lane->capacity;
    limit = slots / bound < limit ? slots / bound : limit;
  }
  return limit ? (uint32_t)limit : 1;
}

/* How many records a source may write in one call. */
uint32_t mrr_credit(const mrr_task *t) {
  uint64_t credit = MRR_BATCH;
  for (uint32_t i = 0; i < t->port_count; i++)
    if (t->ports[i]->mode == MRR_PORT_LANE) {
      uint64_t room = mrr_lane_room(t->ports[i]->lane, MRR_BATCH);
      credit = room < credit ? room : credit;
    }
  return (uint32_t)credit;
}

/* ---- input lanes ------------------------------------------------------------------ */

static void collect_woken(mrr_task *t) {
  if (!mrr_flag_relaxed(&t->woken_any) || !mrr_flag_take(&t->woken_any, 0))
    return;
  for (uint32_t w = 0; w <= (t->lane_count - 1) / 64; w++) {
    uint64_t bits = mrr_take_bits(&t->woken[w]);
    for (; bits; bits &= bits - 1) {
      mrr_lane *l = t->lanes[w * 64 + (uint32_t)__builtin_ctzll(bits)];
      if (!l->listed)
        mrr_list(t, l);
    }
  }
}

/* Stop looking at a lane. 0: something came meanwhile. */
static int park_lane(mrr_lane *l) {
  mrr_flag_announce(&l->parked, 1);
  if (mrr_lane_visible(l) && l->state == MRR_LANE_OPEN && mrr_flag_take(&l->parked, 0))
    return 0;
  l->listed = 0;
  return 1;
}

static void unlist(mrr_task *t, uint32_t at) { t->active[at] = t->active[--t->active_count]; }

static void note_queue(mrr_task *t) {
  uint64_t waiting = 0;
  for (uint32_t i = 0; i < t->active_count; i++)
    waiting += t->active[i]->tail_seen - t->active[i]->get;
  mrr_cell_set(&t->cells->queue, waiting);
}

/* 0: a call about the time was made, or put off, and *outcome says what came of it. */
static int time_is_told(mrr_chain *c, int64_t now, uint32_t *outcome) {
  if (MR_LIKELY(c->members[0]->time == NULL))
    return 1;
  *outcome = mrr_step_time(c, now);
  return *outcome == MRR_STEP_NOTHING && c->due <= now;
}

static uint32_t step_lanes(mrr_chain *c, int64_t now) {
  mrr_task *t = c->members[0];
  uint32_t limit = call_limit(t);
  if (MR_UNLIKELY(c->export != NULL) && !mrr_wire_has_room(c->export))
    return MRR_STEP_BLOCKED;
  uint32_t told = MRR_STEP_NOTHING;
  if (!time_is_told(c, now, &told))
    return told;
  collect_woken(t);
  for (uint32_t tries = t->active_count; tries; tries--) {
    if (t->cursor >= t->active_count)
      t->cursor = 0;
    mrr_lane *l = t->active[t->cursor];
    mrr_take_controls(c, l, now);
    uint32_t n = l->state == MRR_LANE_OPEN ? mrr_lane_slice(l, c->arena, limit) : 0;
    if (n) {
      l->empty = 0;
      t->cursor++;
      uint32_t r = mrr_call_process(c, 0, l, NULL, n, now);
      mrr_take_controls(c, l, now);
      if ((t->cells->calls & 63) == 0)
        note_queue(t);
      return r;
    }
    if (++l->empty > EMPTY_POLLS && t->active_count > 1 && park_lane(l))
      unlist(t, t->cursor);
    else
      t->cursor++;
  }
  if (t->ended == t->lane_count && !c->barrier && c->state == MRR_CHAIN_RUNNING) {
    if (!time_is_told(c, now, &told)) /* what ended the last lane is news */
      return told;
    c->state = MRR_CHAIN_STOPPING;
    return MRR_STEP_MOVED;
  }
  return MRR_STEP_NOTHING;
}

/* ---- the chain --------------------------------------------------------------------- */

static int has_room(const mrr_task *t) {
  for (uint32_t i = 0; i < t->port_count; i++)
    if (!mrr_port_room(t->ports[i], t->slots))
      return 0;
  return 1;
}

static int flush(mrr_chain *c, mrr_task *t) {
  int all = 1;
  for (uint32_t i = 0; i < t->port_count; i++)
    all &= mrr_port_flush(t->ports[i], c);
  return all;
}

static uint32_t step_source(mrr_chain *c, int64_t now) {
  mrr_task *t = c->members[0];
  if (MR_UNLIKELY(c->import != NULL))
    return mrr_import_step(c, now);
  if (MR_UNLIKELY(mrr_relaxed(&c->inject))) {
    mrr_barrier_begin(c);
    return MRR_STEP_MOVED;
  }
  if (mrr_flag_relaxed(&c->drain)) {
    c->state = MRR_CHAIN_STOPPING;
    return MRR_STEP_MOVED;
  }
  if (MR_UNLIKELY(mrr_flag_relaxed(&c->halted)))
    return MRR_STEP_NOTHING;
  if (c->silent_since)
    mrr_look_idle(c, now);
  if (t->quiet) {
    if (!mrr_flag_relaxed(&c->asked) || !mrr_flag_take(&c->asked, 0))
      return MRR_STEP_NOTHING;
    t->quiet = 0;
  }
  uint32_t credit = mrr_credit(t);
  if (credit)
    return mrr_call_poll(c, credit, now);
  mrr_note_pause(c);
  return MRR_STEP_BLOCKED;
}

static uint32_t step_stopping(mrr_chain *c, int64_t now) {
  if (c->state == MRR_CHAIN_ENDING) {
    if (!mrr_outputs_have_slot(c))
      return MRR_STEP_BLOCKED;
    mrr_outputs_control(c, MRR_CONTROL_END, 0);
    for (uint32_t m = 0; m < c->member_count; m++) {
      for (uint32_t i = 0; i < c->members[m]->port_count; i++)
        mrr_port_close(c->members[m]->ports[i]);
      mrr_cell_set32(&c->members[m]->cells->finished, 1);
    }
    c->state = MRR_CHAIN_FINISHED;
    return MRR_STEP_ENDED;
  }
  int done;
  uint32_t r = mrr_call_stop(c, c->stopping, now, &done);
  if (r != MRR_STEP_ENDED && done && ++c->stopping == c->member_count)
    c->state = MRR_CHAIN_ENDING;
  return r;
}

/* No record comes or goes any more; barriers do. */
static uint32_t step_finished(mrr_chain *c, int64_t now) {
  mrr_task *t = c->members[0];
  if (c->import)
    return mrr_import_step(c, now);
  if (t->source) {
    if (mrr_relaxed(&c->inject))
      mrr_barrier_begin(c);
    return MRR_STEP_NOTHING;
  }
  collect_woken(t);
  for (uint32_t i = 0; i < t->active_count; i++)
    mrr_take_controls(c, t->active[i], now);
  return MRR_STEP_NOTHING;
}

/* The link that has something for the next member, searched from the end of the chain; 0: none,
 * else the number of that member. -1: the end of the chain has no room. */
static int32_t waiting_member(mrr_chain *c) {
  if (!flush(c, c->members[c->member_count - 1]))
    return -1;
  for (uint32_t m = c->member_count - 1; m > 0; m--) {
    mrr_port *link = c->members[m - 1]->link;
    int all = link->head < link->tail || mrr_port_flush(link, c); /* from staging */
    if (link->head < link->tail)
      return (int32_t)m;
    if (!all)
      return -1; /* what is staged there finds no block: nobody writes behind it */
  }
  return 0;
}

static uint32_t step(mrr_chain *c, int64_t now) {
  uint32_t result = MRR_STEP_NOTHING;
  for (int began = 0;;) {
    int32_t m = waiting_member(c);
    if (c->state == MRR_CHAIN_FAILED)
      return MRR_STEP_ENDED;
    if (m < 0)
      return result == MRR_STEP_MOVED ? result : MRR_STEP_BLOCKED;
    if (m == 0 && (began || c->barrier))
      return result;
    mrr_task *t = c->members[m > 0                            ? (uint32_t)m
                             : c->state == MRR_CHAIN_STOPPING ? c->stopping
                                                              : 0];
    if (c->state != MRR_CHAIN_ENDING && !has_room(t))
      return result == MRR_STEP_MOVED ? result : MRR_STEP_BLOCKED;
    uint32_t r;
    if (m > 0) {
      mrr_port *link = c->members[m - 1]->link;
      uint32_t n = link->tail - link->head;
      uint32_t limit = call_limit(t);
      r = mrr_call_process(c, (uint32_t)m, NULL, link, n < limit ? n : limit, now);
    } else {
      began = 1;
      r = c->state != MRR_CHAIN_RUNNING ? step_stopping(c, now)
          : t->source                   ? step_source(c, now)
                                        : step_lanes(c, now);
    }
    if (r == MRR_STEP_ENDED)
      return r;
    if (r != MRR_STEP_MOVED)
      return result == MRR_STEP_MOVED ? result : r;
    result = MRR_STEP_MOVED;
    if (c->due > now || c->yielded)
      return result;
  }
}

uint32_t mrr_chain_step(mrr_chain *c, int64_t now) {
  c->due = 0;
  c->yielded = 0;
  c->poll_off = 0;
  if (MR_UNLIKELY(mrr_relaxed(&c->abandon) > c->given_up))
    mrr_barrier_abandon(c);
  if (MR_UNLIKELY(c->export != NULL) && c->export->broken)
    return mrr_fail(c, 0, MR_OK, MRR_BROKE_WIRE);
  uint32_t r = MR_LIKELY(c->state != MRR_CHAIN_FINISHED) ? step(c, now) : step_finished(c, now);
  /* Nothing overtakes the records it covers: those may still wait for room in the chain. */
  if ((c->stamp || mrr_time_waits(c) || c->barrier) && r != MRR_STEP_ENDED &&
      waiting_member(c) == 0) {
    mrr_pass_controls(c);
    if (MR_UNLIKELY(c->barrier))
      r = mrr_barrier_pass(c);
  }
  uint32_t state = r == MRR_STEP_MOVED     ? MRR_TIME_BUSY
                   : r == MRR_STEP_BLOCKED ? MRR_TIME_BLOCKED
                                           : MRR_TIME_STARVED;
  for (uint32_t m = 0; m < c->member_count; m++)
    mrr_time_state(c->members[m]->cells, state, now);
  return r;
}

/* ---- leaving the loop's list ----------------------------------------------------------- */

/* Ask to be told when something comes. 0: something is here. */
int mrr_chain_park_inputs(mrr_chain *c) {
  mrr_task *t = c->members[0];
  while (t->active_count)
    if (park_lane(t->active[t->active_count - 1]))
      t->active_count--;
    else
      return 0;
  if (c->import && !mrr_wire_park(c->import))
    return 0;
  mrr_cell_set(&t->cells->queue, 0);
  return 1;
}

/* Ask to be told when there is room. Whoever asks steps once more before it sleeps. */
void mrr_chain_await_room(mrr_chain *c) {
  uint64_t wanted = c->members[c->member_count - 1]->slots;
  wanted = wanted < MRR_BATCH ? MRR_BATCH : wanted;
  for (uint32_t i = 0; i < c->output_count; i++) {
    mrr_lane *l = c->outputs[i];
    uint64_t room = l->capacity - (l->put - l->head_seen);
    if ((room < l->capacity && room < wanted) || mrr_lane_controls(l) >= MRR_SOFT_CONTROLS)
      mrr_flag_announce(&l->waiting, 1);
  }
  if (c->export)
    mrr_wire_await_room(c->export);
  for (uint32_t m = 0; m < c->member_count; m++)
    for (uint32_t i = 0; i < c->members[m]->port_count; i++)
      mrr_flag_announce(&c->members[m]->ports[i]->quota->waiting, 1);
}
