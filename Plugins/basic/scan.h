/* SPDX-License-Identifier: Apache-2.0
 * Looking at 64 bytes at once: bit i of a mask says something about byte i. */
#ifndef MR_BASIC_SCAN_H
#define MR_BASIC_SCAN_H

#include <stdint.h>
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#if defined(__SSE2__)

/* White space of the C locale: the space and the bytes 9 to 13. */
static inline uint64_t scan_spaces(const uint8_t *bytes) {
  const __m128i space = _mm_set1_epi8(' '), nine = _mm_set1_epi8(9), four = _mm_set1_epi8(4);
  uint64_t mask = 0;
  for (int part = 0; part < 4; part++) {
    __m128i sixteen = _mm_loadu_si128((const __m128i *)(const void *)(bytes + part * 16));
    __m128i from_nine = _mm_sub_epi8(sixteen, nine);
    __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(from_nine, four), from_nine);
    __m128i either = _mm_or_si128(control, _mm_cmpeq_epi8(sixteen, space));
    mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(either) << (part * 16);
  }
  return mask;
}

#else

static inline uint64_t scan_spaces(const uint8_t *bytes) {
  uint64_t mask = 0;
  for (int i = 0; i < 64; i++)
    mask |= (uint64_t)(bytes[i] == ' ' || (uint8_t)(bytes[i] - 9) <= 4) << i;
  return mask;
}

#endif

/* 64 bytes to look at: those at `bytes`, or a copy in `room` filled up with newlines when fewer
 * than 64 are left, so that nothing behind the record is read. */
static inline const uint8_t *scan_block(const uint8_t *bytes, uint64_t left, uint8_t *room) {
  if (left >= 64)
    return bytes;
  memset(room, '\n', 64);
  memcpy(room, bytes, left);
  return room;
}

#endif
