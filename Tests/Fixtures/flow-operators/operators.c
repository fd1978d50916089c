/* SPDX-License-Identifier: Apache-2.0
 * The mock operators. Each one checks its input, then does one simple thing. */
#include "flow_private.h"

/* ---- writing ------------------------------------------------------------------ */

/* A copy of record i, as `line`; 0 where there is no room. */
static int copy(flow_task *t, uint32_t port, const mr_batch *b, uint32_t i, uint64_t line) {
  const mr_record *r = mr_at(b, i);
  mr_out *o = t->out[port];
  uint8_t *space = mr_reserve(o, r->length);
  if (!space)
    return 0;
  flow_head h = flow_head_of(b, i);
  h.writer = t->first_port + port;
  h.line = line;
  h.stamp = ++t->stamps[port];
  memcpy(space, &h, sizeof h);
  memcpy(space + sizeof h, mr_payload(b, r) + sizeof h, r->length - sizeof h);
  mr_record head = *r;
  head.flags &= MR_REC_USER;
  mr_commit(o, &head);
  return 1;
}

static int make(flow_task *t, uint64_t key, uint64_t sequence, int64_t event_time) {
  uint32_t size = flow_size(t->graph, t->number, sequence);
  uint8_t *space = mr_reserve(t->out[0], size);
  if (!space)
    return 0;
  flow_head h = {key, t->number, t->first_port, sequence, 0, ++t->stamps[0]};
  flow_fill(t->graph, &h, space, size);
  mr_record head = {size, 0, sizeof key, event_time, mrr_xxh3(&key, sizeof key), 0, 0};
  mr_commit(t->out[0], &head);
  return 1;
}

/* What a call that cannot go on answers; 0 for an operator that was promised room. */
static mr_status full(flow_task *t, uint32_t port, mr_work *work, uint32_t done) {
  mr_status s = t->out[port]->status;
  const flow_head none = {0};
  work->consumed = done;
  if (s == MR_AGAIN && !t->resumable) {
    flow_complain(t, "AGAIN to an operator that cannot resume", &none);
    return MR_E_INTERNAL;
  }
  return s;
}

/* ---- kinds ---------------------------------------------------------------------- */

static mr_status forward_some(flow_task *t, const mr_batch *b, mr_work *work) {
  uint32_t pick[2][256], n[2] = {0, 0};
  for (uint32_t i = 0; i < b->count; i++) {
    flow_head h = flow_head_of(b, i);
    uint64_t id = flow_identity(h.source, h.sequence, h.line);
    uint32_t port = t->node->kind == FLOW_SPLIT ? flow_split_port(id) : 0;
    if (flow_keeps(t->node->kind, id))
      pick[port][n[port]++] = i;
  }
  for (uint32_t p = 0; p < t->port_count; p++) {
    mr_status s = n[p] ? mr_forward(t->out[p], b, pick[p], n[p]) : MR_OK;
    if (s != MR_OK) {
      t->out[p]->status = s;
      return full(t, p, work, 0);
    }
  }
  return MR_OK;
}

static mr_status forward_all(flow_task *t, uint32_t port, const mr_batch *b, mr_work *work) {
  mr_status s = mr_forward(t->out[port], b, NULL, 0);
  t->out[port]->status = s;
  return s == MR_OK ? s : full(t, port, work, 0);
}

static mr_status copy_some(flow_task *t, const mr_batch *b, mr_work *work) {
  for (uint32_t i = 0; i < b->count; i++)
    if (!copy(t, 0, b, i, flow_head_of(b, i).line))
      return full(t, 0, work, i);
  return MR_OK;
}

/* The rest of a record may come after a batch of another lane. */
static mr_status explode(flow_task *t, const mr_batch *b, mr_work *work) {
  for (uint32_t i = 0; i < b->count; i++) {
    uint64_t line = flow_head_of(b, i).line;
    for (uint32_t *at = &t->child[b->lane]; *at < t->node->fan; ++*at)
      if (!copy(t, 0, b, i, flow_child_line(line, t->node_number, *at)))
        return full(t, 0, work, i);
    t->child[b->lane] = 0;
  }
  return MR_OK;
}

static mr_status tee(flow_task *t, const mr_batch *b, mr_work *work) {
  uint32_t which[256], n = 0;
  mr_status s = copy_some(t, b, work);
  if (s < 0)
    return s;
  uint32_t done = s == MR_AGAIN ? work->consumed : b->count;
  for (; n < done; n++)
    which[n] = n;
  if (n && mr_forward(t->out[1], b, which, n) != MR_OK) {
    const flow_head none = {0};
    flow_complain(t, "a bounded port that forwards was refused", &none);
    return MR_E_INTERNAL;
  }
  return s;
}

static mr_status handle(flow_task *t, const mr_batch *b, mr_work *work) {
  if (b->count == 0)
    return MR_OK;
  switch (t->node->kind) {
  case FLOW_SINK:
    return MR_OK;
  case FLOW_PASS:
  case FLOW_LAST:
  case FLOW_FORWARD_ANY:
    return forward_all(t, 0, b, work);
  case FLOW_SPARSE:
  case FLOW_HALF:
  case FLOW_SPLIT:
    return forward_some(t, b, work);
  case FLOW_MAP:
  case FLOW_MAP_BLUNT:
    return copy_some(t, b, work);
  case FLOW_TEE:
    return tee(t, b, work);
  default:
    return explode(t, b, work);
  }
}

/* ---- process, with its faults ------------------------------------------------------ */

static uint32_t fault_position(const flow_task *t, const mr_batch *b) {
  uint32_t times = t->node->fault_times ? t->node->fault_times : 1;
  uint64_t every = t->node->fault_every;
  if (t->node->fault == FLOW_NO_FAULT || t->node->fault == FLOW_ROUTE ||
      (t->faults >= times && !every))
    return b->count;
  for (uint32_t i = 0; i < b->count; i++) {
    uint64_t at = flow_head_of(b, i).sequence;
    if ((every ? at % every : at) == t->node->fault_at)
      return i;
  }
  return b->count;
}

static mr_status faulty(flow_task *t, const mr_batch *b, uint32_t at, mr_work *work) {
  t->faults++;
  uint32_t fault = t->node->fault;
  mr_batch before = *b;
  before.count = fault == FLOW_DATA || fault == FLOW_YIELD || fault == FLOW_WAIT ? at : b->count;
  mr_status s = handle(t, &before, work);
  if (s != MR_OK && fault != FLOW_TRANSIENT) {
    t->faults--; /* it did not come so far */
    return s;
  }
  switch (fault) {
  case FLOW_TRANSIENT:
    work->retry_ms = 1;
    return MR_E_TRANSIENT;
  case FLOW_DATA:
    work->bad = at;
    return MR_E_DATA;
  case FLOW_YIELD:
    work->consumed = at;
    return MR_YIELD;
  case FLOW_WAIT:
    work->consumed = at;
    work->retry_ms = 5000;
    return MR_AGAIN;
  case FLOW_DONE:
    return MR_DONE;
  case FLOW_OVERRUN:
    t->out[0]->cur = t->out[0]->end + MR_UNIT;
    return MR_OK;
  case FLOW_TOO_MUCH:
    work->consumed = b->count + 1;
    return MR_AGAIN;
  case FLOW_BAD_STATUS:
    return MR_AGAIN;
  default:
    return MR_E_INTERNAL;
  }
}

static mr_status process(void *op, const mr_batch *b, mr_work *work) {
  flow_task *t = op;
  uint64_t stamps[2] = {t->stamps[0], t->stamps[1]};
  if (!flow_check(t, b))
    return MR_E_INTERNAL;
  uint32_t child = t->child[b->lane];
  uint32_t at = fault_position(t, b);
  mr_status s = at < b->count ? faulty(t, b, at, work) : handle(t, b, work);
  if (s < 0 && s != MR_E_DATA) {
    /* nothing happened */
    memcpy(t->stamps, stamps, sizeof stamps);
    t->child[b->lane] = child;
    return s;
  }
  uint32_t done = s == MR_OK || s == MR_DONE ? b->count
                  : s == MR_E_DATA           ? work->bad
                                             : work->consumed;
  if (done <= b->count)
    flow_note(t, b, done);
  return s;
}

/* LAST: records of its own behind all others. */
static mr_status stop(void *op) {
  flow_task *t = op;
  for (; t->emitted < t->node->fan; t->emitted++)
    if (!make(t, flow_mix(t->emitted), t->emitted, INT64_MAX))
      return t->out[0]->status;
  return MR_OK;
}

/* ---- source ---------------------------------------------------------------------------- */

static mr_status poll(void *op, mr_poll *poll, mr_work *work) {
  flow_task *t = op;
  const flow_node *n = t->node;
  if (__atomic_load_n(&t->quiet, __ATOMIC_ACQUIRE))
    return MR_AGAIN;
  uint32_t times = n->fault_times ? n->fault_times : 1;
  if (n->fault == FLOW_TRANSIENT && t->emitted >= n->fault_at && t->faults < times) {
    t->faults++;
    work->retry_ms = 60000;
    return MR_E_TRANSIENT;
  }
  uint64_t most = n->burst ? 1 + flow_next(&t->random) % n->burst : poll->credit;
  most = most > poll->credit ? poll->credit : most;
  for (uint64_t i = 0; i < most && t->emitted < n->count; i++) {
    uint64_t id = flow_identity(t->number, t->emitted, 0);
    int64_t time = (int64_t)(t->emitted * 1000 + id % 1000);
    if (!make(t, flow_mix(id) % (n->keys ? n->keys : 1), t->emitted, time))
      return t->out[0]->status;
    t->emitted++;
    t->since_wake++;
    if (n->quiet && t->since_wake == n->quiet && t->emitted < n->count) {
      t->since_wake = 0;
      __atomic_store_n(&t->quiet, 1, __ATOMIC_RELEASE);
      break;
    }
  }
  if (t->emitted)
    poll->watermark = (int64_t)t->emitted * 1000 - 1;
  if (t->emitted == n->count)
    return MR_DONE;
  return __atomic_load_n(&t->quiet, __ATOMIC_RELAXED) ? MR_AGAIN : MR_OK;
}

static const mr_source source = {sizeof source, 0,    0,    poll, NULL, NULL,
                                 NULL,          NULL, NULL, NULL, NULL};

const mr_source *flow_source(void) { return &source; }

/* ---- partitioner ------------------------------------------------------------------------- */

static mr_status route(void *op, const mr_batch *b, uint32_t n, uint32_t *targets) {
  flow_task *t = op;
  for (uint32_t i = 0; i < b->count; i++) {
    flow_head h = flow_head_of(b, i);
    uint64_t id = flow_identity(h.source, h.sequence, h.line);
    if (i == 0 && t->node->fault == FLOW_ROUTE && t->asked == id)
      return MR_E_INTERNAL;
    if (i == 0)
      t->asked = id;
    targets[i] = flow_custom_target(id, n);
  }
  return MR_OK;
}

static void load(void *op, const uint8_t *level, uint32_t n) {
  (void)op;
  (void)level;
  (void)n;
}

const mr_partition flow_partition = {sizeof flow_partition, 0, route, load};

/* ---- tables ---------------------------------------------------------------------------------- */

static mr_port port_of(const flow_node *n, uint32_t port) {
  mr_port p = {sizeof p, 0, port ? "second" : "first", "Records.", NULL, 1, 0, 1, 0};
  if (flow_forwards(n->kind, port) && !flow_writes(n->kind, port))
    p.flags = MR_PORT_FORWARDS;
  if (n->kind == FLOW_EXPLODE || n->kind == FLOW_EXPLODE_BLUNT || n->kind == FLOW_FORWARD_ANY)
    p.max_records_per_input = p.max_times_input = 0;
  if (n->kind == FLOW_FORWARD_ANY)
    p.flags = 0;
  if (n->kind == FLOW_BOUNDED)
    p.max_records_per_input = p.max_times_input = n->fan;
  return p;
}

static int resumes(uint32_t kind) {
  return kind == FLOW_MAP || kind == FLOW_EXPLODE || kind == FLOW_TEE || kind == FLOW_LAST ||
         kind == FLOW_FORWARD_ANY;
}

/* The table of a node, made from the description; and what the host derives from it. */
mr_operator *flow_table(flow_graph *g, const flow_node *n, uint32_t ports) {
  mr_port *port = flow_take(g, 2 * sizeof *port);
  const mr_port **outputs = flow_take(g, 2 * sizeof *outputs);
  mr_operator *type = flow_take(g, sizeof *type);
  for (uint32_t i = 0; i < ports; i++) {
    port[i] = port_of(n, i);
    outputs[i] = &port[i];
  }
  type->struct_size = sizeof *type;
  type->kind = n->kind == FLOW_SOURCE ? MR_KIND_SOURCE
               : ports == 0           ? MR_KIND_SINK
                                      : MR_KIND_TRANSFORM;
  type->flags = (resumes(n->kind) ? MR_OP_RESUMABLE : 0) | MR_OP_STATELESS;
  type->id = "test.flow";
  type->outputs = outputs;
  type->output_count = ports;
  type->process = n->kind == FLOW_SOURCE ? NULL : process;
  type->stop = n->kind == FLOW_LAST ? stop : NULL;
  return type;
}
