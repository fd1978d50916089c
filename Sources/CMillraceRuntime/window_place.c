/* SPDX-License-Identifier: Apache-2.0
 * The way of what a call has written to those who read it (window.c): into the lane or the scratch
 * array, counted, and made visible; what found no room waits, and is moved on here. */
#include "window.h"

/* Do all of these lie in one block? Usual for a forward, and much cheaper to see than to cut. */
static int one_block(const uint32_t *unit, uint32_t n) {
  uint32_t differ = 0;
  for (uint32_t i = 1; i < n; i++)
    differ |= unit[i] ^ unit[0];
  return mrr_block_of(differ) == 0;
}

/* Count the runs of scratch[head, tail) as held by the scratch array itself. */
static void hold_scratch(mrr_port *p, mrr_chain *c) {
  uint32_t n = p->tail;
  if (n == 0)
    return;
  if (!p->mixed || one_block(p->scratch, n)) {
    p->mixed = 0;
    mrr_net(c, mrr_block_of(p->scratch[0]), 1);
    return;
  }
  for (uint32_t i = 0; i < n; i++)
    if (i + 1 == n || mrr_block_of(p->scratch[i]) != mrr_block_of(p->scratch[i + 1]))
      mrr_net(c, mrr_block_of(p->scratch[i]), 1);
}

/* Release the first `n` of scratch[head, tail): the counterpart of hold_scratch. */
void mrr_scratch_release(mrr_port *p, uint32_t n, mrr_chain *c) {
  uint32_t end = p->head + n;
  for (uint32_t i = p->mixed ? p->head : end - 1; i < end; i++)
    if (i + 1 == p->tail || mrr_block_of(p->scratch[i]) != mrr_block_of(p->scratch[i + 1]))
      mrr_net(c, mrr_block_of(p->scratch[i]), -1);
  p->head = end;
}

static void place_in_lane(mrr_port *p, mrr_chain *c, uint32_t n) {
  mrr_lane *l = p->lane;
  uint64_t from = l->put, end = from + n;
  if (!p->mixed) {
    mrr_net(c, p->block, 1);
    mrr_lane_mark_run(l, from, end);
  } else {
    for (uint64_t at = from; at < end; at++) {
      uint32_t b = mrr_block_of(l->ring[at & l->mask]);
      if (at + 1 == end || b != mrr_block_of(l->ring[(at + 1) & l->mask])) {
        mrr_net(c, b, 1);
        mrr_lane_mark_run(l, from, at + 1);
        from = at + 1;
      }
    }
  }
  l->put = end;
}

/* First half of keeping a call's output: every run of it is counted and in its place, nothing is
 * visible. Returns the number of records. Then the input's runs are given up and the counts
 * settled, then comes mrr_port_publish: no count can fall to zero in between. */
uint32_t mrr_port_place(mrr_port *p, mrr_chain *c) {
  uint32_t n = mrr_window_written(p), total = n;
  if (p->in_staging) {
    p->staged_head = 0;
    p->staged_tail = n;
    total = n + p->direct;
    n = p->direct;
    p->out.base = p->arena->base;
    p->out.cur = p->arena_cur;
    p->out.end = p->arena_end;
  }
  p->mixed |= p->moved_count != 0;
  if (n == 0)
    return total;
  if (p->mode == MRR_PORT_LANE) {
    place_in_lane(p, c, n);
  } else if (p->mode == MRR_PORT_UNUSED) {
    mrr_cell_add(&p->task->cells->unused, n);
    if (p->moved_count == 0)
      p->out.cur = p->cur0;
  } else {
    p->head = 0;
    p->tail = n;
    hold_scratch(p, c);
    if (p->mode == MRR_PORT_ROUTE)
      mrr_route(p, c);
  }
  return total;
}

/* Second half: make it visible, and leave the blocks that were filled. */
void mrr_port_publish(mrr_port *p) {
  if (p->mode == MRR_PORT_LANE) {
    if (p->lane->put != p->lane->published)
      mrr_lane_publish(p->lane);
  } else if (p->mode == MRR_PORT_ROUTE) {
    mrr_route_publish(p);
  }
  for (uint32_t i = 0; i < p->moved_count; i++)
    if (p->moved[i].block)
      mrr_arena_drop(p->arena, p->moved[i].block, p->moved[i].bias);
  p->moved_count = 0;
  p->in_staging = 0;
}

/* Copy staged records into blocks, as many as find room. */
static int flush_staging(mrr_port *p, mrr_chain *c) {
  while (p->staged_head < p->staged_tail) {
    mrr_port_begin(p, 0);
    uint8_t *staging = p->staging;
    p->staging = NULL; /* full means full here */
    while (p->staged_head < p->staged_tail) {
      uint8_t *from = staging + (uint64_t)p->staged_index[p->staged_head] * MR_UNIT;
      const mr_record *r = (const mr_record *)(const void *)from;
      void *space = mr_reserve(&p->out, r->length);
      if (!space)
        break;
      memcpy(space, r + 1, r->length);
      mr_commit(&p->out, r);
      p->staged_head++;
    }
    p->staging = staging;
    uint32_t n = mrr_port_place(p, c);
    mrr_net_settle(c);
    mrr_port_publish(p);
    if (p->refused)
      mrr_window_clear_way(p, mrr_blocks_for(p->refused));
    if (n == 0 || p->head < p->tail)
      break;
  }
  return p->staged_head == p->staged_tail;
}

/* Move on what waits from earlier calls. 1: nothing waits any more. A fused port is emptied by
 * the next member, not here. */
int mrr_port_flush(mrr_port *p, mrr_chain *c) {
  if (p->mode == MRR_PORT_ROUTE && p->head < p->tail) {
    int all = mrr_route(p, c);
    mrr_net_settle(c);
    mrr_route_publish(p);
    if (!all)
      return 0;
  }
  if (p->staged_head < p->staged_tail) {
    if (p->mode == MRR_PORT_FUSED && p->head < p->tail)
      return 0;
    return flush_staging(p, c) && (p->mode == MRR_PORT_FUSED || p->head == p->tail);
  }
  return 1;
}
