/* SPDX-License-Identifier: Apache-2.0
 * Numbers as text, the same in every locale: read exactly, written in the shortest form that
 * reads the same. */
#ifndef MR_NATIVE_NUMBER_H
#define MR_NATIVE_NUMBER_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Longest text that number_write makes. */
enum { NUMBER_TEXT_MAX = 32 };

typedef enum {
  NUMBER_READ = 0,
  NUMBER_NONE = 1,        /* no number, or not only one */
  NUMBER_OUT_OF_RANGE = 2 /* the type cannot hold it, or only without its fraction */
} number_result;

/* The number that is the whole text, spaces, tabs and line ends around it aside; also `inf` and
 * `nan` for floating point, `true` and `false` for `bool`. *slot holds it as `type` does. */
number_result number_read(const char *text, uint64_t size, c_type type, uint64_t *slot);

/* Writes what `slot` holds as `type`; returns the bytes used. Infinity is `inf`, NaN is `nan`. */
uint64_t number_write(char *into, c_type type, uint64_t slot);

#ifdef __cplusplus
}
#endif
#endif
