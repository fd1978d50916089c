// SPDX-License-Identifier: Apache-2.0
// The loops of `generate` over records.
#include "generate.h"

/* Records of one size without a key: bounds are checked once per window, not once per record, and
 * the window's ends live in registers. `stride` is a constant where this is inlined. */
__attribute__((always_inline)) static inline void write_window(generate *op, uint32_t count,
                                                               uint64_t stride) {
  mr_out *out = op->out;
  const uint8_t *image = op->image.image;
  uint8_t *cur = out->cur, *base = out->base;
  uint32_t *index = out->icur;
  uint64_t n = op->next, step = op->step;
  uint32_t stamp = (uint32_t)sizeof(mr_record) + op->image.stamp;
  int stamped = op->image.stamped != 0;
  for (uint32_t i = 0; i < count; i++) {
    memcpy(cur, image, stride);
    if (stamped)
      memcpy(cur + stamp, &n, sizeof n);
    index[i] = (uint32_t)((uint64_t)(cur - base) / MR_UNIT);
    cur += stride;
    n += step;
  }
  out->cur = cur;
  out->icur = index + count;
  op->next = n;
}

/* The sizes that measurements use get a copy of known length. */
static void write_window_of(generate *op, uint32_t count) {
  switch (op->image.stride) {
  case 48:
    write_window(op, count, 48);
    break;
  case 64:
    write_window(op, count, 64);
    break;
  case 96:
    write_window(op, count, 96);
    break;
  case 144:
    write_window(op, count, 144);
    break;
  case 160:
    write_window(op, count, 160);
    break;
  case 288:
    write_window(op, count, 288);
    break;
  default:
    write_window(op, count, op->image.stride);
    break;
  }
}

/* The same with a key in the first 8 bytes. */
static void write_keyed_window(generate *op, uint32_t count) {
  mr_out *out = op->out;
  const uint64_t stride = op->image.stride, step = op->step;
  uint8_t *cur = out->cur, *base = out->base;
  uint32_t *index = out->icur;
  const uint64_t *hash = op->keys.hash;
  uint64_t n = op->next, turn = n % op->keys.count, turn_step = step % op->keys.count;
  for (uint32_t i = 0; i < count; i++) {
    uint64_t key = op->keys.zipf ? generate_key(&op->keys, n) : turn;
    uint8_t *payload = cur + sizeof(mr_record);
    memcpy(cur, op->image.image, stride);
    memcpy(cur + offsetof(mr_record, key_hash), &hash[key], sizeof *hash);
    memcpy(payload, &key, sizeof key);
    memcpy(payload + sizeof key, &n, sizeof n);
    index[i] = (uint32_t)((uint64_t)(cur - base) / MR_UNIT);
    cur += stride;
    n += step;
    turn += turn_step;
    turn -= turn >= op->keys.count ? op->keys.count : 0;
  }
  out->cur = cur;
  out->icur = index + count;
  op->next = n;
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
    if (op->keys.count > 0)
      write_keyed_window(op, (uint32_t)count);
    else
      write_window_of(op, (uint32_t)count);
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
