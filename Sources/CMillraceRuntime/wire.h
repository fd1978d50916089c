/* SPDX-License-Identifier: Apache-2.0
 * The ends of a wire, for the steps of the chains that have one (wire.c). */
#ifndef MRR_WIRE_H
#define MRR_WIRE_H

#include "layout.h"

#define MRR_WIRE_RESERVE 4096u
#define MRR_WIRE_WARM (1u << 18)
#define MRR_WIRE_PIECE 8192u

/* At the begin of the shared memory, zero before the attempt begins. */
typedef struct mrr_wire_words {
  mrr_word tail MRR_ALIGNED;
  mrr_flag waiting MRR_ALIGNED;
  mrr_word head MRR_ALIGNED;
  mrr_flag parked MRR_ALIGNED;
} mrr_wire_words;

/* One end: private to its process, touched by the loop of its chain. */
struct mrr_wire {
  mrr_wire_words *words;
  uint8_t *ring;
  uint64_t size;
  uint64_t at;       /* next position to write, or to read */
  uint64_t seen;     /* the consumer: tail as it was seen last */
  uint64_t in_frame; /* the consumer: bytes of the frame of records that are left */
  int64_t mark_sent; /* the producer: newest watermark */
  uint32_t idle_sent;
  uint32_t broken;   /* the other end did what is not allowed */
  void (*bell)(void *argument);
  void *bell_argument;
};

/* What comes next: nothing, records, a control frame by its MRR_CONTROL_* kind, or no frame. */
enum { MRR_WIRE_NOTHING = 0, MRR_WIRE_RECORDS = 16, MRR_WIRE_BROKEN = 17 };

typedef struct mrr_frame {
  uint32_t kind;
  uint32_t size;
  uint64_t value;
} mrr_frame;

enum { MRR_FRAME_RECORDS = MRR_WIRE_RECORDS, MRR_FRAME_SKIP = 32 };

_Static_assert(sizeof(mrr_frame) == MR_UNIT, "frames and records begin on units");

static inline uint8_t *mrr_wire_place(const mrr_wire *w, uint64_t at) {
  return w->ring + (at & (w->size - 1));
}

static inline void mrr_wire_ring(mrr_wire *w, mrr_flag *flag) {
  if (MR_UNLIKELY(mrr_flag_look(flag)) && mrr_flag_take(flag, 0) && w->bell)
    w->bell(w->bell_argument);
}

uint32_t mrr_wire_next(mrr_wire *w, uint64_t *value);
void mrr_wire_pass_control(mrr_wire *w);
/* Up to `most` records of the frame, each checked, into `out`. MR_AGAIN: no room there for the next
 * one. Broken: MR_E_INVALID. */
mr_status mrr_wire_read(mrr_wire *w, mr_out *out, uint64_t most);
/* Ask to be rung for. 0: something is here. */
int mrr_wire_park(mrr_wire *w);

/* The first records of the batch, as many as there is room for. */
uint32_t mrr_wire_write(mrr_wire *w, const mr_batch *in);
/* Room for a batch; for a barrier and an end. */
int mrr_wire_has_room(mrr_wire *w);
int mrr_wire_has_slot(mrr_wire *w);
/* 0: no room for it now. */
int mrr_wire_control(mrr_wire *w, uint32_t kind, uint64_t value);
void mrr_wire_await_room(mrr_wire *w);

#endif
