/* SPDX-License-Identifier: Apache-2.0
 * A lane: single producer, single consumer. A ring of unit numbers with one bit per slot that
 * ends a run, and beside it a ring of control records, each with its position in the first.
 *
 * word          stored by  read by   store    load     hands over
 * tail          producer   consumer  seq_cst  acquire  ring and runs [old tail, tail), the records
 *                                                      they name, one count for each run
 * control_tail  producer   consumer  seq_cst  acquire  control [old, new)
 * head          consumer   producer  seq_cst  acquire  ring [old head, head), free again
 * control_head  consumer   producer  seq_cst  acquire  control [old, new), free again
 * parked        consumer sets, producer takes back; both seq_cst: "tell me when something comes"
 * waiting       producer sets, consumer takes back; both seq_cst: "tell me when there is room"
 * runs          producer   consumer  relaxed  relaxed  ordered by tail
 *
 * Whoever sets parked or waiting looks once more before it sleeps; the other side stores, then
 * looks at the word. Either it is seen there, or the sleeper sees the store.
 *
 * The producer writes control records before the tail that passes them; the consumer reads the
 * tail first, then the control records, so it never passes one it has not seen. Barriers, cancels
 * and ends have four slots that watermarks and stamps cannot take.
 *
 * Invariant: head <= tail <= head + capacity. No wrap: 2^64 positions at 10^9 per second last 584
 * years. */
#include "layout.h"

static uint64_t runs_bytes(uint32_t queue) { return (queue + 63) / 64 * sizeof(mrr_word); }

uint64_t mrr_lane_bytes(uint32_t queue) {
  uint64_t bytes = sizeof(mrr_lane) + (uint64_t)queue * sizeof(uint32_t) + runs_bytes(queue);
  return (bytes + MRR_ALIGNMENT - 1) & ~(uint64_t)(MRR_ALIGNMENT - 1);
}

mrr_lane *mrr_lane_make(void *memory, uint32_t queue) {
  mrr_lane *l = memory;
  l->capacity = queue;
  l->mask = queue - 1;
  l->ring = (uint32_t *)(l + 1);
  l->runs = (mrr_word *)((uint8_t *)l->ring + (uint64_t)queue * sizeof(uint32_t));
  l->mark = MR_TIME_NONE;
  l->mark_sent = MR_TIME_NONE;
  return l;
}

/* ---- producer ---------------------------------------------------------------- */

/* Free slots; looks at the consumer's word only when fewer than `wanted` are known. */
uint64_t mrr_lane_room(mrr_lane *l, uint64_t wanted) {
  uint64_t room = l->capacity - (l->put - l->head_seen);
  if (room < wanted) {
    l->head_seen = mrr_look(&l->head);
    room = l->capacity - (l->put - l->head_seen);
  }
  return room;
}

static void tell_consumer(mrr_lane *l) {
  if (MR_UNLIKELY(mrr_flag_look(&l->parked)) && mrr_flag_take(&l->parked, 0)) {
    mrr_task *t = l->consumer;
    mrr_set_bits(&t->woken[l->number >> 6], 1ull << (l->number & 63));
    mrr_flag_announce(&t->woken_any, 1);
    mrr_ready(t->chain);
  }
}

/* [from, to) is one run: clear its bits but the last. A ring of fewer than 64 slots uses the bits
 * of its one word in turn, as the consumer does. */
void mrr_lane_mark_run(mrr_lane *l, uint64_t from, uint64_t to) {
  while (from < to) {
    uint64_t n = 64 - (from & 63) < to - from ? 64 - (from & 63) : to - from;
    uint64_t bits = (n == 64 ? ~0ull : (1ull << n) - 1) << (from & 63);
    mrr_word *w = &l->runs[(from & l->mask) >> 6];
    uint64_t last = from + n == to ? 1ull << ((to - 1) & 63) : 0;
    mrr_relax(w, (mrr_relaxed(w) & ~bits) | last);
    from += n;
  }
}

/* Make [published, put) visible. Their run bits are set. */
void mrr_lane_publish(mrr_lane *l) {
  l->published = l->put;
  mrr_announce(&l->tail, l->put);
  tell_consumer(l);
}

/* Put a control record at the end of what is published. 0: no slot for it now. */
int mrr_lane_control(mrr_lane *l, uint32_t kind, uint64_t epoch, int64_t value) {
  uint64_t tail = mrr_relaxed(&l->control_tail);
  uint64_t used = tail - mrr_look(&l->control_head); /* may follow the store of `waiting` */
  int soft = mrr_is_soft(kind);
  if (used >= (soft ? MRR_SOFT_CONTROLS : MRR_CONTROLS))
    return 0;
  l->control[tail % MRR_CONTROLS] = (mrr_control){l->published, kind, 0, epoch, value};
  mrr_announce(&l->control_tail, tail + 1);
  tell_consumer(l);
  return 1;
}

/* ---- consumer ---------------------------------------------------------------- */

/* Is there a record or a control record that was not taken yet? */
int mrr_lane_visible(mrr_lane *l) {
  if (l->tail_seen == l->get)
    l->tail_seen = mrr_look(&l->tail);
  return l->tail_seen != l->get || mrr_look(&l->control_tail) != l->control_get;
}

/* The next control record, or NULL. Ask after the tail was seen. */
const mrr_control *mrr_lane_next_control(mrr_lane *l) {
  if (mrr_acquire(&l->control_tail) == l->control_get)
    return NULL;
  return &l->control[l->control_get % MRR_CONTROLS];
}

void mrr_lane_pass_control(mrr_lane *l) {
  mrr_announce(&l->control_head, ++l->control_get);
  if (MR_UNLIKELY(mrr_flag_look(&l->waiting)) && mrr_flag_take(&l->waiting, 0))
    mrr_ready(l->producer);
}

/* The position of the last record of the run that `position` is in, at most `end` - 1. */
static uint64_t run_end(const mrr_lane *l, uint64_t position, uint64_t end) {
  while (position < end) {
    uint64_t bits = mrr_relaxed(&l->runs[(position & l->mask) >> 6]) >> (position & 63);
    if (bits) {
      uint64_t at = position + (uint64_t)__builtin_ctzll(bits);
      return at < end ? at : end - 1;
    }
    position += 64 - (position & 63);
  }
  return end - 1;
}

/* How many of [get, end) make a batch of about 64 KiB; a span comes alone. */
static uint32_t cut_by_bytes(const mrr_lane *l, const mrr_arena *a, uint64_t end) {
  uint64_t bytes = 0;
  for (uint64_t at = l->get; at < end;) {
    uint32_t unit = l->ring[at & l->mask];
    if (a->span[mrr_block_of(unit)] > 1)
      return at == l->get ? 1 : (uint32_t)(at - l->get);
    uint64_t last = run_end(l, at, end);
    uint32_t last_unit = l->ring[last & l->mask];
    bytes += last_unit > unit ? (uint64_t)(last_unit - unit) << MRR_UNIT_SHIFT : 0;
    at = last + 1;
    if (bytes >= MRR_BLOCK_BYTES)
      return (uint32_t)(at - l->get);
  }
  return (uint32_t)(end - l->get);
}

/* How many records from `get` on, in one piece of the ring, make the next batch: what is visible,
 * up to `limit`, 64 KiB and the next barrier or end. */
uint32_t mrr_lane_slice(mrr_lane *l, const mrr_arena *a, uint32_t limit) {
  if (l->tail_seen - l->get < limit)
    l->tail_seen = mrr_acquire(&l->tail);
  uint64_t n = l->tail_seen - l->get;
  uint64_t piece = l->capacity - (l->get & l->mask);
  if (n == 0)
    return 0;
  n = n > limit ? limit : n;
  n = n > piece ? piece : n;
  for (uint64_t c = l->control_get, t = mrr_acquire(&l->control_tail); c != t; c++) {
    const mrr_control *entry = &l->control[c % MRR_CONTROLS];
    if (entry->position >= l->get + n)
      break;
    if (entry->kind == MRR_CONTROL_BARRIER || entry->kind == MRR_CONTROL_END)
      n = entry->position - l->get;
  }
  if (n == 0)
    return 0;
  uint32_t first = mrr_block_of(l->ring[l->get & l->mask]);
  uint32_t last = mrr_block_of(l->ring[(l->get + n - 1) & l->mask]);
  if (first == last && a->span[first] == 1)
    return (uint32_t)n;
  return cut_by_bytes(l, a, l->get + n);
}

/* The counts of the first `n` records go. Comes after the output they caused was counted. */
void mrr_lane_give_up(const mrr_lane *l, uint32_t n, mrr_chain *c) {
  uint64_t end = l->get + n;
  for (uint64_t at = l->get; at < end;) {
    uint64_t last = run_end(l, at, end);
    if (mrr_relaxed(&l->runs[(last & l->mask) >> 6]) >> (last & 63) & 1)
      mrr_net(c, mrr_block_of(l->ring[last & l->mask]), -1);
    at = last + 1;
  }
}

/* Their slots are free. Comes last. */
void mrr_lane_advance(mrr_lane *l, uint32_t n) {
  l->get += n;
  mrr_announce(&l->head, l->get);
  if (MR_UNLIKELY(mrr_flag_look(&l->waiting)) &&
      l->capacity - (mrr_relaxed(&l->tail) - l->get) >= l->capacity / 4 &&
      mrr_flag_take(&l->waiting, 0))
    mrr_ready(l->producer);
}
