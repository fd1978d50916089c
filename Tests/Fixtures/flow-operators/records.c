/* SPDX-License-Identifier: Apache-2.0
 * What the records of a test say, and whether they still say it. */
#include "flow_private.h"
#include <stdio.h>

uint32_t flow_size(const flow_graph *g, uint32_t source, uint64_t sequence) {
  const flow_node *n = g->tasks[source].node;
  if (n->kind != FLOW_SOURCE)
    return FLOW_PAYLOAD_MIN;
  uint64_t h = flow_mix(g->seed ^ flow_identity(source, sequence, 1));
  if ((h & 1023) < n->large)
    return n->size_large;
  return n->size_min + (uint32_t)((h >> 10) % (n->size_max - n->size_min + 1));
}

static uint64_t word_at(const flow_head *h, uint64_t at) {
  return (h->sequence + at) * 0x9E3779B97F4A7C15ull ^ h->source;
}

/* The bytes behind the head depend on where the record comes from, not on who copied it. */
void flow_fill(const flow_graph *g, const flow_head *head, uint8_t *payload, uint32_t size) {
  (void)g;
  memcpy(payload, head, sizeof *head);
  for (uint32_t at = sizeof *head; at < size; at += 8) {
    uint64_t word = word_at(head, at);
    memcpy(payload + at, &word, size - at < 8 ? size - at : 8);
  }
}

flow_head flow_head_of(const mr_batch *b, uint32_t i) {
  flow_head h;
  memcpy(&h, mr_payload(b, mr_at(b, i)), sizeof h);
  return h;
}

void flow_complain(flow_task *t, const char *what, const flow_head *h) {
  if (t->text[0])
    return;
  snprintf(t->text, sizeof t->text, "node %u.%u: %s: source %u sequence %llu writer %u stamp %llu",
           t->node_number, t->instance, what, h->source, (unsigned long long)h->sequence, h->writer,
           (unsigned long long)h->stamp);
}

static int bytes_hold(const flow_head *h, const uint8_t *payload, uint32_t size) {
  uint64_t wrong = 0, word;
  uint32_t at = sizeof *h;
  for (; at + 8 <= size; at += 8) {
    memcpy(&word, payload + at, 8);
    wrong |= word ^ word_at(h, at);
  }
  word = word_at(h, at);
  return !wrong && memcmp(payload + at, &word, size - at) == 0;
}

static int intact(flow_task *t, const mr_record *r, const flow_head *h, const uint8_t *payload) {
  flow_graph *g = t->graph;
  if (r->length < sizeof *h || h->source >= g->task_count || h->writer >= g->port_count) {
    flow_complain(t, "no record at all", h);
    return 0;
  }
  if (r->length != flow_size(g, h->source, h->sequence) || r->key_length != sizeof h->key ||
      r->key_hash != mrr_xxh3(&h->key, sizeof h->key) || (r->flags & ~MR_REC_USER)) {
    flow_complain(t, "wrong header", h);
    return 0;
  }
  if (!bytes_hold(h, payload, r->length)) {
    flow_complain(t, "wrong bytes", h);
    return 0;
  }
  return 1;
}

/* Is every record of the batch what it says it is, and in its place? 0 and a text if not. Does
 * not note anything yet: the batch may come again. */
int flow_check(flow_task *t, const mr_batch *b) {
  flow_graph *g = t->graph;
  const flow_head none = {0};
  if (b->lane >= t->lane_count) {
    flow_complain(t, "no such lane", &none);
    return 0;
  }
  uint32_t port = t->lane_port[b->lane];
  for (uint32_t i = 0; i < b->count; i++) {
    const mr_record *r = mr_at(b, i);
    flow_head h = flow_head_of(b, i);
    if (!intact(t, r, &h, mr_payload(b, r)))
      return 0;
    if (g->paths[port * g->port_count + h.writer] == 0) {
      flow_complain(t, "not meant for this lane", &h);
      return 0;
    }
    if (r->event_time <= t->mark && !g->may_be_late) {
      flow_complain(t, "behind its watermark", &h);
      return 0;
    }
  }
  return 1;
}

static void in_order(flow_task *t, const mr_batch *b, const flow_head *h) {
  flow_graph *g = t->graph;
  if (g->paths[t->lane_port[b->lane] * g->port_count + h->writer] != 1)
    return; /* ways of several lengths lead here */
  uint64_t *last = &t->last_stamp[b->lane * g->port_count + h->writer];
  if (h->stamp <= *last)
    flow_complain(t, "out of order, or twice", h);
  *last = h->stamp;
}

/* The first `n` records of the batch are done with. */
void flow_note(flow_task *t, const mr_batch *b, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    flow_head h = flow_head_of(b, i);
    in_order(t, b, &h);
    uint32_t group = mr_key_group(mr_at(b, i)->key_hash, 1024);
    t->misrouted += group * t->node->parallelism / 1024 != t->instance;
    t->seen.count++;
    t->seen.sum += flow_mix(flow_identity(h.source, h.sequence, h.line));
  }
  if (n == b->count && b->watermark > t->mark) {
    t->mark = b->watermark;
    t->mark_events++;
  }
}
