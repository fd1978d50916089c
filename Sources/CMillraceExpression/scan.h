/* SPDX-License-Identifier: Apache-2.0
 * Looking at 16 or 64 bytes at once: bit i of a mask says something about byte i. With MRX_SCALAR,
 * or without SSE2, the same answers byte by byte. */
#ifndef MRX_SCAN_H
#define MRX_SCAN_H

#include <stdint.h>
#include <string.h>
#if defined(__SSE2__) && !defined(MRX_SCALAR)
#include <emmintrin.h>
#define MRX_SSE2 1
#else
#define MRX_SSE2 0
#endif

/* Bytes of `"`, and of brackets, `\` and `|`, in 64 bytes: `|` is there because it is cheap. */
typedef struct mrx_block {
  uint64_t quotes, special;
} mrx_block;

static inline int mrx_is_special(uint8_t byte) {
  return byte == '{' || byte == '}' || byte == '[' || byte == ']' || byte == '\\' || byte == '|';
}

#if MRX_SSE2

static inline __m128i mrx_load(const uint8_t *at) {
  return _mm_loadu_si128((const __m128i *)(const void *)at);
}

/* Bytes that end or interrupt a run of plain text in a string: `"`, `\` and control characters;
 * and where `foreign`, bytes above 127. */
static inline uint32_t mrx_text_stops(const uint8_t *at, int foreign) {
  __m128i bytes = mrx_load(at);
  __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  __m128i escape = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
  __m128i stop = _mm_or_si128(_mm_or_si128(quote, escape), control);
  if (foreign)
    stop = _mm_or_si128(stop, bytes);
  return (uint32_t)_mm_movemask_epi8(stop);
}

/* Quotes and brackets. */
static inline uint32_t mrx_bracket_stops(const uint8_t *at) {
  __m128i bytes = mrx_load(at);
  __m128i folded = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
  __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  __m128i open = _mm_cmpeq_epi8(folded, _mm_set1_epi8('{'));
  __m128i close = _mm_cmpeq_epi8(folded, _mm_set1_epi8('}'));
  return (uint32_t)_mm_movemask_epi8(_mm_or_si128(quote, _mm_or_si128(open, close)));
}

static inline mrx_block mrx_look(const uint8_t *at) {
  mrx_block found = {0, 0};
  for (int part = 0; part < 4; part++) {
    __m128i bytes = mrx_load(at + part * 16);
    __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    __m128i folded = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
    __m128i from = _mm_sub_epi8(folded, _mm_set1_epi8('{'));
    __m128i special = _mm_cmpeq_epi8(_mm_min_epu8(from, _mm_set1_epi8(2)), from);
    found.quotes |= (uint64_t)(uint32_t)_mm_movemask_epi8(quote) << (part * 16);
    found.special |= (uint64_t)(uint32_t)_mm_movemask_epi8(special) << (part * 16);
  }
  return found;
}

#else

static inline uint32_t mrx_text_stops(const uint8_t *at, int foreign) {
  uint32_t stops = 0;
  for (uint32_t i = 0; i < 16; i++)
    stops |= (uint32_t)(at[i] == '"' || at[i] == '\\' || at[i] < 0x20 || (foreign && at[i] > 127))
             << i;
  return stops;
}

static inline uint32_t mrx_bracket_stops(const uint8_t *at) {
  uint32_t stops = 0;
  for (uint32_t i = 0; i < 16; i++)
    stops |= (uint32_t)(at[i] == '"' || (mrx_is_special(at[i]) && at[i] != '\\' && at[i] != '|'))
             << i;
  return stops;
}

static inline mrx_block mrx_look(const uint8_t *at) {
  mrx_block found = {0, 0};
  for (uint32_t i = 0; i < 64; i++) {
    found.quotes |= (uint64_t)(at[i] == '"') << i;
    found.special |= (uint64_t)mrx_is_special(at[i]) << i;
  }
  return found;
}

#endif

/* The masks of the 64 bytes at `at`, or of as many as there are before `end`; the bits of bytes
 * that are not there are 0. Reads nothing outside of [begin, end). */
static inline mrx_block mrx_block_at(const uint8_t *begin, const uint8_t *at, const uint8_t *end) {
  uint64_t left = (uint64_t)(end - at);
  if (left >= 64)
    return mrx_look(at);
  mrx_block found = {0, 0};
  if (left == 0)
    return found;
  if (end - begin >= 64) {
    found = mrx_look(end - 64);
    found.quotes >>= 64 - left;
    found.special >>= 64 - left;
    return found;
  }
  uint8_t room[64] = {0};
  memcpy(room, at, left);
  return mrx_look(room);
}

/* Behind a string whose opening quote is at `at`; NULL: it does not end. */
static inline const uint8_t *mrx_skip_string(const uint8_t *at, const uint8_t *end, int *escaped) {
  *escaped = 0;
  at++;
  for (;;) {
    while (end - at >= 16) {
      uint32_t stops = mrx_text_stops(at, 0);
      if (stops == 0) {
        at += 16;
        continue;
      }
      at += __builtin_ctz(stops);
      break;
    }
    if (at >= end)
      return NULL;
    if (*at == '"')
      return at + 1;
    if (*at == '\\') {
      *escaped = 1;
      at++;
    }
    at++;
  }
}

#endif
