/* SPDX-License-Identifier: Apache-2.0
 * What the parts of a window share: window.c, window_call.c, window_place.c. */
#ifndef MRR_WINDOW_H
#define MRR_WINDOW_H

#include "layout.h"

/* The window now begins where cur and icur stand. */
static inline void mrr_window_lend(mrr_port *p) {
  p->low = p->out.cur;
  p->high = p->out.end;
  p->ilow = p->out.icur;
  p->ihigh = p->out.iend;
}

/* Has the plugin left the window, or moved its bounds? */
static inline int mrr_window_left(const mrr_port *p) {
  const mr_out *o = &p->out;
  return o->cur < p->low || o->cur > p->high || o->end != p->high || o->icur < p->ilow ||
         o->icur > p->ihigh || o->iend != p->ihigh || ((uintptr_t)o->cur & (MR_UNIT - 1)) != 0;
}

/* Records written in this call, in arena or staging. */
static inline uint32_t mrr_window_written(const mrr_port *p) {
  return p->before + (uint32_t)(p->out.icur - p->segment);
}

static inline uint32_t mrr_blocks_for(uint64_t bytes) {
  return (uint32_t)((bytes + MRR_BLOCK_BYTES - 1) / MRR_BLOCK_BYTES);
}

/* Between calls: what the port has open may be what it waits for, a block in the middle of the
 * piece it needs, or a span of all it has. */
static inline void mrr_window_clear_way(mrr_port *p, uint32_t blocks) {
  if ((blocks > 1 || p->arena->span[p->block] > 1) && !mrr_arena_has(p->arena, p->quota, blocks))
    mrr_port_close(p);
}

#endif
