/* SPDX-License-Identifier: Apache-2.0
 * Words that two threads share. Each is a struct, so that plain arithmetic on it does not
 * compile, and each access says its ordering in its name.
 *
 * A "look" is the load that follows a store to another word and must not pass it: both are
 * sequentially consistent. Release and acquire would let the processor move the load up, and a
 * sleeper would be missed. */
#ifndef MRR_WORD_H
#define MRR_WORD_H

#include <stdint.h>

typedef struct {
  uint64_t raw;
} mrr_word;

typedef struct {
  uint32_t raw;
} mrr_flag;

static inline uint64_t mrr_relaxed(const mrr_word *w) {
  return __atomic_load_n(&w->raw, __ATOMIC_RELAXED);
}
static inline uint64_t mrr_acquire(const mrr_word *w) {
  return __atomic_load_n(&w->raw, __ATOMIC_ACQUIRE);
}
static inline uint64_t mrr_look(const mrr_word *w) {
  return __atomic_load_n(&w->raw, __ATOMIC_SEQ_CST);
}
static inline void mrr_relax(mrr_word *w, uint64_t value) {
  __atomic_store_n(&w->raw, value, __ATOMIC_RELAXED);
}
static inline void mrr_release(mrr_word *w, uint64_t value) {
  __atomic_store_n(&w->raw, value, __ATOMIC_RELEASE);
}
/* Release, and no later look passes it. */
static inline void mrr_announce(mrr_word *w, uint64_t value) {
  __atomic_store_n(&w->raw, value, __ATOMIC_SEQ_CST);
}
static inline uint64_t mrr_set_bits(mrr_word *w, uint64_t bits) {
  return __atomic_fetch_or(&w->raw, bits, __ATOMIC_SEQ_CST);
}
static inline uint64_t mrr_clear_bits(mrr_word *w, uint64_t bits) {
  return __atomic_fetch_and(&w->raw, ~bits, __ATOMIC_ACQ_REL);
}
static inline uint64_t mrr_take_bits(mrr_word *w) {
  return __atomic_exchange_n(&w->raw, 0, __ATOMIC_SEQ_CST);
}

static inline uint32_t mrr_flag_relaxed(const mrr_flag *f) {
  return __atomic_load_n(&f->raw, __ATOMIC_RELAXED);
}
static inline uint32_t mrr_flag_look(const mrr_flag *f) {
  return __atomic_load_n(&f->raw, __ATOMIC_SEQ_CST);
}
static inline void mrr_flag_announce(mrr_flag *f, uint32_t value) {
  __atomic_store_n(&f->raw, value, __ATOMIC_SEQ_CST);
}
static inline uint32_t mrr_flag_take(mrr_flag *f, uint32_t value) {
  return __atomic_exchange_n(&f->raw, value, __ATOMIC_SEQ_CST);
}

/* Cells that one thread writes and others sample: never torn, no ordering. */
static inline void mrr_cell_add(uint64_t *cell, uint64_t n) {
  __atomic_store_n(cell, *cell + n, __ATOMIC_RELAXED);
}
static inline void mrr_cell_set(uint64_t *cell, uint64_t value) {
  __atomic_store_n(cell, value, __ATOMIC_RELAXED);
}
static inline void mrr_cell_set32(uint32_t *cell, uint32_t value) {
  __atomic_store_n(cell, value, __ATOMIC_RELAXED);
}
static inline void mrr_cell_set_signed(int64_t *cell, int64_t value) {
  __atomic_store_n(cell, value, __ATOMIC_RELAXED);
}

#endif
