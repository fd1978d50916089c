/* SPDX-License-Identifier: Apache-2.0
 * A regular expression while it is compiled: a tree of pieces, which regex_read.c makes of its text
 * and regex.c makes the program of. */
#ifndef MRX_REGEX_PIECE_H
#define MRX_REGEX_PIECE_H

#include "lex.h"
#include "regex.h"

enum { EMPTY, ONE, ALL, SET, START, STOP, SEQUENCE, EITHER, REPEATED };

typedef struct piece {
  uint8_t kind, negated;
  uint32_t first, next; /* child, sibling; 0: none */
  uint32_t low, high;   /* ONE: code point; SET: ranges; REPEATED: how often */
} piece;

typedef struct compiler {
  const uint8_t *pattern, *at, *end;
  mrx_cell text; /* the pattern, for reading code points */
  piece *pieces;
  uint32_t piece_count, nested;
  mrx_regex *regex;
  mrx_fault *fault;
} compiler;

/* Sets the fault at these bytes of the pattern. Returns 0. */
uint32_t mrx_regex_fault(compiler *c, const uint8_t *from, const uint8_t *to, const char *text,
                         const char *next);
uint32_t mrx_add_piece(compiler *c, uint8_t kind);
/* From here to the end, or to a `)` that closes nothing in it. 0: fault. */
uint32_t mrx_read_pattern(compiler *c);

#endif
