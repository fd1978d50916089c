/* SPDX-License-Identifier: Apache-2.0
 * CRC-32C as in RFC 3720, for bytes that come by the gigabyte: with the processor's own
 * instruction where it has one. */
#include "mrshim.h"

#include <string.h>

uint32_t mrshim_crc32c_portable(uint32_t before, const void *bytes, size_t size) {
  static const uint32_t nibbles[16] = {0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1,
                                       0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
                                       0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
                                       0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75};
  const uint8_t *from = bytes;
  uint32_t value = ~before;
  for (size_t i = 0; i < size; i++) {
    value ^= from[i];
    value = value >> 4 ^ nibbles[value & 15];
    value = value >> 4 ^ nibbles[value & 15];
  }
  return ~value;
}

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("sse4.2"))) static uint32_t crc_own(uint32_t before, const uint8_t *bytes,
                                                          size_t size) {
  uint64_t value = ~before;
  for (; size >= 8; size -= 8, bytes += 8) {
    uint64_t word;
    memcpy(&word, bytes, 8);
    value = _mm_crc32_u64(value, word);
  }
  for (; size > 0; size--, bytes++)
    value = _mm_crc32_u8((uint32_t)value, *bytes);
  return ~(uint32_t)value;
}

static int has_own(void) { return __builtin_cpu_supports("sse4.2"); }
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>

static uint32_t crc_own(uint32_t before, const uint8_t *bytes, size_t size) {
  uint32_t value = ~before;
  for (; size >= 8; size -= 8, bytes += 8) {
    uint64_t word;
    memcpy(&word, bytes, 8);
    value = __crc32cd(value, word);
  }
  for (; size > 0; size--, bytes++)
    value = __crc32cb(value, *bytes);
  return ~value;
}

static int has_own(void) { return 1; }
#else
static uint32_t crc_own(uint32_t before, const uint8_t *bytes, size_t size) {
  return mrshim_crc32c_portable(before, bytes, size);
}

static int has_own(void) { return 0; }
#endif

uint32_t mrshim_crc32c(uint32_t before, const void *bytes, size_t size) {
  return has_own() ? crc_own(before, bytes, size) : mrshim_crc32c_portable(before, bytes, size);
}
