/* SPDX-License-Identifier: Apache-2.0
 * Event time where it begins: at a source.
 *
 *   stamp      what a call has written gets its time, from a field or as the source gave it
 *   refused    no time, or one that lies too far ahead of the wall clock: the record goes where a
 *              refused record goes, and its time counts for nothing
 *   watermark  newest time less `max_delay`, behind the records of the call; never goes back
 *   idle       polled and found nothing, again and again for `idle_after`. Not while nobody polls:
 *              a source without room, or one that cannot reach what it reads, is not idle
 *
 * The first record after it was idle is announced before it: the lane counts again first. */
#include "layout.h"

void mrr_chain_event_time(mrr_chain *c, const mrr_event_time *how) {
  c->event_time = *how;
  c->timed = 1;
}

static int64_t sum(int64_t a, int64_t b) {
  int64_t r;
  return __builtin_add_overflow(a, b, &r) ? b < 0 ? INT64_MIN + 1 : INT64_MAX : r;
}

static void say(mrr_task *t, const char *text, uint64_t size) {
  mrr_host_set_error(t->ctx, MR_E_DATA, text, size);
}

static const char no_time[] = "MR4003 the source gave it no time\n"
                              "name the field that has it: `event_time: {field: …}`";
static const char ahead[] = "MR4302 its time is further ahead of the clock than `max_future`\n"
                            "correct the clock that made it, or raise `max_future`";

/* 1: it has a time that counts, in its header. */
static int has_time(mrr_chain *c, mr_record *r, const uint8_t *payload, int64_t latest) {
  const mrr_event_time *how = &c->event_time;
  mrr_task *t = c->members[0];
  int64_t time = r->event_time;
  if (how->read && how->read(how->argument, payload + r->key_length, mr_value_size(r), &time))
    return 0;
  if (MR_UNLIKELY(time == MR_TIME_NONE)) {
    say(t, no_time, sizeof no_time - 1);
    return 0;
  }
  if (MR_UNLIKELY(time > latest)) {
    say(t, ahead, sizeof ahead - 1);
    return 0;
  }
  r->event_time = time;
  return 1;
}

/* `number`: of the record, among all that its source has written. */
static uint32_t refuse(mrr_chain *c, const mr_record *r, const uint8_t *payload, uint64_t number) {
  mrr_task *t = c->members[0];
  mrr_refused told = {0, 0, r, payload, number, 0, 0};
  uint32_t verdict = c->refuse ? c->refuse(c->refuse_argument, &told) : MRR_REFUSAL_FAILS;
  if (verdict == MRR_REFUSAL_KEPT)
    mrr_cell_add(&t->cells->refused, 1);
  else if (verdict == MRR_REFUSAL_DROPPED)
    mrr_cell_add(&t->cells->dropped, 1);
  return verdict;
}

/* How many records at the front have a time that counts, in their headers; the usual case, without
 * a call for each of them. */
static uint32_t stamped(const mrr_arena *a, const mrr_port *p, uint32_t n, int64_t latest,
                        int64_t *newest) {
  const mrr_lane *l = p->mode == MRR_PORT_LANE ? p->lane : NULL;
  const uint32_t *index = l ? l->ring : p->scratch;
  uint64_t first = l ? l->put : 0, mask = l ? l->mask : p->scratch_size - 1;
  uint64_t last = ((uint64_t)a->block_count << MRR_BLOCK_SHIFT) - sizeof(mr_record) / MR_UNIT;
  int64_t most = *newest;
  uint32_t i = 0;
  for (; i < n; i++) {
    uint64_t unit = index[(first + i) & mask];
    if (MR_UNLIKELY(unit > last))
      break;
    int64_t time = ((const mr_record *)(const void *)(a->base + unit * MR_UNIT))->event_time;
    if (MR_UNLIKELY(time == MR_TIME_NONE || time > latest))
      break;
    most = time > most ? time : most;
  }
  *newest = most;
  return i;
}

/* What was written to one port; the newest time of it in *newest. */
static uint32_t stamp_port(mrr_chain *c, uint32_t port, int64_t latest, int64_t *newest) {
  mrr_task *t = c->members[0];
  mrr_port *p = t->ports[port];
  uint32_t n = mrr_port_written(p), kept = 0;
  uint64_t first = t->taken + t->cells->refused + t->cells->dropped;
  mrr_passing passing = {0, port, 0, n, t};
  if (!c->event_time.read)
    kept = stamped(c->arena, p, n, latest, newest);
  for (uint32_t i = kept; i < n; i++) {
    const uint8_t *payload;
    mr_record *r = (mr_record *)(uintptr_t)mrr_passing_at(&passing, i, &payload);
    if (MR_UNLIKELY(r == NULL))
      return mrr_fail(c, 0, MR_OK, MRR_BROKE_WINDOW);
    if (MR_LIKELY(has_time(c, r, payload, latest))) {
      *newest = r->event_time > *newest ? r->event_time : *newest;
      if (MR_UNLIKELY(kept != i))
        mrr_port_move(p, i, kept);
      kept++;
    } else if (refuse(c, r, payload, first + i) == MRR_REFUSAL_FAILS) {
      c->failure.record = (uint32_t)(first + i - t->taken);
      return mrr_fail(c, 0, MR_E_DATA, MRR_BROKE_NOTHING);
    }
  }
  if (MR_UNLIKELY(kept != n))
    mrr_port_cut(p, kept);
  return 0;
}

uint32_t mrr_stamp_output(mrr_chain *c, int64_t *mark, int64_t now) {
  mrr_task *t = c->members[0];
  int64_t latest = sum(now + c->loop->wall_offset, c->event_time.max_future);
  int64_t newest = MR_TIME_NONE;
  uint32_t written = 0;
  /* Behind the operator's own ports comes the one that takes refused records. */
  for (uint32_t i = 0; i < t->type->output_count; i++) {
    written |= mrr_port_written(t->ports[i]);
    uint32_t r = stamp_port(c, i, latest, &newest);
    if (r)
      return r;
  }
  if (written && c->idle) {
    mrr_raise_mark(c, c->mark, 0);
    mrr_pass_controls(c);
  }
  if (newest != MR_TIME_NONE)
    *mark = sum(newest, -c->event_time.max_delay);
  return 0;
}

void mrr_note_silence(mrr_chain *c, int64_t now) {
  if (!c->timed || c->silent_since)
    return;
  c->silent_since = now;
  mrr_loop_alarm(c, sum(now, c->event_time.idle_after));
}

void mrr_note_pause(mrr_chain *c) {
  c->silent_since = 0;
  c->alarm = 0;
}

void mrr_look_idle(mrr_chain *c, int64_t now) {
  if (!c->idle && now - c->silent_since >= c->event_time.idle_after)
    mrr_raise_mark(c, c->mark, 1);
}
