/* SPDX-License-Identifier: Apache-2.0
 * Libraries that functions are taken from: opened once per process, never closed. */
#ifndef MR_NATIVE_LIBRARY_H
#define MR_NATIVE_LIBRARY_H

#include <stdint.h>

typedef struct library library;

/* Opens a library, or gives the one that is open. NULL with a text in `fault`. */
library *library_open(const char *name, char *fault, uint64_t room);

/* NULL with a text in `fault`. */
void (*library_function(library *l, const char *symbol, char *fault, uint64_t room))(void);

/* One call at a time for all instances in this process. Nothing else is locked meanwhile, and
 * a function that is called has no way to call another one here, so nobody waits in a circle. */
void library_lock(library *l);
void library_unlock(library *l);

/* How this thread rounds, and whether it flushes tiny numbers to zero. */
typedef struct {
  int rounding;
  uint32_t control;
} arithmetic;

arithmetic arithmetic_now(void);

/* Whether it is as it was; if not, it is made so again. */
int arithmetic_restore(arithmetic before);

#endif
