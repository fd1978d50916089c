/* SPDX-License-Identifier: Apache-2.0
 * The host's part in taps: what it is shown is read to the last byte and counted. */
#include "flow_private.h"
#include <stdlib.h>

static void add(uint64_t *count, uint64_t n) { __atomic_fetch_add(count, n, __ATOMIC_RELAXED); }

/* Each record is whole: its bytes are those that its writer put there. Loops may be threads. */
static int64_t look(void *argument, const mrr_passing *p, int64_t now) {
  flow_graph *g = argument;
  add(&g->tap_calls, 1);
  for (uint32_t i = 0; i < p->count; i++) {
    const uint8_t *payload;
    const mr_record *r = mrr_passing_at(p, i, &payload);
    if (r == NULL || r->length < sizeof(flow_head)) {
      add(&g->tap_broken, 1);
      continue;
    }
    flow_head head;
    memcpy(&head, payload, sizeof head);
    uint8_t *wanted = malloc(r->length);
    flow_fill(g, &head, wanted, r->length);
    add(&g->tap_broken, memcmp(wanted, payload, r->length) != 0);
    free(wanted);
    add(&g->tapped.count, 1);
    add(&g->tapped.sum, flow_mix(flow_identity(head.source, head.sequence, head.line)));
  }
  return now + g->tap_pause;
}

void flow_taps(flow_graph *g, int64_t pause) {
  g->tap_pause = pause;
  for (uint32_t i = 0; i < g->chain_count; i++)
    mrr_chain_on_tap(g->chains[i].chain, look, g);
}

void flow_tap(flow_graph *g, uint32_t node, uint32_t port, int64_t pause) {
  flow_taps(g, pause);
  flow_tap_open(g, node, port, 1);
}

void flow_tap_open(flow_graph *g, uint32_t node, uint32_t port, int open) {
  for (uint32_t k = 0; k < g->nodes[node].parallelism; k++)
    mrr_task_tap(g->tasks[g->first_task[node] + k].task, port, open);
}

void flow_tap_any(flow_graph *g, uint64_t n) {
  uint32_t node = (uint32_t)(n >> 8) % g->node_count;
  uint32_t ports = g->tasks[g->first_task[node]].port_count;
  uint32_t side = (uint32_t)(n >> 4) % (ports + 1);
  flow_tap_open(g, node, side == ports ? MRR_TAP_INPUT : side, (n & 1) != 0);
}

flow_tapped flow_tap_seen(const flow_graph *g, uint32_t node, uint32_t port) {
  flow_tapped t = {g->tapped, g->tap_broken, g->tap_calls, 0};
  for (uint32_t k = 0; k < g->nodes[node].parallelism; k++)
    t.passed += mrr_task_passed(g->tasks[g->first_task[node] + k].task, port);
  return t;
}
