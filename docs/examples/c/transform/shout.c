/* SPDX-License-Identifier: Apache-2.0
 * Upper-cases every value. A whole plugin of one function, through simple.h. */
#include <millrace/simple.h>

static int64_t shout(const void *value, uint32_t size, void *out, uint32_t room) {
  const uint8_t *from = (const uint8_t *)value;
  uint8_t *to = (uint8_t *)out;
  (void)room; /* at least size */
  for (uint32_t i = 0; i < size; i++)
    to[i] = from[i] >= 'a' && from[i] <= 'z' ? (uint8_t)(from[i] - 32) : from[i];
  return size;
}

MR_SIMPLE_MAP("example.shout", 0, shout)
