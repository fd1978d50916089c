/* SPDX-License-Identifier: Apache-2.0
 * Lines to records, as fast as copying goes.
 *
 * How long a line is cannot be predicted, and a wrong guess costs as much as copying a hundred
 * bytes. So there is no branch on it: the first CUT_SHORT bytes behind the start of a line are
 * loaded, copied whole into space that is reserved and not committed, and searched for the newline
 * on the way. One that is longer gets as much again. Only a line of more than CUT_LONG bytes, the
 * last bytes of a text and the end of the output need another way. Compiled twice: for every
 * processor, and for those with AVX2. */
#ifndef MR_SHARED_CUT_LINES_H
#define MR_SHARED_CUT_LINES_H

#include <millrace/millrace.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* What is copied without a branch, and with one; a newline is in it. */
#define CUT_SHORT 128u
#define CUT_LONG 512u

/* A text on its way to records. */
typedef struct {
  mr_out *out;
  mr_record head;       /* of every line; its length is filled in */
  const uint8_t *bytes; /* the text */
  uint64_t size;        /* of the text: so much may be read */
  uint64_t start;       /* of the line that comes next */
  uint32_t most;        /* lines that may still be emitted */
  uint32_t drops_cr;    /* a carriage return before a newline is not part of the line */
} cut;

/* Emit lines from `start` on, up to one that is too long, the last CUT_LONG bytes, the end of the
 * output, or of `most`. `start` is where it stopped. */
typedef void (*cut_lines)(cut *c);

/* Copies CUT_SHORT bytes. Returns where the first newline in them is, CUT_SHORT if there is none.
 */
static inline __attribute__((always_inline)) uint32_t cut_copy_any(uint8_t *to,
                                                                   const uint8_t *from) {
  const uint8_t *newline = memchr(from, '\n', CUT_SHORT);
  memcpy(to, from, CUT_SHORT);
  return newline != NULL ? (uint32_t)(newline - from) : CUT_SHORT;
}

/* The loop over lines; `copy` is known when this is compiled. */
static inline __attribute__((always_inline)) void
cut_loop(cut *c, uint32_t (*copy)(uint8_t *to, const uint8_t *from)) {
  mr_out *out = c->out;
  /* Copies: what is written through `to` might be any of these, for all a compiler knows. */
  const mr_record head = c->head;
  const uint8_t *bytes = c->bytes, *base = out->base, *end = out->end;
  const uint64_t size = c->size, drops_cr = c->drops_cr;
  uint8_t *to = out->cur;
  uint32_t *index = out->icur;
  uint64_t start = c->start, slots = (uint64_t)(out->iend - index);
  uint32_t most = c->most < slots ? c->most : (uint32_t)slots, left = most;
  for (; left > 0; left--) {
    if (MR_UNLIKELY(size - start < CUT_LONG || (uint64_t)(end - to) < sizeof(mr_record) + CUT_LONG))
      break;
    const uint8_t *from = bytes + start;
    uint32_t found = copy(to + sizeof(mr_record), from);
    if (MR_UNLIKELY(found == CUT_SHORT)) {
      for (uint32_t more = CUT_SHORT; more == CUT_SHORT && found < CUT_LONG; found += more)
        more = copy(to + sizeof(mr_record) + found, from + found);
      if (found == CUT_LONG)
        break;
    }
    start += found + 1;
    uint32_t length = found;
    if (drops_cr)
      length -= found > 0 && from[found - 1] == '\r';
    memcpy(to, &head, sizeof head);
    memcpy(to, &length, sizeof length);
    *index++ = (uint32_t)((uint64_t)(to - base) / MR_UNIT);
    to += (sizeof(mr_record) + (uint64_t)length + (MR_UNIT - 1)) & ~(uint64_t)(MR_UNIT - 1);
  }
  out->cur = to;
  out->icur = index;
  c->start = start;
  c->most -= most - left;
}

static void cut_lines_any(cut *c) { cut_loop(c, cut_copy_any); }

#if defined(__x86_64__)

#define CUT_AVX2 __attribute__((target("avx2,bmi")))

CUT_AVX2 static inline __attribute__((always_inline)) uint64_t cut_copy_64(uint8_t *to,
                                                                           const uint8_t *from) {
  const __m256i newline = _mm256_set1_epi8('\n');
  __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)from);
  __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(from + 32));
  _mm256_storeu_si256((__m256i *)(void *)to, low);
  _mm256_storeu_si256((__m256i *)(void *)(to + 32), high);
  uint32_t in_low = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, newline));
  uint32_t in_high = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, newline));
  return (uint64_t)in_high << 32 | in_low;
}

CUT_AVX2 static inline __attribute__((always_inline)) uint32_t cut_copy_avx2(uint8_t *to,
                                                                             const uint8_t *from) {
  /* 64 when there is none; then, and only then, the second half counts. */
  uint64_t first = _tzcnt_u64(cut_copy_64(to, from));
  uint64_t second = _tzcnt_u64(cut_copy_64(to + 64, from + 64));
  return (uint32_t)(first + (second & (0 - (first >> 6))));
}

CUT_AVX2 static void cut_lines_avx2(cut *c) { cut_loop(c, cut_copy_avx2); }

static inline cut_lines cut_lines_fastest(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") ? cut_lines_avx2
                                                                         : cut_lines_any;
}

#else

static inline cut_lines cut_lines_fastest(void) { return cut_lines_any; }

#endif

#endif
