/* SPDX-License-Identifier: Apache-2.0
 * What the calls into an operator have in common: call.c, call_poll.c. */
#ifndef MRR_CALL_H
#define MRR_CALL_H

#include "include/mrr_timers.h"
#include "keyed.h"
#include "layout.h"

static inline void mrr_call_enter(mrr_loop *l, mrr_box *b, uint32_t call, int64_t now) {
  b->call = call;
  b->call_start = now;
  l->current = b;
  __atomic_store_n(&b->state, MRR_BOX_IN_PLUGIN, __ATOMIC_RELEASE);
}

static inline void mrr_call_leave(mrr_loop *l, mrr_box *b) {
  __atomic_store_n(&b->state, MRR_BOX_IDLE, __ATOMIC_RELEASE);
  b->calls++;
  l->current = NULL;
}

/* Changes of keyed state and timers belong to a call as its output does. */
static inline void mrr_state_begin(const mrr_chain *c, const mrr_task *t, int64_t now) {
  if (MR_UNLIKELY(t->ctx->keyed != NULL))
    mrr_keyed_begin(t->ctx->keyed, now + c->loop->wall_offset, t->watermark);
  if (MR_UNLIKELY(t->ctx->timers != NULL))
    mrr_timers_begin(t->ctx->timers);
}

static inline void mrr_state_end(const mrr_task *t, int kept) {
  if (MR_UNLIKELY(t->ctx->timers != NULL)) {
    if (kept)
      mrr_timers_keep(t->ctx->timers);
    else
      mrr_timers_undo(t->ctx->timers);
  }
  if (MR_LIKELY(t->ctx->keyed == NULL))
    return;
  if (kept)
    mrr_keyed_keep(t->ctx->keyed);
  else
    mrr_keyed_undo(t->ctx->keyed);
}

static inline void mrr_drop_output(mrr_task *t) {
  for (uint32_t i = 0; i < t->port_count; i++)
    mrr_port_drop(t->ports[i]);
}

/* What is wrong with the output: MRR_BROKE_*. `most`: records it may have; 0: no bound. */
static inline uint32_t mrr_broken_output(const mrr_task *t, uint64_t most) {
  for (uint32_t i = 0; i < t->port_count; i++) {
    int64_t n = mrr_port_check(t->ports[i]);
    if (n < 0)
      return n == MRR_WINDOW_TOO_LARGE ? MRR_BROKE_STAGING : MRR_BROKE_WINDOW;
    if (most && (uint64_t)n > most)
      return MRR_BROKE_DECLARED;
  }
  return MRR_BROKE_NOTHING;
}

static inline uint32_t mrr_place_output(mrr_chain *c, mrr_task *t) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < t->port_count; i++)
    n += mrr_port_place(t->ports[i], c);
  if (n)
    mrr_cell_add(&t->cells->records_out, n);
  return n;
}

static inline void mrr_publish_output(mrr_task *t) {
  for (uint32_t i = 0; i < t->port_count; i++)
    mrr_port_publish(t->ports[i]);
}

static inline void mrr_call_begin(mrr_task *t, uint32_t n, int64_t now) {
  t->work.consumed = n;
  t->work.bad = 0;
  t->work.retry_ms = 0;
  t->work.deadline = now + MRR_SLICE_NS;
  for (uint32_t i = 0; i < t->port_count; i++)
    mrr_port_begin(t->ports[i], 0);
}

/* Same call again later. Drops the output. */
uint32_t mrr_call_retry(mrr_chain *c, mrr_task *t, mr_status s, int64_t now);

#endif
