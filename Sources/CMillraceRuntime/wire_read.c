/* SPDX-License-Identifier: Apache-2.0
 * The consumer's end of a wire: what wire.c says about trust is kept here. */
#include "wire.h"

static uint32_t broken(mrr_wire *w) {
  w->broken = 1;
  return MRR_WIRE_BROKEN;
}

static void give_back(mrr_wire *w) {
  mrr_announce(&w->words->head, w->at);
  if (MR_UNLIKELY(mrr_flag_look(&w->words->waiting)) && w->size - (w->seen - w->at) >= w->size / 4)
    mrr_wire_ring(w, &w->words->waiting);
}

uint32_t mrr_wire_next(mrr_wire *w, uint64_t *value) {
  if (w->in_frame)
    return MRR_WIRE_RECORDS;
  for (;;) {
    if (w->seen == w->at)
      w->seen = mrr_look(&w->words->tail);
    if (w->seen == w->at)
      return MRR_WIRE_NOTHING;
    uint64_t ahead = w->seen - w->at, left = w->size - (w->at & (w->size - 1));
    if (ahead > w->size || ahead % MR_UNIT)
      return broken(w);
    mrr_frame f;
    memcpy(&f, mrr_wire_place(w, w->at), sizeof f);
    if (f.size < sizeof f || f.size % MR_UNIT || f.size > ahead || f.size > left)
      return broken(w);
    *value = f.value;
    switch (f.kind) {
    case MRR_FRAME_SKIP:
      w->at += f.size;
      give_back(w);
      continue;
    case MRR_FRAME_RECORDS:
      if (f.size == sizeof f)
        return broken(w);
      w->at += sizeof f;
      w->in_frame = f.size - sizeof f;
      return MRR_WIRE_RECORDS;
    case MRR_CONTROL_WATERMARK:
    case MRR_CONTROL_BARRIER:
    case MRR_CONTROL_END:
    case MRR_CONTROL_STAMP:
    case MRR_CONTROL_IDLE:
      return f.size == sizeof f ? f.kind : broken(w);
    default:
      return broken(w);
    }
  }
}

void mrr_wire_pass_control(mrr_wire *w) {
  w->at += sizeof(mrr_frame);
  give_back(w);
}

int mrr_wire_park(mrr_wire *w) {
  mrr_flag_announce(&w->words->parked, 1);
  if (w->in_frame || mrr_look(&w->words->tail) != w->at) {
    mrr_flag_take(&w->words->parked, 0);
    return 0;
  }
  return 1;
}

/* Can this be the head of a record, of at most `left` bytes with its padding? */
static int plausible(const mr_record *head, uint64_t left) {
  return mrr_record_bytes(head->length) <= left && head->key_length <= head->length &&
         (head->flags & (MR_REC_REF | MR_REC_TRAILER)) == 0 &&
         (!(head->flags & MR_REC_UNKEYED) || head->key_length == 0);
}

/* Looks through `bytes` that were copied to the window and keeps the records that are whole, at
 * most `most`. Returns how many; 0: the first is none. */
static uint32_t keep_whole(mr_out *out, uint64_t bytes, uint64_t left, uint64_t most) {
  uint32_t n = 0;
  while (bytes >= sizeof(mr_record) && n < most && out->icur < out->iend) {
    mr_record head;
    memcpy(&head, out->cur, sizeof head);
    if (!plausible(&head, left))
      return 0;
    uint64_t size = mrr_record_bytes(head.length);
    if (size > bytes)
      break;
    if (head.key_length) { /* where it goes follows from it, so it is not taken on trust */
      head.key_hash = mrr_xxh3(out->cur + sizeof head, head.key_length);
      memcpy(out->cur, &head, sizeof head);
    }
    *out->icur++ = (uint32_t)((uint64_t)(out->cur - out->base) / MR_UNIT);
    out->cur += size;
    bytes -= size;
    left -= size;
    n++;
  }
  return n;
}

/* Copies a piece of the frame, of several records unless the next is large, into the window.
 * What the copy says is what counts: the ring may change while it is read. */
static mr_status take_piece(mrr_wire *w, mr_out *out, uint64_t *most) {
  mr_record next;
  memcpy(&next, mrr_wire_place(w, w->at), sizeof next);
  if (w->in_frame < sizeof next || !plausible(&next, w->in_frame))
    return MR_E_INVALID;
  if (!mr_reserve(out, next.length))
    return out->status;
  uint64_t piece = mrr_record_bytes(next.length), room = (uint64_t)(out->end - out->cur);
  piece = piece < MRR_WIRE_PIECE ? MRR_WIRE_PIECE : piece;
  piece = piece < room ? piece : room;
  piece = piece < w->in_frame ? piece : w->in_frame;
  const uint8_t *from = out->cur;
  memcpy(out->cur, mrr_wire_place(w, w->at), piece);
  uint32_t n = keep_whole(out, piece, w->in_frame, *most);
  w->at += (uint64_t)(out->cur - from);
  w->in_frame -= (uint64_t)(out->cur - from);
  *most -= n;
  return n ? MR_OK : MR_E_INVALID;
}

mr_status mrr_wire_read(mrr_wire *w, mr_out *out, uint64_t most) {
  mr_status s = MR_OK;
  while (s == MR_OK && most && w->in_frame)
    s = take_piece(w, out, &most);
  if (s == MR_E_INVALID)
    broken(w);
  else
    give_back(w);
  return s;
}
