/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "mrshim.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Private futexes: a word in memory shared between processes would need the shared kind. */
int mrshim_futex_wait(const uint32_t *word, uint32_t expected, int64_t timeout_ns) {
  struct timespec limit = {.tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000};
  long result = syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected,
                        timeout_ns < 0 ? NULL : &limit, NULL, 0);
  /* A signal is an early wake-up; every caller looks at its word again. */
  return result == -1 && errno == ETIMEDOUT ? ETIMEDOUT : 0;
}

void mrshim_futex_wake(uint32_t *word) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

void mrshim_gate_open(uint32_t *word) {
  __atomic_store_n(word, 1, __ATOMIC_RELEASE);
  mrshim_futex_wake(word);
}

void mrshim_gate_pass(uint32_t *word) {
  while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == 0)
    mrshim_futex_wait(word, 0, -1);
}

uint32_t mrshim_word_look(const uint32_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }

void mrshim_word_raise(uint32_t *word) {
  __atomic_fetch_add(word, 1, __ATOMIC_RELEASE);
  mrshim_futex_wake(word);
}
