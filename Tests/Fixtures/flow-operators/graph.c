/* SPDX-License-Identifier: Apache-2.0
 * From a description to tasks, lanes, ports, chains and loops, as the executor lays out a plan. */
#define _GNU_SOURCE
#include "flow_private.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define BLOCK 65536u
#define STAGING (16u << 20)

static void require(int holds, const char *what) {
  if (holds)
    return;
  fprintf(stderr, "flow graph: %s\n", what);
  abort();
}

/* ---- memory --------------------------------------------------------------------- */

static void own(flow_graph *g, void *memory) {
  if (g->owned_count == g->owned_room) {
    g->owned_room = g->owned_room ? 2 * g->owned_room : 64;
    g->owned = realloc(g->owned, g->owned_room * sizeof(void *));
  }
  g->owned[g->owned_count++] = memory;
}

void *flow_take(flow_graph *g, uint64_t bytes) {
  uint64_t size = (bytes + MRR_ALIGNMENT - 1) & ~(uint64_t)(MRR_ALIGNMENT - 1);
  void *memory = aligned_alloc(MRR_ALIGNMENT, size ? size : MRR_ALIGNMENT);
  memset(memory, 0, size);
  own(g, memory);
  return memory;
}

/* Large and mostly untouched: pages come when they are written. */
static uint8_t *map(flow_graph *g, uint64_t bytes) {
  uint64_t *entry = flow_take(g, 2 * sizeof *entry);
  void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  require(memory != MAP_FAILED, "no memory");
  entry[0] = (uint64_t)(uintptr_t)memory;
  entry[1] = bytes;
  own(g, (void *)((uintptr_t)entry | 1)); /* marked: a mapping */
  return memory;
}

flow_graph *flow_graph_new(uint64_t seed) {
  flow_graph *g = calloc(1, sizeof *g);
  g->seed = g->random = seed;
  return g;
}

void flow_graph_free(flow_graph *g) {
  for (uint32_t i = 0; i < g->owned_count; i++)
    if ((uintptr_t)g->owned[i] & 1) {
      const uint64_t *entry = (const uint64_t *)((uintptr_t)g->owned[i] & ~(uintptr_t)1);
      munmap((void *)(uintptr_t)entry[0], entry[1]);
    }
  for (uint32_t i = 0; i < g->owned_count; i++)
    if (!((uintptr_t)g->owned[i] & 1))
      free(g->owned[i]);
  free(g->owned);
  free(g);
}

/* ---- description ------------------------------------------------------------------ */

uint32_t flow_node_add(flow_graph *g, flow_node node) {
  require(g->node_count < FLOW_NODES, "too many nodes");
  g->nodes[g->node_count] = node;
  return g->node_count++;
}

void flow_edge_add(flow_graph *g, flow_edge edge) {
  require(g->edge_count < FLOW_EDGES, "too many edges");
  require(edge.from < edge.to, "an edge leads to a node that was added later");
  g->edges[g->edge_count++] = edge;
}

static uint32_t ports_of(uint32_t kind) {
  return kind == FLOW_SINK ? 0 : kind == FLOW_SPLIT || kind == FLOW_TEE ? 2 : 1;
}

static uint32_t lanes_into(const flow_graph *g, uint32_t node) {
  uint32_t n = 0;
  for (uint32_t e = 0; e < g->edge_count; e++)
    if (g->edges[e].to == node)
      n += g->edges[e].partition == MRR_ROUTE_FORWARD || g->edges[e].fused
               ? 1
               : g->nodes[g->edges[e].from].parallelism;
  return n;
}

/* ---- tasks ---------------------------------------------------------------------------- */

static int is_fused_into(const flow_graph *g, uint32_t node) {
  for (uint32_t e = 0; e < g->edge_count; e++)
    if (g->edges[e].to == node && g->edges[e].fused)
      return 1;
  return 0;
}

static void make_task(flow_graph *g, uint32_t node, uint32_t instance, uint32_t number) {
  flow_task *t = &g->tasks[number];
  flow_node *n = &g->nodes[node];
  t->graph = g;
  t->node = n;
  t->node_number = node;
  t->instance = instance;
  t->number = number;
  t->mark = MR_TIME_NONE;
  t->random = g->seed ^ flow_mix(number);
  t->port_count = ports_of(n->kind);
  t->first_port = g->port_count;
  g->port_count += t->port_count;
  t->lane_count = lanes_into(g, node);
  t->lane_port = flow_take(g, t->lane_count * sizeof(uint32_t));
  t->child = flow_take(g, t->lane_count * sizeof(uint32_t));
  t->cells = flow_take(g, sizeof(mrr_cells));
  t->box = flow_take(g, sizeof(mrr_box));
  t->context = mrr_context_make(flow_take(g, mrr_context_bytes()), number, g->seed + number);
  mrr_task_shape shape = {t->port_count, is_fused_into(g, node) ? 0 : t->lane_count};
  t->task = mrr_task_make(flow_take(g, mrr_task_bytes(shape)), shape, t->cells, t->box, t->context);
}

static void make_tasks(flow_graph *g) {
  for (uint32_t i = 0; i < g->node_count; i++) {
    g->first_task[i] = g->task_count;
    g->task_count += g->nodes[i].parallelism;
  }
  g->tasks = flow_take(g, g->task_count * sizeof(flow_task));
  for (uint32_t i = 0; i < g->node_count; i++)
    for (uint32_t k = 0; k < g->nodes[i].parallelism; k++)
      make_task(g, i, k, g->first_task[i] + k);
  for (uint32_t i = 0; i < g->task_count; i++) {
    flow_task *t = &g->tasks[i];
    t->last_stamp = flow_take(g, (uint64_t)t->lane_count * g->port_count * sizeof *t->last_stamp);
  }
}

static void make_arena(flow_graph *g, uint32_t spare) {
  g->block_count = 1 + spare;
  for (uint32_t i = 0; i < g->task_count; i++)
    g->block_count += g->tasks[i].port_count * g->tasks[i].node->quota;
  uint32_t wires = 0;
  for (uint32_t e = 0; e < g->edge_count; e++) {
    wires += flow_wires_of(g, &g->edges[e]);
    g->block_count += flow_wires_of(g, &g->edges[e]) * g->nodes[g->edges[e].from].quota;
  }
  g->base = map(g, (uint64_t)g->block_count * BLOCK);
  g->was_free = flow_take(g, g->block_count);
  memset(g->was_free, 1, g->block_count);
  uint32_t quotas = g->port_count + wires;
  g->arena = mrr_arena_make(flow_take(g, mrr_arena_bytes(g->block_count, quotas)), g->base,
                            g->block_count, quotas);
  uint32_t first = 1;
  for (uint32_t i = 0; i < g->task_count; i++)
    for (uint32_t p = 0; p < g->tasks[i].port_count; p++) {
      mrr_arena_quota(g->arena, g->tasks[i].first_port + p, first, g->tasks[i].node->quota);
      first += g->tasks[i].node->quota;
    }
  for (uint32_t e = 0, quota = g->port_count; e < g->edge_count; e++)
    for (uint32_t w = flow_wires_of(g, &g->edges[e]); w; w--) {
      mrr_arena_quota(g->arena, quota++, first, g->nodes[g->edges[e].from].quota);
      first += g->nodes[g->edges[e].from].quota;
    }
  mrr_arena_spare(g->arena, first);
}

/* ---- edges --------------------------------------------------------------------------------- */

/* Lanes of one edge: [producer instance][consumer instance], attached to their consumers. */
static mrr_lane **make_lanes(flow_graph *g, const flow_edge *e, uint32_t *attached) {
  uint32_t producers = g->nodes[e->from].parallelism, consumers = g->nodes[e->to].parallelism;
  uint32_t each = e->partition == MRR_ROUTE_FORWARD ? 1 : consumers;
  mrr_lane **lanes = flow_take(g, (uint64_t)producers * each * sizeof *lanes);
  for (uint32_t p = 0; p < producers; p++)
    for (uint32_t k = 0; k < each; k++) {
      uint32_t c = g->first_task[e->to] + (e->partition == MRR_ROUTE_FORWARD ? p : k);
      flow_task *consumer = &g->tasks[c];
      uint32_t port = g->tasks[g->first_task[e->from] + p].first_port + e->port;
      consumer->lane_port[attached[c]] = port;
      if (!e->fused) {
        mrr_lane *l = mrr_lane_make(flow_take(g, mrr_lane_bytes(e->queue)), e->queue);
        mrr_task_input(consumer->task, attached[c], l, 0);
        lanes[p * each + k] = l;
        if (e->wire) {
          lanes[p * each + k] = mrr_lane_make(flow_take(g, mrr_lane_bytes(e->queue)), e->queue);
          flow_wire(g, e, g->first_task[e->from] + p, lanes[p * each + k], l);
        }
      }
      attached[c]++;
    }
  return lanes;
}

static void make_port(flow_graph *g, flow_task *t, uint32_t port, const mr_port *description,
                      mrr_lane **const *lanes) {
  uint32_t edges = 0, count = 0, fused = 0;
  for (uint32_t e = 0; e < g->edge_count; e++) {
    const flow_edge *edge = &g->edges[e];
    if (edge->from != t->node_number || edge->port != port)
      continue;
    fused |= edge->fused;
    if (!edge->fused) {
      edges++;
      count += edge->partition == MRR_ROUTE_FORWARD ? 1 : g->nodes[edge->to].parallelism;
    }
  }
  int forwards = (description->flags & MR_PORT_FORWARDS) != 0;
  int staged = t->node->kind != FLOW_SOURCE && !t->resumable &&
               !(forwards && description->max_records_per_input);
  mrr_port_make(t->task, port, flow_take(g, mrr_port_bytes(edges, count)), g->arena,
                t->first_port + port, edges, count, staged ? map(g, STAGING + STAGING / 8) : NULL,
                STAGING, forwards);
  for (uint32_t e = 0, at = 0; e < g->edge_count; e++) {
    const flow_edge *edge = &g->edges[e];
    if (edge->from != t->node_number || edge->port != port || edge->fused)
      continue;
    uint32_t each = edge->partition == MRR_ROUTE_FORWARD ? 1 : g->nodes[edge->to].parallelism;
    mrr_port_edge(t->task, port, at, edge->partition, lanes[e] + t->instance * each, each);
    if (edge->partition == MRR_ROUTE_CUSTOM)
      mrr_port_partitioner(t->task, port, at, &flow_partition, t);
    at++;
  }
  if (fused)
    mrr_port_fuse(t->task, port);
  t->out[port] = mrr_task_out(t->task, port);
}

static void make_edges(flow_graph *g) {
  uint32_t *attached = flow_take(g, g->task_count * sizeof *attached);
  mrr_lane ***lanes = flow_take(g, g->edge_count * sizeof *lanes);
  for (uint32_t e = 0; e < g->edge_count; e++)
    lanes[e] = make_lanes(g, &g->edges[e], attached);
  for (uint32_t n = 0; n < g->node_count; n++) {
    uint32_t limit = g->nodes[n].batch_limit ? g->nodes[n].batch_limit : 256;
    mr_operator *type = flow_table(g, &g->nodes[n], ports_of(g->nodes[n].kind));
    for (uint32_t k = 0; k < g->nodes[n].parallelism; k++) {
      flow_task *t = &g->tasks[g->first_task[n] + k];
      t->resumable = (type->flags & MR_OP_RESUMABLE) != 0;
      for (uint32_t p = 0; p < t->port_count; p++)
        make_port(g, t, p, type->outputs[p], (mrr_lane * *const *)lanes);
      mrr_task_operator(t->task, type, g->nodes[n].kind == FLOW_SOURCE ? flow_source() : NULL, t,
                        limit);
    }
  }
}

/* ---- chains ---------------------------------------------------------------------- */

static uint32_t outputs_of(const flow_graph *g, uint32_t node) {
  uint32_t n = 0;
  for (uint32_t e = 0; e < g->edge_count; e++)
    if (g->edges[e].from == node && !g->edges[e].fused)
      n += g->edges[e].partition == MRR_ROUTE_FORWARD ? 1 : g->nodes[g->edges[e].to].parallelism;
  return n;
}

static int fused_next(const flow_graph *g, uint32_t node, uint32_t *next) {
  for (uint32_t e = 0; e < g->edge_count; e++)
    if (g->edges[e].from == node && g->edges[e].fused) {
      *next = g->edges[e].to;
      return 1;
    }
  return 0;
}

static void make_chains(flow_graph *g) {
  for (uint32_t n = 0; n < g->node_count; n++) {
    if (is_fused_into(g, n))
      continue;
    for (uint32_t k = 0; k < g->nodes[n].parallelism; k++) {
      mrr_task *members[16];
      uint32_t count = 0, node = n;
      do
        members[count++] = g->tasks[g->first_task[node] + k].task;
      while (count < 16 && fused_next(g, node, &node));
      uint32_t outputs = outputs_of(g, node);
      flow_chain_info *c = &g->chains[g->chain_count++];
      c->chain = mrr_chain_make(flow_take(g, mrr_chain_bytes(count, outputs)), g->arena, members,
                                count, outputs);
      c->first_task = g->first_task[n] + k;
      c->box = g->tasks[c->first_task].box;
      c->last_task = g->first_task[node] + k;
      c->source = g->nodes[n].kind == FLOW_SOURCE;
      if (g->nodes[n].idle_after) {
        const mrr_event_time how = {NULL, NULL, 1, g->nodes[n].idle_after, INT64_MAX};
        mrr_chain_event_time(c->chain, &how);
        g->may_be_late = 1;
      }
      c->loop = (uint32_t)(g->seed ? flow_next(&g->random) : g->chain_count - 1) % g->loop_count;
    }
  }
}

/* How many ways lead from each writer to each port without being written anew: 0, 1 or more. In
 * a lane to which one way leads, the writer's records are in its order. */
static void count_paths(flow_graph *g) {
  g->paths = flow_take(g, (uint64_t)g->port_count * g->port_count);
  for (uint32_t i = 0; i < g->task_count; i++) {
    const flow_task *t = &g->tasks[i];
    for (uint32_t p = 0; p < t->port_count; p++) {
      uint8_t *row = &g->paths[(t->first_port + p) * g->port_count];
      if (flow_writes(t->node->kind, p))
        row[t->first_port + p] = 1;
      for (uint32_t l = 0; l < t->lane_count && flow_forwards(t->node->kind, p); l++) {
        const uint8_t *from = &g->paths[t->lane_port[l] * g->port_count];
        for (uint32_t w = 0; w < g->port_count; w++)
          row[w] = row[w] + from[w] > 1 ? 2 : row[w] + from[w];
      }
    }
  }
}

void flow_build(flow_graph *g, uint32_t loops, int64_t spin, uint32_t spare) {
  g->loop_count = loops;
  g->spin = spin;
  g->now = FLOW_BEGIN;
  make_tasks(g);
  make_arena(g, spare);
  uint32_t chains = g->task_count;
  for (uint32_t e = 0; e < g->edge_count; e++)
    chains += 2 * flow_wires_of(g, &g->edges[e]);
  g->chains = flow_take(g, chains * sizeof *g->chains);
  make_edges(g);
  make_chains(g);
  count_paths(g);
  g->loops = flow_take(g, loops * sizeof *g->loops);
  g->asleep = flow_take(g, loops * sizeof *g->asleep);
  g->due = flow_take(g, loops * sizeof *g->due);
  for (uint32_t i = 0; i < loops; i++)
    g->loops[i] = mrr_loop_make(flow_take(g, mrr_loop_bytes(g->chain_count)), g->chain_count, spin);
}

void flow_join(flow_graph *g, uint32_t loop) {
  for (uint32_t i = 0; i < g->chain_count; i++)
    if (g->chains[i].loop == loop)
      mrr_chain_join(g->chains[i].chain, g->loops[loop]);
}
