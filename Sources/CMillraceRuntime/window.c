/* SPDX-License-Identifier: Apache-2.0
 * Output windows: what a call may write, and what becomes of it.
 *
 * Each call is a small transaction. mrr_port_begin lends a window; the plugin fills it inline and
 * calls grow when it is used up; afterwards mrr_port_place and mrr_port_publish make all of it
 * visible, or mrr_port_drop forgets all of it.
 *
 *   LANE    the index window is free space of the lane's ring, in at most two pieces
 *   ROUTE   the index window is the scratch array, and route.c moves it to the lanes
 *   FUSED   the same, and the next member of the chain reads it from there
 *   UNUSED  the same, and it is thrown away
 *
 * A task that cannot answer MR_AGAIN must never find its window full. When blocks or slots run
 * out in the middle of its call, grow moves the window to staging memory: private to the port,
 * with a base of its own. What lies there is copied into blocks, in order, before the task is
 * called again (mrr_port_flush). */
#include "layout.h"

static mrr_port *port_of(mr_out *o) { return (mrr_port *)o; }

/* The window now begins where cur and icur stand. */
static void lend(mrr_port *p) {
  p->low = p->out.cur;
  p->high = p->out.end;
  p->ilow = p->out.icur;
  p->ihigh = p->out.iend;
}

/* Has the plugin left the window, or moved its bounds? */
static int has_left(const mrr_port *p) {
  const mr_out *o = &p->out;
  return o->cur < p->low || o->cur > p->high || o->end != p->high || o->icur < p->ilow ||
         o->icur > p->ihigh || o->iend != p->ihigh || ((uintptr_t)o->cur & (MR_UNIT - 1)) != 0;
}

/* ---- taking blocks ------------------------------------------------------------ */

static uint32_t blocks_for(uint64_t bytes) {
  return (uint32_t)((bytes + MRR_BLOCK_BYTES - 1) / MRR_BLOCK_BYTES);
}

/* Between calls: what the port has open may be what it waits for, a block in the middle of the
 * piece it needs, or a span of all it has. */
static void clear_way(mrr_port *p, uint32_t blocks) {
  if ((blocks > 1 || p->arena->span[p->block] > 1) && !mrr_arena_has(p->arena, p->quota, blocks))
    mrr_port_close(p);
}

static int open_block(mrr_port *p, uint64_t bytes) {
  uint32_t n = blocks_for(bytes);
  if (p->moved_count == MRR_MOVED)
    return 0;
  uint32_t b =
      n > 1 ? mrr_arena_take_span(p->arena, p->quota, n) : mrr_arena_take(p->arena, p->quota);
  if (!b)
    return 0;
  p->moved[p->moved_count].block = p->block; /* 0: none; the window moves all the same */
  p->moved[p->moved_count++].bias = p->bias;
  p->block = b;
  p->bias = MRR_BIAS;
  p->out.base = p->arena->base;
  p->out.cur = p->arena->base + ((uint64_t)b << (MRR_BLOCK_SHIFT + MRR_UNIT_SHIFT));
  p->out.end = p->out.cur + (uint64_t)(n ? n : 1) * MRR_BLOCK_BYTES;
  lend(p);
  return 1;
}

/* Records written in this call, in arena or staging. */
static uint32_t written(const mrr_port *p) {
  return p->before + (uint32_t)(p->out.icur - p->segment);
}

static mr_status stage(mrr_port *p, uint64_t bytes) {
  if (!p->staging)
    return MR_AGAIN;
  if (!p->in_staging) {
    p->direct = written(p);
    p->arena_cur = p->out.cur;
    p->arena_end = p->out.end;
    p->in_staging = 1;
    p->out.base = p->staging;
    p->out.cur = p->staging;
    p->out.end = p->staging + p->staging_size;
    p->before = 0;
    p->wrapped = 0;
    p->segment = p->out.icur = p->staged_index;
    p->out.iend = p->staged_index + p->staged_size;
    lend(p);
  }
  if ((uint64_t)(p->out.end - p->out.cur) < bytes || p->out.icur == p->out.iend)
    return MR_E_TOO_LARGE;
  return MR_OK;
}

static mr_status grow(mr_out *o, uint64_t bytes) {
  mrr_port *p = port_of(o);
  uint64_t largest = (uint64_t)p->quota->count * MRR_BLOCK_BYTES;
  if (has_left(p)) {
    p->broken = 1;
    return MR_E_INVALID;
  }
  if (bytes > largest || bytes > (8u << 20) + 64)
    return MR_E_TOO_LARGE;
  if (p->in_staging)
    return stage(p, bytes);
  if (o->icur == o->iend) {
    if (p->wrapped) {
      p->before += (uint32_t)(o->icur - p->segment);
      p->segment = o->icur = p->lane->ring;
      o->iend = o->icur + p->wrapped;
      p->wrapped = 0;
      lend(p);
    } else {
      return stage(p, bytes);
    }
  }
  if ((uint64_t)(o->end - o->cur) >= bytes)
    return MR_OK;
  if (open_block(p, bytes))
    return MR_OK;
  p->refused = bytes;
  return stage(p, bytes);
}

/* ---- forward -------------------------------------------------------------------- */

static mr_status copy_record(mr_out *o, const mr_batch *b, uint32_t i, const mr_record *head) {
  const mr_record *r = mr_at(b, i);
  void *space = mr_reserve(o, head->length);
  if (!space)
    return o->status;
  if (head->length)
    memcpy(space, mr_payload(b, r), head->length);
  mr_commit(o, head);
  return MR_OK;
}

static uint64_t index_room(const mrr_port *p) {
  return (uint64_t)(p->out.iend - p->out.icur) + p->wrapped;
}

static void share(mrr_port *p, const mr_batch *b, const uint32_t *which, uint32_t n) {
  uint32_t done = 0;
  p->mixed = 1;
  while (done < n) {
    if (p->out.icur == p->out.iend)
      (void)grow(&p->out, 0); /* the second piece of the ring: index_room has seen it */
    uint64_t space = (uint64_t)(p->out.iend - p->out.icur);
    uint32_t k = n - done < space ? n - done : (uint32_t)space;
    if (which)
      for (uint32_t i = 0; i < k; i++)
        p->out.icur[i] = b->index[which[done + i]];
    else
      memcpy(p->out.icur, b->index + done, k * sizeof(uint32_t));
    p->out.icur += k;
    done += k;
  }
}

static mr_status copy_all(mrr_port *p, const mr_batch *b, const uint32_t *which, uint32_t n) {
  mr_out saved = p->out;
  for (uint32_t i = 0; i < n; i++) {
    uint32_t at = which ? which[i] : i;
    mr_record head = *mr_at(b, at);
    head.flags &= MR_REC_USER;
    mr_status s = copy_record(&p->out, b, at, &head);
    if (s != MR_OK) {
      if (!p->in_staging && p->out.base == saved.base && p->moved_count == 0)
        p->out = saved;
      return s;
    }
  }
  return MR_OK;
}

/* A position behind the batch would name a record that nobody holds. */
static int within(const uint32_t *which, uint32_t n, uint32_t count) {
  uint32_t outside = 0;
  for (uint32_t i = 0; which && i < n; i++)
    outside |= which[i] >= count;
  return !outside;
}

static mr_status forward(mr_out *o, const mr_batch *b, const uint32_t *which, uint32_t n) {
  mrr_port *p = port_of(o);
  if (!which)
    n = b->count;
  if (n == 0)
    return MR_OK;
  if (has_left(p) || !within(which, n, b->count)) {
    p->broken = 1;
    return MR_E_INVALID;
  }
  int foreign = b->base != p->arena->base;
  if (!p->in_staging && !foreign) {
    int sparse = n < b->count / 8;
    uint64_t bytes = 0;
    if (sparse)
      for (uint32_t i = 0; i < n; i++)
        bytes += mrr_record_bytes(mr_at(b, which[i])->length);
    /* Copies only into the open block: what it cannot hold is cheaper to share. */
    if (sparse && index_room(p) >= n && (uint64_t)(o->end - o->cur) >= bytes)
      return copy_all(p, b, which, n);
    if (index_room(p) >= n) {
      share(p, b, which, n);
      return MR_OK;
    }
    if (!p->staging)
      return MR_AGAIN;
    mr_status s = stage(p, 0);
    if (s != MR_OK)
      return s;
  }
  return copy_all(p, b, which, n);
}

static mr_status forward_as(mr_out *o, const mr_batch *b, uint32_t i, const mr_record *head) {
  mr_record h = *head;
  h.flags &= MR_REC_USER;
  h.length = mr_at(b, i)->length;
  return copy_record(o, b, i, &h);
}

static mr_status reserve(mr_out *o, uint32_t length, void **payload) {
  *payload = mr_reserve(o, length);
  return *payload ? MR_OK : o->status;
}

static mr_status commit(mr_out *o, const mr_record *head) {
  mr_commit(o, head);
  return MR_OK;
}

const mr_out_ops mrr_out_ops_table = {sizeof(mr_out_ops), 0,       grow,  forward,
                                      forward_as,         reserve, commit};

/* ---- begin and end of a call ------------------------------------------------------ */

/* Lend a window for one call. A source writes at most `credit` records; 0: no such limit. */
void mrr_port_begin(mrr_port *p, uint32_t credit) {
  uint64_t slots;
  p->before = 0;
  p->wrapped = 0;
  p->mixed = 0;
  p->moved_count = 0;
  p->in_staging = 0;
  p->broken = 0;
  p->refused = 0;
  p->cur0 = p->out.cur;
  if (p->mode == MRR_PORT_LANE) {
    mrr_lane *l = p->lane;
    uint64_t room = mrr_lane_room(l, credit ? credit : MRR_BATCH);
    uint64_t piece = l->capacity - (l->put & l->mask);
    if (credit && room > credit)
      room = credit;
    slots = room < piece ? room : piece;
    p->out.icur = l->ring + (l->put & l->mask);
    p->wrapped = (uint32_t)(room - slots);
  } else {
    slots = credit && credit < p->scratch_size ? credit : p->scratch_size;
    p->out.icur = p->scratch;
  }
  p->out.iend = p->out.icur + slots;
  p->segment = p->icur0 = p->out.icur;
  lend(p);
}

/* Every staged record lies in what was written, and can be moved to the port's blocks. */
static int staged_fits(const mrr_port *p) {
  uint64_t used = (uint64_t)(p->out.cur - p->staging);
  uint64_t largest = (uint64_t)p->quota->count * MRR_BLOCK_BYTES;
  for (uint32_t i = 0; i < written(p); i++) {
    uint64_t at = (uint64_t)p->staged_index[i] * MR_UNIT;
    if (at + sizeof(mr_record) > used)
      return MRR_WINDOW_LEFT;
    uint64_t bytes = mrr_record_bytes(((const mr_record *)(const void *)(p->staging + at))->length);
    if (bytes > used - at)
      return MRR_WINDOW_LEFT;
    if (bytes > largest)
      return MRR_WINDOW_TOO_LARGE;
  }
  return 0;
}

/* Records written by the call, MRR_WINDOW_LEFT, or MRR_WINDOW_TOO_LARGE for a staged record that
 * no quota of this port can hold. */
int64_t mrr_port_check(const mrr_port *p) {
  if (p->broken || has_left(p))
    return MRR_WINDOW_LEFT;
  if (!p->in_staging)
    return written(p);
  int fits = staged_fits(p);
  return fits < 0 ? fits : (int64_t)p->direct + written(p);
}

/* Records that the call has written, once they have been checked. */
uint32_t mrr_port_written(const mrr_port *p) {
  return p->in_staging ? p->direct + written(p) : written(p);
}

/* One of them, before it is placed, and the end of the memory that it lies in. */
const uint8_t *mrr_port_written_at(const mrr_port *p, uint32_t i, const uint8_t **end) {
  uint32_t direct = p->in_staging ? p->direct : written(p);
  if (i >= direct) {
    *end = p->out.cur;
    return p->staging + (uint64_t)p->staged_index[i - direct] * MR_UNIT;
  }
  uint32_t unit =
      p->mode == MRR_PORT_LANE ? p->lane->ring[(p->lane->put + i) & p->lane->mask] : p->scratch[i];
  *end = p->arena->base + (uint64_t)p->arena->block_count * MRR_BLOCK_BYTES;
  return p->arena->base + (uint64_t)unit * MR_UNIT;
}

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
  uint32_t n = written(p), total = n;
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

/* Forget what the call wrote: blocks it took go back, the window stands where it stood. */
void mrr_port_drop(mrr_port *p) {
  if (p->in_staging) {
    p->in_staging = 0;
    p->out.base = p->arena->base;
    p->out.cur = p->arena_cur;
    p->out.end = p->arena_end;
  }
  if (p->moved_count) {
    mrr_arena_drop(p->arena, p->block, p->bias);
    for (uint32_t i = 1; i < p->moved_count; i++)
      mrr_arena_drop(p->arena, p->moved[i].block, p->moved[i].bias);
    p->block = p->moved[0].block;
    p->bias = p->moved[0].bias;
    uint8_t *start = p->arena->base + ((uint64_t)p->block << (MRR_BLOCK_SHIFT + MRR_UNIT_SHIFT));
    p->out.end = p->block ? start + (uint64_t)p->arena->span[p->block] * MRR_BLOCK_BYTES : start;
    p->moved_count = 0;
  }
  p->out.cur = p->cur0;
  p->out.icur = p->icur0;
}

/* ---- what waits ---------------------------------------------------------------------- */

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
      clear_way(p, blocks_for(p->refused));
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

/* Is there room for a call that writes `slots` records, and a block for the first of them? */
int mrr_port_room(mrr_port *p, uint32_t slots) {
  if (p->mode == MRR_PORT_LANE) {
    uint64_t wanted = slots < p->lane->capacity ? slots : p->lane->capacity;
    if (mrr_lane_room(p->lane, wanted) < wanted)
      return 0;
  }
  if (p->forwards)
    return 1;
  uint64_t need = p->refused ? p->refused : 4096;
  if ((uint64_t)(p->out.end - p->out.cur) >= need)
    return 1;
  uint32_t blocks = blocks_for(need);
  clear_way(p, blocks);
  return mrr_arena_has(p->arena, p->quota, blocks);
}

/* The port writes no more: its open block is free once its records are. */
void mrr_port_close(mrr_port *p) {
  if (!p->block)
    return;
  uint32_t b = p->block, bias = p->bias;
  p->block = 0;
  p->out.cur = p->out.end = p->arena->base;
  mrr_arena_drop(p->arena, b, bias);
}
