/* SPDX-License-Identifier: Apache-2.0
 * Routing: from a port's scratch array to the lanes of its edges.
 *
 * A record goes to every edge of the port, and there to the lane or lanes that the edge's
 * partition names. It is placed in all of them or in none, so that a full lane stops the port at
 * one position and order within each lane is the order of writing. Records are placed behind the
 * published part of each ring and become visible together, in mrr_route_publish.
 *
 *   hash          task = key group * tasks / 1024, the group being the low 10 bits of the hash
 *   round robin   stretches of a batch, dealt out in turn: even, and each batch touches few lanes
 *   least loaded  stretches, each to the emptiest lane
 *   broadcast     all lanes: 4 bytes a record, the payload is shared
 *   custom        whatever the partitioner plugin answers: a task, all, or none; it is asked again
 *                 for records that found no room */
#include "layout.h"

#define GROUPS 1024u
#define STRETCH 32u

static void place(mrr_port *p, mrr_lane *l, uint32_t unit, mrr_chain *c) {
  uint32_t block = mrr_block_of(unit);
  if (l->put == l->published) {
    l->run_from = l->put;
    l->run_block = block;
  } else if (block != l->run_block) {
    mrr_lane_mark_run(l, l->run_from, l->put);
    mrr_net(c, l->run_block, 1);
    l->run_from = l->put;
    l->run_block = block;
  }
  l->ring[l->put++ & l->mask] = unit;
  if (!l->touched) {
    l->touched = 1;
    l->next_touched = p->touched;
    p->touched = l;
  }
}

static uint32_t emptiest(const mrr_edge *e) {
  uint32_t best = 0;
  uint64_t least = ~0ull;
  for (uint32_t i = 0; i < e->lane_count; i++) {
    uint64_t fill = e->lanes[i]->put - mrr_acquire(&e->lanes[i]->head);
    if (fill < least) {
      least = fill;
      best = i;
    }
  }
  return best;
}

/* Targets of `n` records on one edge. */
static void choose(const mrr_port *p, mrr_edge *e, const uint32_t *unit, uint32_t n,
                   uint32_t *target) {
  uint32_t lanes = e->lane_count;
  switch (e->partition) {
  case MRR_ROUTE_HASH:
    for (uint32_t i = 0; i < n; i++) {
      const mr_record *r =
          (const mr_record *)(const void *)(p->arena->base + (uint64_t)unit[i] * MR_UNIT);
      target[i] = mr_key_group(r->key_hash, GROUPS) * lanes / GROUPS;
    }
    return;
  case MRR_ROUTE_ROUND_ROBIN: {
    uint32_t share = n / lanes ? n / lanes : 1;
    for (uint32_t i = 0, left = share; i < n; i++, left--) {
      if (left == 0) {
        e->next = e->next + 1 == lanes ? 0 : e->next + 1;
        left = share;
      }
      target[i] = e->next;
    }
    e->next = e->next + 1 == lanes ? 0 : e->next + 1;
    return;
  }
  case MRR_ROUTE_LEAST_LOADED: {
    uint32_t best = emptiest(e);
    for (uint32_t i = 0; i < n; i++)
      target[i] = best;
    return;
  }
  case MRR_ROUTE_BROADCAST:
    for (uint32_t i = 0; i < n; i++)
      target[i] = MR_TARGET_ALL;
    return;
  default:
    memset(target, 0, n * sizeof *target);
  }
}

/* Ask a partitioner plugin. Its answer is checked: what names no lane is a broken contract. */
static int ask_plugin(mrr_port *p, mrr_edge *e, const uint32_t *unit, uint32_t n,
                      uint32_t *target) {
  mr_batch batch = {sizeof batch, n, p->arena->base, unit, 0, 0, 0, 0, MR_TIME_NONE, 0};
  mrr_chain *c = p->task->chain;
  mrr_task *t = p->task;
  if (e->custom->load) {
    uint8_t level[GROUPS];
    for (uint32_t i = 0; i < e->lane_count; i++)
      level[i] = (uint8_t)((e->lanes[i]->put - mrr_acquire(&e->lanes[i]->head)) * 255 /
                           e->lanes[i]->capacity);
    e->custom->load(e->custom_op, level, e->lane_count);
  }
  uint32_t call = t->box->call;
  mrr_box_enter(c->loop, t, MRR_CALL_ROUTE, t->box->call_start);
  mr_status s = e->custom->route(e->custom_op, &batch, e->lane_count, target);
  mrr_box_leave(c->loop, t);
  t->box->call = call;
  int good = s == MR_OK;
  for (uint32_t i = 0; i < n && good; i++)
    good = target[i] < e->lane_count || target[i] >= MR_TARGET_NONE;
  if (!good) {
    c->state = MRR_CHAIN_FAILED;
    c->failure.status = s;
    c->failure.violation = s == MR_OK ? MRR_BROKE_STATUS : MRR_BROKE_NOTHING;
    c->failure.member = c->member_count - 1; /* routes begin at the end of a chain only */
  }
  return good;
}

static int has_room(mrr_port *p, const mrr_edge *e, uint32_t target) {
  if (target == MR_TARGET_NONE)
    return 1;
  uint32_t from = target == MR_TARGET_ALL ? 0 : target;
  uint32_t to = target == MR_TARGET_ALL ? e->lane_count : target + 1;
  for (uint32_t i = from; i < to; i++)
    if (mrr_lane_room(e->lanes[i], 1) == 0) {
      p->lane = e->lanes[i];
      return 0;
    }
  return 1;
}

static void put_in(mrr_port *p, mrr_edge *e, uint32_t target, uint32_t unit, mrr_chain *c) {
  if (target == MR_TARGET_NONE)
    return;
  if (target != MR_TARGET_ALL) {
    place(p, e->lanes[target], unit, c);
    return;
  }
  for (uint32_t i = 0; i < e->lane_count; i++)
    place(p, e->lanes[i], unit, c);
}

/* How many of `n` records found room in every lane they go to. */
static uint32_t place_all(mrr_port *p, const uint32_t *unit, uint32_t n,
                          uint32_t (*target)[MRR_BATCH], mrr_chain *c) {
  for (uint32_t i = 0; i < n; i++) {
    for (uint32_t e = 0; e < p->edge_count; e++)
      if (!has_room(p, &p->edges[e], target[e][i]))
        return i;
    for (uint32_t e = 0; e < p->edge_count; e++)
      put_in(p, &p->edges[e], target[e][i], unit[i], c);
  }
  return n;
}

/* The last run of each lane that was written to ends here. */
static void end_runs(mrr_port *p, mrr_chain *c) {
  for (mrr_lane *l = p->touched; l; l = l->next_touched) {
    mrr_lane_mark_run(l, l->run_from, l->put);
    mrr_net(c, l->run_block, 1);
  }
}

static uint32_t stretch(const mrr_port *p, uint32_t waiting) {
  uint32_t n = waiting < MRR_BATCH ? waiting : MRR_BATCH;
  for (uint32_t e = 0; e < p->edge_count; e++)
    if (p->edges[e].partition == MRR_ROUTE_LEAST_LOADED && n > STRETCH)
      n = STRETCH;
  return n;
}

/* Place as much of scratch[head, tail) as finds room, each run counted. 1: all of it. The counts
 * are settled and mrr_route_publish is called before this is called again. */
int mrr_route(mrr_port *p, mrr_chain *c) {
  uint32_t target[MRR_EDGES][MRR_BATCH];
  uint32_t at = p->head;
  int all = 1;
  while (at < p->tail && all) {
    uint32_t n = stretch(p, p->tail - at), asked = 1;
    for (uint32_t e = 0; e < p->edge_count && asked; e++) {
      if (p->edges[e].partition == MRR_ROUTE_CUSTOM)
        asked = (uint32_t)ask_plugin(p, &p->edges[e], p->scratch + at, n, target[e]);
      else
        choose(p, &p->edges[e], p->scratch + at, n, target[e]);
    }
    uint32_t done = asked ? place_all(p, p->scratch + at, n, target, c) : 0;
    at += done;
    all = done == n;
  }
  end_runs(p, c);
  if (at > p->head)
    mrr_scratch_release(p, at - p->head, c);
  return all;
}

void mrr_route_publish(mrr_port *p) {
  while (p->touched) {
    mrr_lane *l = p->touched;
    p->touched = l->next_touched;
    l->touched = 0;
    mrr_lane_publish(l);
  }
}
