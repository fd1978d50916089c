/* SPDX-License-Identifier: Apache-2.0
 * What the parts of the reader share: the words it is at, and the making of nodes (tree.c). Whoever
 * answers a node answers 0 for a fault, which is then set; so does whoever answers yes or no. */
#ifndef MRX_READ_H
#define MRX_READ_H

#include "lex.h"

typedef struct mrx_reader {
  mr_expression *e;
  mrx_lexer lexer;
  mrx_token token; /* the next one */
  uint32_t before; /* end of the one before it */
  uint32_t nested; /* expressions within expressions */
  mrx_fault *fault;
} mrx_reader;

/* ---- words (tree.c) -------------------------------------------------------------- */

int mrx_next(mrx_reader *r);
/* Goes on behind this word. */
int mrx_take(mrx_reader *r, const char *word, const char *what);
/* A fault at the next word. */
uint32_t mrx_expected(mrx_reader *r, const char *what);
uint32_t mrx_too_large(mrx_reader *r, const char *what, uint32_t limit);

/* ---- nodes (tree.c) --------------------------------------------------------------- */

uint32_t mrx_add_node(mrx_reader *r, uint8_t op, uint8_t kinds, uint32_t from);
uint32_t mrx_add_literal(mrx_reader *r, mrx_cell cell, uint8_t kinds, uint32_t from);
uint32_t mrx_unary(mrx_reader *r, uint8_t op, uint8_t kinds, uint32_t child, uint32_t from);
uint32_t mrx_binary(mrx_reader *r, uint8_t op, uint8_t kinds, uint32_t left, uint32_t right);
/* `child` becomes the last child, after `last` (0: it is the first). */
int mrx_adopt(mrx_reader *r, uint32_t parent, uint32_t last, uint32_t child);
/* The node, or where all of its children are literals, what it comes to. */
uint32_t mrx_folded(mrx_reader *r, uint32_t node);
/* Can it be one of these kinds? */
int mrx_must_be(mrx_reader *r, uint32_t node, uint8_t kinds, const char *what);
const char *mrx_kinds_name(uint8_t kinds);

/* ---- parts (read.c, read_path.c) ---------------------------------------------------- */

uint32_t mrx_read_expression(mrx_reader *r);
uint32_t mrx_read_path(mrx_reader *r);
uint32_t mrx_read_call(mrx_reader *r);
/* Is the name at the next word followed by a `(`? */
int mrx_is_call(const mrx_reader *r);

#endif
