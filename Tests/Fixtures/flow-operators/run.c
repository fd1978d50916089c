/* SPDX-License-Identifier: Apache-2.0
 * Stepping a graph in one thread, with a clock that it sets itself.
 *
 * A loop that dozes is not turned before its word says so or it is due: a wake-up that is
 * forgotten therefore ends in FLOW_STUCK. Blocks that became free are overwritten at once, so a
 * record that is still waiting in one is not what it says any more. */
#define _GNU_SOURCE
#include "flow_private.h"
#include <stdio.h>
#include <sys/mman.h>

#define BLOCK 65536u

/* A large arena is emptied instead, which gives its pages back. */
static void spoil(flow_graph *g, uint32_t block) {
  uint8_t *at = g->base + (uint64_t)block * BLOCK;
  if (g->block_count > 4096)
    madvise(at, BLOCK, MADV_DONTNEED);
  else
    memset(at, 0xDB, BLOCK);
}

static void spoil_free_blocks(flow_graph *g) {
  for (uint32_t b = 1; b < g->block_count; b++) {
    int is_free = mrr_arena_is_free(g->arena, b);
    if (is_free && !g->was_free[b])
      spoil(g, b);
    g->was_free[b] = (uint8_t)is_free;
  }
}

int flow_find_complaint(flow_graph *g) {
  for (uint32_t i = 0; i < g->task_count; i++)
    if (g->tasks[i].text[0]) {
      snprintf(g->text, sizeof g->text, "%s (seed %llu)", g->tasks[i].text,
               (unsigned long long)g->seed);
      return 1;
    }
  return 0;
}

/* Notes what each task had done when a barrier passed it. */
static void note_barriers(flow_graph *g) {
  for (uint32_t i = 0; i < g->task_count; i++) {
    flow_task *t = &g->tasks[i];
    if (t->box->epoch == t->epoch)
      continue;
    if (t->box->epoch >= FLOW_EPOCHS || t->box->epoch < t->epoch)
      snprintf(t->text, sizeof t->text, "node %u.%u: barrier %llu after %llu", t->node_number,
               t->instance, (unsigned long long)t->box->epoch, (unsigned long long)t->epoch);
    else {
      t->epoch = t->box->epoch;
      t->before[t->epoch] = t->seen;
      t->cut[t->epoch] = t->emitted + 1; /* 0: none yet */
    }
  }
}

static uint32_t runnable(flow_graph *g, uint32_t *which) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < g->loop_count; i++)
    if (!g->asleep[i] || *mrr_loop_word(g->loops[i]) == 0 || g->due[i] <= g->now)
      which[n++] = i;
  return n;
}

/* Nothing runs: wake a source, or let time pass. 0: nothing will ever happen. */
static int outside(flow_graph *g) {
  for (uint32_t i = 0; i < g->chain_count && !g->keep_quiet; i++) {
    flow_task *t = &g->tasks[g->chains[i].first_task];
    if (t->quiet) {
      t->quiet = 0;
      mrr_host_wake(t->context);
      return 1;
    }
  }
  int64_t due = INT64_MAX;
  for (uint32_t i = 0; i < g->loop_count; i++)
    due = g->due[i] < due ? g->due[i] : due;
  if (due == INT64_MAX)
    return 0;
  g->now = due;
  return 1;
}

/* 0: a chain failed. */
static int note_ended(flow_graph *g, mrr_loop *l) {
  for (mrr_chain *c = mrr_loop_ended(l); c; c = mrr_loop_ended(l)) {
    if (mrr_chain_state(c) == MRR_CHAIN_HAS_FAILED) {
      g->failure = mrr_chain_failure(c);
      return 0;
    }
    g->finished++;
  }
  return 1;
}

static void wake_some(flow_graph *g) {
  if (g->keep_quiet || flow_next(&g->random) % 16)
    return;
  flow_chain_info *c = &g->chains[flow_next(&g->random) % g->chain_count];
  flow_task *t = &g->tasks[c->first_task];
  if (c->source && t->quiet) {
    t->quiet = 0;
    mrr_host_wake(t->context);
  }
}

static void inject(flow_graph *g, uint64_t epoch) {
  g->newest = epoch;
  for (uint32_t i = 0; i < g->chain_count; i++)
    if (g->chains[i].source)
      mrr_chain_barrier(g->chains[i].chain, epoch);
}

/* Has everything finished, and the last barrier passed everybody? */
static int is_over(flow_graph *g) {
  if (g->finished < g->chain_count)
    return 0;
  for (uint32_t i = 0; i < g->task_count && g->last_epoch; i++)
    if (g->tasks[i].epoch != g->newest && g->given_up < g->newest)
      return 0;
  if (g->newest == g->last_epoch || !g->last_epoch)
    return 1;
  inject(g, g->last_epoch);
  return 0;
}

static int freeze(void *argument, uint32_t what, uint64_t epoch) {
  const flow_chain_info *c = argument;
  flow_graph *g = c->graph;
  return what == MRR_FREEZE_TAKE && epoch == g->refused_epoch && c == &g->chains[g->refusing];
}

uint32_t flow_some_turns(flow_graph *g, uint64_t turns) {
  uint32_t which[64];
  if (g->turns == 0)
    for (uint32_t i = 0; i < g->loop_count; i++)
      flow_join(g, i);
  for (uint64_t end = g->turns + turns; g->turns < end;) {
    if (is_over(g))
      return FLOW_FINISHED;
    uint32_t n = runnable(g, which);
    if (n == 0) {
      if (!outside(g))
        return FLOW_STUCK;
      continue;
    }
    uint32_t at = which[flow_next(&g->random) % n];
    mrr_loop *l = g->loops[at];
    if (g->asleep[at])
      mrr_loop_awake(l);
    g->asleep[at] = 0;
    wake_some(g);
    g->now += (int64_t)(flow_next(&g->random) % 2000);
    uint32_t flags = mrr_loop_turn(l, g->now, &g->due[at]);
    g->turns++;
    /* In a large graph a look at everything costs more than the turn. */
    int look = g->task_count < 1000 || g->turns % 64 == 0 || (flags & MRR_TURN_ENDED);
    if (look) {
      spoil_free_blocks(g);
      note_barriers(g);
    }
    int failed = (flags & MRR_TURN_ENDED) && !note_ended(g, l);
    if (look && flow_find_complaint(g))
      return FLOW_WRONG;
    if (failed)
      return FLOW_FAILED;
    if (!(flags & (MRR_TURN_MOVED | MRR_TURN_ACTIVE | MRR_TURN_ENDED)))
      g->asleep[at] = (uint32_t)mrr_loop_doze(l);
  }
  return is_over(g) ? FLOW_FINISHED : FLOW_LONG;
}

uint32_t flow_run(flow_graph *g, uint64_t turns_max) {
  uint32_t r = flow_some_turns(g, turns_max);
  if (r == FLOW_FINISHED && !flow_right(g))
    return FLOW_WRONG;
  if (r != FLOW_FINISHED && !g->text[0])
    snprintf(g->text, sizeof g->text,
             "outcome %u after %llu turns, %u of %u chains finished, status %d violation %u (seed "
             "%llu)",
             r, (unsigned long long)g->turns, g->finished, g->chain_count, g->failure.status,
             g->failure.violation, (unsigned long long)g->seed);
  return r;
}

void flow_keep_quiet(flow_graph *g, int on) { g->keep_quiet = on; }

void flow_wake(flow_graph *g, uint32_t node) {
  for (uint32_t k = 0; k < g->nodes[node].parallelism; k++) {
    flow_task *t = &g->tasks[g->first_task[node] + k];
    if (t->quiet) {
      t->quiet = 0;
      mrr_host_wake(t->context);
    }
  }
}

int flow_barrier(flow_graph *g, uint64_t epoch) {
  for (uint32_t i = 0; i < g->task_count; i++) {
    const flow_task *t = &g->tasks[i];
    uint64_t before = t->epoch > g->given_up ? t->epoch : g->given_up;
    if (t->node->kind == FLOW_SOURCE && (t->emitted == t->node->count || before + 1 != epoch))
      return 0;
  }
  inject(g, epoch);
  return 1;
}

void flow_end_with(flow_graph *g, uint64_t epoch) { g->last_epoch = epoch; }

void flow_give_up(flow_graph *g, uint64_t epoch) {
  g->given_up = epoch;
  for (uint32_t i = 0; i < g->chain_count; i++)
    mrr_chain_give_up(g->chains[i].chain, epoch);
}

void flow_refuse(flow_graph *g, uint64_t epoch) {
  g->refused_epoch = epoch;
  g->refusing = (uint32_t)(flow_next(&g->random) % g->chain_count);
  for (uint32_t i = 0; i < g->chain_count; i++) {
    g->chains[i].graph = g;
    mrr_chain_on_barrier(g->chains[i].chain, freeze, &g->chains[i]);
  }
}

void flow_drain(flow_graph *g) {
  for (uint32_t i = 0; i < g->chain_count; i++)
    if (g->chains[i].source)
      mrr_chain_drain(g->chains[i].chain);
}

int64_t flow_clock(const flow_graph *g) { return g->now - FLOW_BEGIN; }

uint64_t flow_turns(const flow_graph *g) { return g->turns; }

uint32_t flow_active(const flow_graph *g) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < g->loop_count; i++)
    n += mrr_loop_active(g->loops[i]);
  return n;
}

uint32_t flow_blocks_used(const flow_graph *g) { return mrr_arena_used(g->arena); }
