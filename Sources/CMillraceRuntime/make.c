/* SPDX-License-Identifier: Apache-2.0
 * Laying out tasks, ports and chains in the memory they are given. Set-up only. */
#include "layout.h"

static uint64_t rounded(uint64_t bytes) {
  return (bytes + MRR_ALIGNMENT - 1) & ~(uint64_t)(MRR_ALIGNMENT - 1);
}

static uint64_t lane_words(uint32_t lanes) { return lanes ? (lanes + 63) / 64 : 1; }

/* ---- tasks ---------------------------------------------------------------------- */

uint64_t mrr_task_bytes(mrr_task_shape shape) {
  return rounded(sizeof(mrr_task)) + rounded(shape.ports * sizeof(mrr_port *)) +
         2 * rounded(shape.input_lanes * sizeof(mrr_lane *)) +
         rounded(lane_words(shape.input_lanes) * sizeof(mrr_word));
}

mrr_task *mrr_task_make(void *memory, mrr_task_shape shape, mrr_cells *cells, mrr_box *box,
                        mr_ctx *context) {
  uint8_t *at = memory;
  mrr_task *t = memory;
  at += rounded(sizeof *t);
  t->cells = cells;
  t->box = box;
  t->ctx = context;
  context->task = t;
  t->port_count = shape.ports;
  t->ports = (mrr_port **)(void *)at;
  at += rounded(shape.ports * sizeof(mrr_port *));
  t->lane_count = shape.input_lanes;
  t->lanes = (mrr_lane **)(void *)at;
  at += rounded(shape.input_lanes * sizeof(mrr_lane *));
  t->active = (mrr_lane **)(void *)at;
  at += rounded(shape.input_lanes * sizeof(mrr_lane *));
  t->woken = (mrr_word *)at;
  t->watermark = MR_TIME_NONE;
  cells->watermark = MR_TIME_NONE;
  t->batch.struct_size = sizeof t->batch;
  t->work.struct_size = sizeof t->work;
  return t;
}

void mrr_task_input(mrr_task *t, uint32_t number, mrr_lane *lane, uint32_t input) {
  t->lanes[number] = lane;
  t->active[t->active_count++] = lane;
  t->cells->queue_capacity += lane->capacity;
  lane->consumer = t;
  lane->number = number;
  lane->input = input;
  lane->listed = 1;
}

/* The most records one input record can cause on a port; 0: no bound on some port. */
static uint32_t most_records(const mr_operator *type) {
  uint32_t most = 1;
  for (uint32_t i = 0; i < type->output_count; i++) {
    uint32_t n = type->outputs[i]->max_records_per_input;
    if (n == 0)
      return 0;
    most = n > most ? n : most;
  }
  return most;
}

void mrr_task_operator(mrr_task *t, const mr_operator *type, const mr_source *source, void *op,
                       uint32_t batch_limit) {
  t->type = type;
  t->op = op;
  t->process = type->process;
  t->stop = type->stop;
  t->source = source;
  t->resumable = (type->flags & MR_OP_RESUMABLE) != 0;
  t->stateless = (type->flags & MR_OP_STATELESS) != 0;
  t->batch_limit = t->limit = batch_limit;
  t->bound = source ? 1 : most_records(type);
  t->slots = t->bound ? t->bound : MRR_BATCH;
}

/* ---- ports ------------------------------------------------------------------------ */

uint64_t mrr_port_bytes(uint32_t edges, uint32_t lanes) {
  return rounded(sizeof(mrr_port)) + rounded(edges * sizeof(mrr_edge)) +
         rounded(lanes * sizeof(mrr_lane *)) + rounded(MRR_SCRATCH * sizeof(uint32_t));
}

void mrr_port_make(mrr_task *t, uint32_t port, void *memory, mrr_arena *a, uint32_t quota,
                   uint32_t edges, uint32_t lanes, uint8_t *staging, uint64_t staging_bytes,
                   int forwards) {
  uint8_t *at = memory;
  mrr_port *p = memory;
  at += rounded(sizeof *p);
  p->edges = (mrr_edge *)(void *)at;
  at += rounded(edges * sizeof(mrr_edge));
  p->lane_room = (mrr_lane **)(void *)at;
  at += rounded(lanes * sizeof(mrr_lane *));
  p->scratch = (uint32_t *)(void *)at;
  p->scratch_size = MRR_SCRATCH;
  p->edge_count = edges;
  p->task = t;
  p->arena = a;
  p->quota = &a->quotas[quota];
  p->forwards = (uint32_t)forwards;
  p->mode = lanes == 0 ? MRR_PORT_UNUSED : MRR_PORT_ROUTE;
  if (staging) {
    p->staging = staging;
    p->staging_size = staging_bytes;
    p->staged_index = (uint32_t *)(void *)(staging + staging_bytes);
    p->staged_size = (uint32_t)(staging_bytes / 32);
  }
  p->out.struct_size = sizeof p->out;
  p->out.port = port;
  p->out.base = p->out.cur = p->out.end = a->base;
  p->out.icur = p->out.iend = p->scratch;
  p->out.ops = &mrr_out_ops_table;
  p->out.flags = lanes == 0 ? MR_OUT_UNUSED : 0;
  t->ports[port] = p;
}

void mrr_port_edge(mrr_task *t, uint32_t port, uint32_t edge, uint32_t partition,
                   mrr_lane *const *lanes, uint32_t count) {
  mrr_port *p = t->ports[port];
  mrr_edge *e = &p->edges[edge];
  e->partition = partition;
  e->lanes = p->lane_room;
  e->lane_count = count;
  for (uint32_t i = 0; i < count; i++)
    *p->lane_room++ = lanes[i];
  if (p->edge_count == 1 && count == 1 && partition != MRR_ROUTE_CUSTOM) {
    p->mode = MRR_PORT_LANE;
    p->lane = lanes[0];
  }
}

void mrr_port_partitioner(mrr_task *t, uint32_t port, uint32_t edge, const mr_partition *table,
                          void *op) {
  t->ports[port]->edges[edge].custom = table;
  t->ports[port]->edges[edge].custom_op = op;
}

void mrr_port_fuse(mrr_task *t, uint32_t port) {
  mrr_port *p = t->ports[port];
  p->mode = MRR_PORT_FUSED;
  t->link = p;
  p->out.flags = 0;
}

mr_out *mrr_task_out(mrr_task *t, uint32_t port) { return &t->ports[port]->out; }

/* ---- chains ------------------------------------------------------------------------- */

uint64_t mrr_chain_bytes(uint32_t members, uint32_t outputs) {
  return rounded(sizeof(mrr_chain)) + rounded(members * sizeof(mrr_task *)) +
         rounded(outputs * sizeof(mrr_lane *));
}

mrr_chain *mrr_chain_make(void *memory, mrr_arena *a, mrr_task *const *members, uint32_t count,
                          uint32_t outputs) {
  uint8_t *at = memory;
  mrr_chain *c = memory;
  at += rounded(sizeof *c);
  c->members = (mrr_task **)(void *)at;
  at += rounded(count * sizeof(mrr_task *));
  c->outputs = (mrr_lane **)(void *)at;
  c->arena = a;
  c->member_count = count;
  c->mark = c->mark_sent = MR_TIME_NONE;
  for (uint32_t m = 0; m < count; m++) {
    c->members[m] = members[m];
    members[m]->chain = c;
    for (uint32_t i = 0; i < members[m]->port_count; i++)
      members[m]->ports[i]->quota->owner = c;
  }
  const mrr_task *last = members[count - 1];
  for (uint32_t i = 0; i < last->port_count; i++)
    for (uint32_t e = 0; e < last->ports[i]->edge_count; e++)
      for (uint32_t k = 0; k < last->ports[i]->edges[e].lane_count; k++) {
        mrr_lane *l = last->ports[i]->edges[e].lanes[k];
        l->producer = c;
        if (c->output_count < outputs)
          c->outputs[c->output_count++] = l;
      }
  return c;
}

uint32_t mrr_chain_state(const mrr_chain *c) { return c->state; }
mrr_failure mrr_chain_failure(const mrr_chain *c) { return c->failure; }
mrr_task *mrr_chain_member(const mrr_chain *c, uint32_t member) { return c->members[member]; }

/* ---- going on from a snapshot --------------------------------------------------------- */

uint64_t mrr_lane_sent(const mrr_lane *l) { return l->put; }
uint64_t mrr_lane_received(const mrr_lane *l) { return l->get; }
int64_t mrr_lane_watermark(const mrr_lane *l) { return l->mark; }
uint32_t mrr_lane_time(const mrr_lane *l) { return l->time; }

void mrr_lane_resume(mrr_lane *l, uint64_t position, int64_t watermark, uint32_t time) {
  l->put = l->published = l->head_seen = l->get = l->tail_seen = position;
  mrr_announce(&l->tail, position);
  mrr_announce(&l->head, position);
  l->mark = l->mark_sent = watermark;
  l->time = time;
  l->idle_sent = time == MRR_TIME_IDLE;
}

mrr_chain_position mrr_chain_where(const mrr_chain *c) {
  return (mrr_chain_position){c->mark, c->state != MRR_CHAIN_RUNNING, c->stopping, c->idle, 0};
}

mrr_task_position mrr_task_where(const mrr_task *t) {
  return (mrr_task_position){t->taken, t->done, 0, t->cells->refused, t->cells->quarantined};
}

void mrr_chain_resume(mrr_chain *c, mrr_chain_position at, const mrr_task_position *members) {
  mrr_task *head = c->members[0];
  c->mark = head->watermark = at.watermark;
  c->idle = at.idle;
  c->idle_sent = 2; /* unknown: what a lane has not had of both is sent at the first step */
  if (head->lane_count)
    mrr_settle_time(c, head);
  if (at.ended) {
    c->state = at.stopped < c->member_count ? MRR_CHAIN_STOPPING : MRR_CHAIN_ENDING;
    c->stopping = at.stopped;
  }
  for (uint32_t m = 0; m < c->member_count; m++) {
    c->members[m]->taken = members[m].taken;
    c->members[m]->done = members[m].done;
    mrr_cell_set(&c->members[m]->cells->refused, members[m].refused);
    mrr_cell_set(&c->members[m]->cells->quarantined, members[m].quarantined);
    mrr_cell_set(&c->members[m]->cells->restored, members[m].taken);
    mrr_cell_set_signed(&c->members[m]->cells->watermark, head->watermark);
    mrr_cell_set32(&c->members[m]->cells->idle, c->idle);
  }
}

void mrr_chain_on_barrier(mrr_chain *c, mrr_freeze freeze, void *argument) {
  c->freeze = freeze;
  c->freeze_argument = argument;
}

void mrr_chain_on_refusal(mrr_chain *c, mrr_refuse refuse, void *argument) {
  c->refuse = refuse;
  c->refuse_argument = argument;
}

void mrr_chain_on_inspection(mrr_chain *c, mrr_inspect inspect, void *argument) {
  c->inspect = inspect;
  c->inspect_argument = argument;
}

void mrr_task_watch(mrr_task *t, uint32_t mode) { mrr_flag_announce(&t->watch, mode); }
