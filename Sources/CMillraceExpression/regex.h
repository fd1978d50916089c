/* SPDX-License-Identifier: Apache-2.0
 * A regular expression once it is compiled: a program for a machine that is in several states at
 * once (K. Thompson, 1968), so a match takes time in proportion to text times program, whatever
 * the text. */
#ifndef MRX_REGEX_H
#define MRX_REGEX_H

#include "program.h"

enum {
  MRX_CHAR,  /* one code point: x */
  MRX_ANY,   /* every code point but the newline */
  MRX_CLASS, /* ranges [x, y) of the table, or when `negated` all that is outside of them */
  MRX_SPLIT, /* go on at x and at y */
  MRX_JUMP,  /* go on at x */
  MRX_BEGIN, /* only at the start of the text */
  MRX_FINAL, /* only at its end */
  MRX_MATCH
};

typedef struct mrx_code {
  uint8_t op, negated;
  uint32_t x, y;
} mrx_code;

typedef struct mrx_range {
  uint32_t low, high; /* inclusive */
} mrx_range;

struct mrx_regex {
  mrx_code *code;
  mrx_range *ranges;
  uint32_t count, range_count;
  uint8_t *literal; /* the whole pattern is this text; else NULL */
  uint64_t literal_size;
  /* The states of the machine: two sets, and what is still to be followed. */
  uint32_t *now, *then, *stack;
  uint32_t *mark; /* round in which a state was added */
  uint32_t round;
};

#endif
