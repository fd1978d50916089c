/* SPDX-License-Identifier: Apache-2.0
 * Taps: records are shown to the host while they pass, between the check of a call's output and
 * its publication, so nobody else can have them yet and nobody has let go of the input.
 *
 *   word         written by     read by
 *   task.tapped  mrr_task_tap   the loop, once in each call
 *   gate.open    mrr_task_tap   the loop, where the task is tapped
 *   gate.seen    the loop       anybody: a cell
 *   gate.due     the loop       the loop
 *
 * All relaxed: they are hints. What is shown to whom is decided by the host behind a lock of its
 * own, so a call that sees a gate too late, or still sees one that was shut, does no harm. */
#include "layout.h"

const mr_record *mrr_passing_at(const mrr_passing *p, uint32_t i, const uint8_t **payload) {
  const mrr_arena *a = p->task->chain->arena;
  const uint8_t *end = a->base + (uint64_t)a->block_count * MRR_BLOCK_BYTES, *at;
  if (p->port == MRR_TAP_INPUT)
    at = (const uint8_t *)mr_at(&p->task->batch, i);
  else
    at = mrr_port_written_at(p->task->ports[p->port], i, &end);
  if (at > end - sizeof(mr_record))
    return NULL;
  const mr_record *r = (const mr_record *)(const void *)at;
  at += sizeof *r;
  if (r->flags & MR_REC_REF) {
    mr_ref ref;
    if ((uint64_t)(end - at) < sizeof ref)
      return NULL;
    memcpy(&ref, at, sizeof ref);
    end = a->base + (uint64_t)a->block_count * MRR_BLOCK_BYTES;
    if (ref.unit >= (uint64_t)(end - a->base) / MR_UNIT)
      return NULL;
    at = a->base + ref.unit * MR_UNIT;
  }
  if (r->length > (uint64_t)(end - at) || r->key_length > r->length)
    return NULL;
  *payload = at;
  return r;
}

static void show(mrr_chain *c, uint32_t member, uint32_t port, mrr_gate *g, uint32_t n,
                 int64_t now) {
  const mrr_task *t = c->members[member];
  if (n == 0 || !mrr_flag_relaxed(&g->open))
    return;
  mrr_cell_add(&g->seen, n);
  if (now < g->due || !c->tap)
    return;
  mrr_passing passing = {member, port, port == MRR_TAP_INPUT ? t->batch.input : 0, n, t};
  g->due = c->tap(c->tap_argument, &passing, now);
}

/* The first `consumed` records of the batch are done; the output is checked and not yet placed. */
void mrr_tap_show(mrr_chain *c, uint32_t member, uint32_t consumed, int64_t now) {
  mrr_task *t = c->members[member];
  show(c, member, MRR_TAP_INPUT, &t->gate, consumed, now);
  for (uint32_t i = 0; i < t->port_count; i++)
    show(c, member, i, &t->ports[i]->gate, mrr_port_written(t->ports[i]), now);
}

void mrr_chain_on_tap(mrr_chain *c, mrr_tap tap, void *argument) {
  c->tap = tap;
  c->tap_argument = argument;
}

void mrr_task_tap(mrr_task *t, uint32_t port, int open) {
  mrr_gate *g = port == MRR_TAP_INPUT ? &t->gate : &t->ports[port]->gate;
  mrr_flag_announce(&g->open, open != 0);
  uint32_t any = mrr_flag_relaxed(&t->gate.open);
  for (uint32_t i = 0; i < t->port_count; i++)
    any |= mrr_flag_relaxed(&t->ports[i]->gate.open);
  mrr_flag_announce(&t->tapped, any);
}

uint64_t mrr_task_passed(const mrr_task *t, uint32_t port) {
  const mrr_gate *g = port == MRR_TAP_INPUT ? &t->gate : &t->ports[port]->gate;
  return __atomic_load_n(&g->seen, __ATOMIC_RELAXED);
}
