// SPDX-License-Identifier: Apache-2.0
// The loops of `generate` over records.
#include "generate.h"

/* How far ahead to ask for memory: the consumer has read it last, and its core has to let go. */
#define AHEAD 1024u

/* Records of one size: bounds are checked once per window, not once per record, and the ends of the
 * window live in registers. Where this is inlined, `stride` and `keyed` are constants and the copy
 * is a few moves. */
__attribute__((always_inline)) static inline void write_window(generate *op, uint32_t count,
                                                               uint64_t stride, int keyed) {
  mr_out *out = op->out;
  const uint8_t *image = op->image.image;
  const generate_keys *keys = &op->keys;
  uint8_t *cur = out->cur, *base = out->base;
  uint32_t *index = out->icur;
  uint64_t n = op->next, step = op->step;
  uint64_t turn = keyed ? n % keys->count : 0, turn_step = keyed ? step % keys->count : 0;
  const uint32_t stamp = (uint32_t)sizeof(mr_record) + (keyed ? 8 : 0);
  const int stamped = op->image.stamped != 0;
  const uint64_t spacing = op->spacing;
  for (uint32_t i = 0; i < count; i++) {
    for (uint64_t at = 0; at < stride && stride <= AHEAD; at += 64)
      __builtin_prefetch(cur + AHEAD + at, 1);
    for (uint64_t at = 0; at < stride; at += MR_UNIT)
      memcpy(cur + at, image + at, MR_UNIT);
    if (stamped)
      memcpy(cur + stamp, &n, sizeof n);
    if (spacing > 0) {
      uint64_t time = n * spacing;
      memcpy(cur + offsetof(mr_record, event_time), &time, sizeof time);
    }
    if (keyed) {
      uint64_t key = keys->zipf ? generate_key(keys, n) : turn;
      memcpy(cur + offsetof(mr_record, key_hash), &keys->hash[key], sizeof *keys->hash);
      memcpy(cur + sizeof(mr_record), &key, sizeof key);
      turn += turn_step;
      turn -= turn >= keys->count ? keys->count : 0;
    }
    index[i] = (uint32_t)((uint64_t)(cur - base) / MR_UNIT);
    cur += stride;
    n += step;
  }
  out->cur = cur;
  out->icur = index + count;
  op->next = n;
}

/* 100 bytes of payload are what measurements use: 144 with head and padding. */
static void write_some(generate *op, uint32_t count) {
  uint64_t stride = op->image.stride;
  int keyed = op->keys.count > 0;
  if (stride == 144 && !keyed)
    write_window(op, count, 144, 0);
  else if (stride == 144)
    write_window(op, count, 144, 1);
  else if (!keyed)
    write_window(op, count, stride, 0);
  else
    write_window(op, count, stride, 1);
}

uint32_t generate_write_images(generate *op, uint32_t limit) {
  mr_out *out = op->out;
  uint32_t done = 0;
  while (done < limit) {
    if (mr_reserve(out, op->head.length) == NULL)
      break;
    uint64_t count = (uint64_t)(out->end - out->cur) / op->image.stride;
    uint64_t slots = (uint64_t)(out->iend - out->icur);
    count = count < slots ? count : slots;
    count = count < limit - done ? count : limit - done;
    write_some(op, (uint32_t)count);
    done += (uint32_t)count;
  }
  return done;
}

uint32_t generate_write_text(generate *op, uint32_t limit) {
  mr_out *out = op->out;
  uint64_t longest = op->value.data != NULL ? op->value.size : 20;
  for (uint32_t done = 0; done < limit; done++) {
    uint8_t *payload = mr_reserve(out, (uint32_t)longest + 24);
    if (payload == NULL)
      return done;
    mr_record head = op->head;
    uint32_t length = 0;
    if (op->spacing > 0)
      head.event_time = (int64_t)(op->next * op->spacing);
    if (op->keys.count > 0) {
      uint64_t key = generate_key(&op->keys, op->next);
      payload[length++] = 'k';
      length += generate_digits(payload + length, key);
      head.key_length = (uint16_t)length;
      head.key_hash = op->keys.hash[key];
    }
    if (op->value.data != NULL) {
      memcpy(payload + length, op->value.data, op->value.size);
      length += (uint32_t)op->value.size;
    } else {
      length += generate_digits(payload + length, op->next);
    }
    head.length = length;
    mr_commit(out, &head);
    op->next += op->step;
  }
  return limit;
}
