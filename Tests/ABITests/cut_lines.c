/* SPDX-License-Identifier: Apache-2.0
 * The two ways in Plugins/shared/cut_lines.h to cut lines, beside one that is too simple to be
 * wrong: the same lines from random texts, with room for few or many, at every start.
 *
 * Exit: 0 all agree, 1 they do not. */
#include "../../Plugins/shared/cut_lines.h"
#include <stdio.h>
#include <stdlib.h>

enum { TEXT = 4096, ROOM = 1 << 16, SLOTS = 256, TEXTS = 20000 };

static uint8_t text[TEXT], room[ROOM];
static uint32_t slots[SLOTS];
static uint64_t dice = 5;

static uint32_t roll(uint32_t sides) {
  dice = dice * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(dice >> 33) % sides;
}

/* Lines of up to `longest` bytes, some with a carriage return. Returns the size. */
static uint64_t write_text(uint32_t longest) {
  uint64_t size = roll(TEXT + 1), left = roll(longest + 1);
  for (uint64_t i = 0; i < size; i++) {
    text[i] = left == 0 ? '\n' : left == 1 && roll(4) == 0 ? '\r' : (uint8_t)(32 + roll(90));
    left = left == 0 ? roll(longest + 1) : left - 1;
  }
  return size;
}

static int is_wrong(cut_lines way, uint64_t size, uint64_t start) {
  mr_out out = {.struct_size = sizeof out, .cur = room, .icur = slots, .base = room};
  out.end = room + (roll(2) ? ROOM : roll(4000) / MR_UNIT * MR_UNIT);
  out.iend = slots + roll(SLOTS + 1);
  cut c = {.out = &out,
           .head = {.flags = MR_REC_UNKEYED, .event_time = 7, .schema = 3, .trace = 9},
           .bytes = text,
           .size = size,
           .start = start,
           .most = roll(SLOTS),
           .drops_cr = roll(2)};
  uint32_t most = c.most;
  way(&c);
  if (out.cur > out.end || out.icur > out.iend || (uint64_t)(out.icur - slots) + c.most != most)
    return 1;
  for (const uint32_t *slot = slots; slot < out.icur; slot++) {
    mr_record head;
    uint64_t end = start;
    memcpy(&head, room + (uint64_t)*slot * MR_UNIT, sizeof head);
    while (end < size && text[end] != '\n')
      end++;
    uint64_t length = end - start;
    length -= c.drops_cr && length > 0 && text[end - 1] == '\r';
    if (end == size || head.length != length || head.flags != MR_REC_UNKEYED ||
        head.event_time != 7 || head.schema != 3 || head.trace != 9 || head.key_hash != 0 ||
        memcmp(room + (uint64_t)*slot * MR_UNIT + sizeof head, text + start, length) != 0)
      return 1;
    start = end + 1;
  }
  return c.start != start;
}

int main(void) {
  const cut_lines ways[] = {cut_lines_any, cut_lines_fastest()};
  for (uint32_t i = 0; i < TEXTS; i++) {
    static const uint32_t longest[] = {0, 10, 60, 127, 129, 400, 513, 900};
    uint64_t size = write_text(longest[i % 8]), start = roll((uint32_t)size + 1);
    for (uint32_t way = 0; way < 2; way++)
      if (is_wrong(ways[way], size, start)) {
        fprintf(stderr, "cut_lines: way %u is wrong in text %u\n", way, i);
        return 1;
      }
  }
  return 0;
}
