/* SPDX-License-Identifier: Apache-2.0
 * The begin and the end of a call that writes (window.c): the window is lent, what was written is
 * checked, and forgotten when the call failed. */
#include "window.h"

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
  mrr_window_lend(p);
}

/* Every staged record lies in what was written, and can be moved to the port's blocks. */
static int staged_fits(const mrr_port *p) {
  uint64_t used = (uint64_t)(p->out.cur - p->staging);
  uint64_t largest = (uint64_t)p->quota->count * MRR_BLOCK_BYTES;
  for (uint32_t i = 0; i < mrr_window_written(p); i++) {
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
  if (p->broken || mrr_window_left(p))
    return MRR_WINDOW_LEFT;
  if (!p->in_staging)
    return mrr_window_written(p);
  int fits = staged_fits(p);
  return fits < 0 ? fits : (int64_t)p->direct + mrr_window_written(p);
}

/* Records that the call has written, once they have been checked. */
uint32_t mrr_port_written(const mrr_port *p) {
  return p->in_staging ? p->direct + mrr_window_written(p) : mrr_window_written(p);
}

/* One of them, before it is placed, and the end of the memory that it lies in. */
const uint8_t *mrr_port_written_at(const mrr_port *p, uint32_t i, const uint8_t **end) {
  uint32_t direct = p->in_staging ? p->direct : mrr_window_written(p);
  if (i >= direct) {
    *end = p->out.cur;
    return p->staging + (uint64_t)p->staged_index[i - direct] * MR_UNIT;
  }
  uint32_t unit =
      p->mode == MRR_PORT_LANE ? p->lane->ring[(p->lane->put + i) & p->lane->mask] : p->scratch[i];
  *end = p->arena->base + (uint64_t)p->arena->block_count * MRR_BLOCK_BYTES;
  return p->arena->base + (uint64_t)unit * MR_UNIT;
}

/* Record `from` takes the place of `to`, which is not behind it; then only the first `n` are left.
 * Not for staged ones: only a source has records taken out, and it stages none. */
void mrr_port_move(mrr_port *p, uint32_t from, uint32_t to) {
  if (p->mode == MRR_PORT_LANE) {
    const mrr_lane *l = p->lane;
    l->ring[(l->put + to) & l->mask] = l->ring[(l->put + from) & l->mask];
  } else {
    p->scratch[to] = p->scratch[from];
  }
}

void mrr_port_cut(mrr_port *p, uint32_t n) {
  p->before = n;
  p->segment = p->out.icur;
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
  uint32_t blocks = mrr_blocks_for(need);
  mrr_window_clear_way(p, blocks);
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
