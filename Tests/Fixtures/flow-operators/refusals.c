/* SPDX-License-Identifier: Apache-2.0
 * The host's part in records that operators do not take: here they are counted. */
#include "flow_private.h"

static uint64_t sequence_of(const uint8_t *payload) {
  flow_head head;
  memcpy(&head, payload, sizeof head);
  return head.sequence;
}

static uint32_t refuse(void *argument, const mrr_refused *r) {
  flow_graph *g = argument;
  g->refusals.count++;
  g->refusals.sum += sequence_of(r->payload);
  return MRR_REFUSAL_KEPT;
}

void flow_take_refusals(flow_graph *g) {
  for (uint32_t i = 0; i < g->chain_count; i++)
    mrr_chain_on_refusal(g->chains[i].chain, refuse, g);
}

static uint32_t inspect(void *argument, uint32_t member, const mr_batch *b) {
  flow_graph *g = argument;
  (void)member;
  g->shown_max = b->count > g->shown_max ? b->count : g->shown_max;
  for (uint32_t i = 0; i < b->count; i++)
    if (sequence_of(mr_payload(b, mr_at(b, i))) % g->out_every == g->out_at)
      return i;
  return b->count;
}

void flow_take_out(flow_graph *g, uint32_t node, uint64_t every, uint64_t at, uint32_t mode) {
  g->out_every = every;
  g->out_at = at;
  flow_take_refusals(g);
  for (uint32_t i = 0; i < g->chain_count; i++)
    mrr_chain_on_inspection(g->chains[i].chain, inspect, g);
  for (uint32_t k = 0; k < g->nodes[node].parallelism; k++)
    mrr_task_watch(g->tasks[g->first_task[node] + k].task, mode);
}

flow_sum flow_refused(const flow_graph *g) { return g->refusals; }
uint32_t flow_shown_max(const flow_graph *g) { return g->shown_max; }
