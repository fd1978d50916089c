/* SPDX-License-Identifier: Apache-2.0
 * Edges whose lanes go through wires, as if their ends lay in two processes. Both ends use the
 * arena of the graph, and ring by waking each other's chain. */
#include "flow_private.h"

uint32_t flow_wires_of(const flow_graph *g, const flow_edge *e) {
  uint32_t each = e->partition == MRR_ROUTE_FORWARD ? 1 : g->nodes[e->to].parallelism;
  return e->wire ? g->nodes[e->from].parallelism * each : 0;
}

void flow_wire_edges(flow_graph *g, uint32_t bytes) {
  for (uint32_t e = 0; e < g->edge_count; e++)
    if (!g->edges[e].fused)
      g->edges[e].wire = bytes;
}

static void ring(void *chain) { mrr_chain_wake(chain); }

void flow_scribble(flow_graph *g, uint64_t random) {
  uint32_t wire = (uint32_t)(random % g->wire_count % FLOW_EDGES);
  uint64_t bytes = g->wires[wire].bytes;
  /* One in four into the words at the begin, the others into what they describe. */
  uint64_t at = flow_mix(random) % (random % 4 == 0 ? mrr_wire_shared_bytes(0) : bytes) & ~7ull;
  uint64_t value = flow_mix(random + 1) >> flow_mix(random + 2) % 64;
  memcpy(g->wires[wire].shared + at, &value, sizeof value);
}

/* A chain of one task without anybody of the graph behind it. */
static mrr_chain *make_end(flow_graph *g, uint32_t producer, mrr_lane *in, mrr_lane *out) {
  mrr_task_shape shape = {out ? 1 : 0, in ? 1 : 0};
  mrr_box *box = flow_take(g, sizeof *box);
  mr_ctx *context = mrr_context_make(flow_take(g, mrr_context_bytes()), producer, g->seed);
  mrr_task *t = mrr_task_make(flow_take(g, mrr_task_bytes(shape)), shape,
                              flow_take(g, sizeof(mrr_cells)), box, context);
  if (in)
    mrr_task_input(t, 0, in, 0);
  if (out) {
    mrr_port_make(t, 0, flow_take(g, mrr_port_bytes(1, 1)), g->arena,
                  g->port_count + g->wire_count, 1, 1, NULL, 0, 0);
    mrr_port_edge(t, 0, 0, MRR_ROUTE_FORWARD, &out, 1);
  }
  uint32_t outputs = out ? 1 : 0;
  void *memory = flow_take(g, mrr_chain_bytes(1, outputs));
  mrr_chain *c = mrr_chain_make(memory, g->arena, &t, 1, outputs);
  flow_chain_info *info = &g->chains[g->chain_count++];
  info->chain = c;
  info->first_task = info->last_task = producer;
  info->box = box;
  info->loop = (uint32_t)(g->seed ? flow_next(&g->random) : g->chain_count - 1) % g->loop_count;
  return c;
}

void flow_wire(flow_graph *g, const flow_edge *e, uint32_t producer, mrr_lane *near,
               mrr_lane *far) {
  void *shared = flow_take(g, mrr_wire_shared_bytes(e->wire));
  mrr_wire *out = mrr_wire_make(flow_take(g, mrr_wire_bytes()), shared, e->wire);
  mrr_wire *in = mrr_wire_make(flow_take(g, mrr_wire_bytes()), shared, e->wire);
  mrr_chain *export = make_end(g, producer, near, NULL);
  mrr_chain *import = make_end(g, producer, NULL, far);
  mrr_chain_export(export, out);
  mrr_chain_import(import, in);
  mrr_wire_bell(out, ring, import);
  mrr_wire_bell(in, ring, export);
  g->wires[g->wire_count % FLOW_EDGES].shared = shared;
  g->wires[g->wire_count % FLOW_EDGES].bytes = mrr_wire_shared_bytes(e->wire);
  g->wire_count++;
}
