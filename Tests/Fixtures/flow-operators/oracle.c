/* SPDX-License-Identifier: Apache-2.0
 * What must come out of a graph: each record of each source is followed through the nodes on
 * paper. Where a record goes depends on nothing but its identity, so counts and sums of
 * identities suffice. */
#include "flow_private.h"
#include <stdio.h>

typedef struct {
  flow_graph *graph;
  uint64_t source; /* with the sequence: where the record comes from */
  uint64_t sequence;
  flow_sum total[FLOW_NODES];
} walk;

static void visit(walk *w, uint32_t node, uint64_t line, uint64_t times);

static uint64_t copies(const flow_graph *g, const flow_edge *e, uint64_t id) {
  uint32_t consumers = g->nodes[e->to].parallelism;
  if (e->partition == MRR_ROUTE_BROADCAST)
    return consumers;
  if (e->partition != MRR_ROUTE_CUSTOM)
    return 1;
  uint32_t target = flow_custom_target(id, consumers);
  return target == MR_TARGET_ALL ? consumers : target != MR_TARGET_NONE;
}

static void leave(walk *w, uint32_t node, uint32_t port, uint64_t line, uint64_t times) {
  const flow_graph *g = w->graph;
  uint64_t id = flow_identity((uint32_t)w->source, w->sequence, line);
  for (uint32_t e = 0; e < g->edge_count; e++) {
    const flow_edge *edge = &g->edges[e];
    if (edge->from != node || edge->port != port)
      continue;
    uint64_t n = edge->fused ? 1 : copies(g, edge, id);
    if (n)
      visit(w, edge->to, line, times * n);
  }
}

static void visit(walk *w, uint32_t node, uint64_t line, uint64_t times) {
  const flow_node *n = &w->graph->nodes[node];
  uint64_t id = flow_identity((uint32_t)w->source, w->sequence, line);
  w->total[node].count += times;
  w->total[node].sum += times * flow_mix(id);
  switch (n->kind) {
  case FLOW_SINK:
    return;
  case FLOW_EXPLODE:
  case FLOW_EXPLODE_BLUNT:
  case FLOW_BOUNDED:
    for (uint32_t i = 0; i < n->fan; i++)
      leave(w, node, 0, flow_child_line(line, node, i), times);
    return;
  case FLOW_SPLIT:
    leave(w, node, flow_split_port(id), line, times);
    return;
  case FLOW_TEE:
    leave(w, node, 0, line, times);
    leave(w, node, 1, line, times);
    return;
  default:
    if (flow_keeps(n->kind, id))
      leave(w, node, 0, line, times);
  }
}

/* Totals of all nodes; `epoch` 0: at the end. 0: a source has not passed that barrier. */
static int follow(walk *w, flow_graph *g, uint64_t epoch) {
  memset(w, 0, sizeof *w);
  w->graph = g;
  for (uint32_t i = 0; i < g->task_count; i++) {
    const flow_task *t = &g->tasks[i];
    uint64_t count = t->node->kind == FLOW_SOURCE ? t->node->count
                     : t->node->kind == FLOW_LAST ? t->node->fan
                                                  : 0;
    if (epoch && t->node->kind == FLOW_SOURCE && t->cut[epoch] == 0)
      return 0;
    if (epoch)
      count = t->node->kind == FLOW_SOURCE ? t->cut[epoch] - 1 : 0;
    w->source = i;
    for (w->sequence = 0; w->sequence < count; w->sequence++)
      leave(w, t->node_number, 0, 0, 1);
  }
  return 1;
}

flow_sum flow_expected(flow_graph *g, uint32_t node) {
  walk w;
  follow(&w, g, 0);
  return w.total[node];
}

flow_sum flow_expected_before(flow_graph *g, uint32_t node, uint64_t epoch) {
  walk w;
  const flow_sum none = {0, 0};
  return follow(&w, g, epoch) ? w.total[node] : none;
}

flow_sum flow_seen(const flow_graph *g, uint32_t node) {
  flow_sum sum = {0, 0};
  for (uint32_t k = 0; k < g->nodes[node].parallelism; k++) {
    sum.count += g->tasks[g->first_task[node] + k].seen.count;
    sum.sum += g->tasks[g->first_task[node] + k].seen.sum;
  }
  return sum;
}

flow_sum flow_seen_before(const flow_graph *g, uint32_t node, uint64_t epoch) {
  flow_sum sum = {0, 0};
  for (uint32_t k = 0; k < g->nodes[node].parallelism; k++) {
    const flow_task *t = &g->tasks[g->first_task[node] + k];
    if (t->cut[epoch] == 0)
      return (flow_sum){0, 0};
    sum.count += t->before[epoch].count;
    sum.sum += t->before[epoch].sum;
  }
  return sum;
}

int flow_right(flow_graph *g) {
  walk w;
  follow(&w, g, 0);
  for (uint32_t n = 0; n < g->node_count; n++) {
    flow_sum seen = flow_seen(g, n);
    if (g->nodes[n].kind == FLOW_SOURCE)
      continue;
    if (seen.count != w.total[n].count || seen.sum != w.total[n].sum) {
      snprintf(g->text, sizeof g->text, "node %u saw %llu records, not %llu (seed %llu)", n,
               (unsigned long long)seen.count, (unsigned long long)w.total[n].count,
               (unsigned long long)g->seed);
      return 0;
    }
  }
  if (flow_progress(g) == 0 || mrr_arena_used(g->arena) != 0) {
    snprintf(g->text, sizeof g->text, "%u blocks are not free at the end (seed %llu)",
             mrr_arena_used(g->arena), (unsigned long long)g->seed);
    return 0;
  }
  return 1;
}

/* ---- looking at it ---------------------------------------------------------------- */

const char *flow_text(const flow_graph *g) { return g->text; }
mrr_failure flow_failure(const flow_graph *g) { return g->failure; }

const mrr_cells *flow_cells(const flow_graph *g, uint32_t node, uint32_t instance) {
  return g->tasks[g->first_task[node] + instance].cells;
}

uint64_t flow_seen_by(const flow_graph *g, uint32_t node, uint32_t instance) {
  return g->tasks[g->first_task[node] + instance].seen.count;
}

uint64_t flow_misrouted(const flow_graph *g, uint32_t node) {
  uint64_t n = 0;
  for (uint32_t k = 0; k < g->nodes[node].parallelism; k++)
    n += g->tasks[g->first_task[node] + k].misrouted;
  return n;
}

uint32_t flow_loop_count(const flow_graph *g) { return g->loop_count; }
mrr_loop *flow_loop(const flow_graph *g, uint32_t loop) { return g->loops[loop]; }

uint32_t flow_chains_on(const flow_graph *g, uint32_t loop) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < g->chain_count; i++)
    n += g->chains[i].loop == loop;
  return n;
}

uint32_t flow_chain_count(const flow_graph *g) { return g->chain_count; }
mrr_chain *flow_source_chain(const flow_graph *g) {
  uint32_t i = 0;
  while (!g->chains[i].source)
    i++;
  return g->chains[i].chain;
}

mr_ctx *flow_context(const flow_graph *g, uint32_t chain) {
  return g->tasks[g->chains[chain].first_task].context;
}

int flow_rouse(const flow_graph *g, uint32_t chain) {
  flow_task *t = &g->tasks[g->chains[chain].first_task];
  return __atomic_exchange_n(&t->quiet, 0, __ATOMIC_ACQ_REL) != 0;
}

uint32_t flow_task_count(const flow_graph *g) { return g->task_count; }
uint64_t flow_epoch(const flow_graph *g, uint32_t task) { return g->tasks[task].box->epoch; }

int flow_passed(const flow_graph *g, uint32_t loop, uint64_t epoch) {
  for (uint32_t i = 0; i < g->chain_count; i++)
    if (g->chains[i].loop == loop && g->chains[i].box->epoch != epoch)
      return 0;
  return 1;
}

uint64_t flow_progress(const flow_graph *g) {
  uint64_t n = 0;
  for (uint32_t i = 0; i < g->task_count; i++)
    n += __atomic_load_n(&g->tasks[i].cells->records_in, __ATOMIC_RELAXED) +
         __atomic_load_n(&g->tasks[i].cells->records_out, __ATOMIC_RELAXED);
  return n;
}
