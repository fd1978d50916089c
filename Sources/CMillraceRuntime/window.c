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
 * This file has what the plugin calls; window_call.c the begin and the end of its call,
 * window_place.c the ways to the readers.
 *
 * A task that cannot answer MR_AGAIN must never find its window full. When blocks or slots run
 * out in the middle of its call, grow moves the window to staging memory: private to the port,
 * with a base of its own. What lies there is copied into blocks, in order, before the task is
 * called again (mrr_port_flush). */
#include "window.h"

static mrr_port *port_of(mr_out *o) { return (mrr_port *)o; }

/* ---- taking blocks ------------------------------------------------------------ */

static int open_block(mrr_port *p, uint64_t bytes) {
  uint32_t n = mrr_blocks_for(bytes);
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
  mrr_window_lend(p);
  return 1;
}

static mr_status stage(mrr_port *p, uint64_t bytes) {
  if (!p->staging)
    return MR_AGAIN;
  if (!p->in_staging) {
    p->direct = mrr_window_written(p);
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
    mrr_window_lend(p);
  }
  if ((uint64_t)(p->out.end - p->out.cur) < bytes || p->out.icur == p->out.iend)
    return MR_E_TOO_LARGE;
  return MR_OK;
}

static mr_status grow(mr_out *o, uint64_t bytes) {
  mrr_port *p = port_of(o);
  uint64_t largest = (uint64_t)p->quota->count * MRR_BLOCK_BYTES;
  if (mrr_window_left(p)) {
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
      mrr_window_lend(p);
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
  if (mrr_window_left(p) || !within(which, n, b->count)) {
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
