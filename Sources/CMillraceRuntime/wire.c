/* SPDX-License-Identifier: Apache-2.0
 * A wire: a lane that leaves the process. Single producer, single consumer, each in an executor of
 * its own; a ring of bytes in memory that both map. At the one end an export, an operator that
 * writes what a lane brings; at the other an import, a source that copies it into blocks of its
 * own arena. Both are chains like any other, on loops of their executors.
 *
 * word     stored by  read by   store    load     hands over
 * tail     producer   consumer  seq_cst  acquire  bytes [old tail, tail) of the ring
 * head     consumer   producer  seq_cst  acquire  bytes [old head, head), free again
 * parked   consumer sets, producer takes back; both seq_cst: "ring when something comes"
 * waiting  producer sets, consumer takes back; both seq_cst: "ring when there is room"
 *
 * Positions count bytes since the attempt began; position p lies at p % size. A frame is 16 bytes
 * {kind u32, size u32, value u64}, size in bytes with this head, a multiple of 16, and never goes
 * over the end of the ring:
 *   records   one after the other as they lie in an arena, each with its mr_record, padded to 16
 *   skip      nothing; the next frame begins at the start of the ring
 *   control   an MRR_CONTROL_* kind, value is its epoch, watermark or birth
 * A consumer that keeps up is led back to the start of the ring after MRR_WIRE_WARM bytes, so that
 * a large ring costs no more cache than that. The last MRR_WIRE_RESERVE bytes of room are for
 * control frames, half of them for barriers and ends only, so that these never wait behind records
 * that find no room.
 *
 * The other end may be a process in which a plugin wrote where it should not. So each shared word
 * is read once, a frame and a record are copied before they are checked, and what does not fit
 * fails the chain here (MRR_BROKE_WIRE): nothing outside of the ring is read or written. */
#include "wire.h"

uint64_t mrr_wire_shared_bytes(uint64_t size) { return sizeof(mrr_wire_words) + size; }

uint64_t mrr_wire_bytes(void) { return sizeof(mrr_wire); }

mrr_wire *mrr_wire_make(void *memory, void *shared, uint64_t size) {
  mrr_wire *w = memory;
  w->words = shared;
  w->ring = (uint8_t *)shared + sizeof(mrr_wire_words);
  w->size = size;
  w->mark_sent = MR_TIME_NONE;
  return w;
}

void mrr_wire_bell(mrr_wire *w, void (*ring)(void *argument), void *argument) {
  w->bell = ring;
  w->bell_argument = argument;
}

/* Free bytes but `reserved` of them. */
static uint64_t room(mrr_wire *w, uint64_t reserved) {
  uint64_t head = mrr_look(&w->words->head);
  if (w->at - head > w->size) { /* it went back, or passed us */
    w->broken = 1;
    return 0;
  }
  uint64_t room = w->size - (w->at - head);
  return room > reserved ? room - reserved : 0;
}

int mrr_wire_has_room(mrr_wire *w) { return room(w, MRR_WIRE_RESERVE) >= MRR_BLOCK_BYTES; }

static void publish(mrr_wire *w) {
  mrr_announce(&w->words->tail, w->at);
  mrr_wire_ring(w, &w->words->parked);
}

static void put_frame(const mrr_wire *w, uint64_t at, uint32_t kind, uint64_t size,
                      uint64_t value) {
  mrr_frame f = {kind, (uint32_t)size, value};
  memcpy(mrr_wire_place(w, at), &f, sizeof f);
}

int mrr_wire_has_slot(mrr_wire *w) { return room(w, 0) >= 2 * sizeof(mrr_frame); }

int mrr_wire_control(mrr_wire *w, uint32_t kind, uint64_t value) {
  int soft = mrr_is_soft(kind);
  if (room(w, soft ? MRR_WIRE_RESERVE / 2 : 0) < sizeof(mrr_frame))
    return 0;
  put_frame(w, w->at, kind, sizeof(mrr_frame), value);
  w->at += sizeof(mrr_frame);
  publish(w);
  return 1;
}

void mrr_wire_await_room(mrr_wire *w) { mrr_flag_announce(&w->words->waiting, 1); }

/* Records of a batch on their way into a frame. Those that lie one behind the other in the arena,
 * as a call writes them, are copied as one. */
typedef struct run {
  uint8_t *to;
  const uint8_t *from;
  uint64_t bytes;
} run;

static void copy_run(run *c) {
  memcpy(c->to, c->from, c->bytes);
  c->to += c->bytes;
  c->bytes = 0;
}

static void copy_referring(run *c, const mr_batch *in, const mr_record *r, uint64_t bytes) {
  mr_record head = *r;
  head.flags &= (uint16_t)~MR_REC_REF;
  memcpy(c->to, &head, sizeof head);
  memcpy(c->to + sizeof head, mr_payload(in, r), head.length);
  c->to += bytes;
}

/* The records from `i` on that fit into one frame. Returns how many. */
static uint32_t put_records(mrr_wire *w, const mr_batch *in, uint32_t i, uint64_t most) {
  uint64_t used = sizeof(mrr_frame), left = w->size - (w->at & (w->size - 1));
  uint32_t first = i;
  run c = {mrr_wire_place(w, w->at) + used, in->base, 0};
  most = most < left ? most : left;
  for (; i < in->count; i++) {
    const mr_record *r = mr_at(in, i);
    uint64_t bytes = mrr_record_bytes(r->length);
    if (used + bytes > most)
      break;
    used += bytes;
    if (MR_UNLIKELY(r->flags & MR_REC_REF)) {
      copy_run(&c);
      copy_referring(&c, in, r, bytes);
      continue;
    }
    if ((const uint8_t *)r != c.from + c.bytes || c.bytes == 0) {
      copy_run(&c);
      c.from = (const uint8_t *)r;
    }
    c.bytes += bytes;
  }
  copy_run(&c);
  if (i > first) {
    put_frame(w, w->at, MRR_FRAME_RECORDS, used, i - first);
    w->at += used;
  } else if (left < sizeof(mrr_frame) + mrr_record_bytes(mr_at(in, i)->length)) {
    put_frame(w, w->at, MRR_FRAME_SKIP, left, 0); /* a record is always in one piece */
    w->at += left;
  }
  return i - first;
}

uint32_t mrr_wire_write(mrr_wire *w, const mr_batch *in) {
  uint32_t i = 0;
  uint64_t before = w->at, most = room(w, MRR_WIRE_RESERVE), place = w->at & (w->size - 1);
  if (most + MRR_WIRE_RESERVE == w->size && place >= MRR_WIRE_WARM) { /* it has read everything */
    put_frame(w, w->at, MRR_FRAME_SKIP, w->size - place, 0);
    w->at += w->size - place;
    most -= w->size - place;
  }
  while (i < in->count) {
    uint64_t at = w->at;
    uint64_t left = w->size - (at & (w->size - 1));
    uint64_t need = sizeof(mrr_frame) + mrr_record_bytes(mr_at(in, i)->length);
    if (most < need || (left < need && most < left + need))
      break;
    i += put_records(w, in, i, most);
    most -= w->at - at;
  }
  if (w->at != before)
    publish(w);
  return i;
}
