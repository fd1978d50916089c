/* SPDX-License-Identifier: Apache-2.0
 * The words of an expression. Names, numbers as in JSON, texts in two forms: "…" with the escapes
 * of JSON and \', '…' with none. */
#ifndef MRX_LEX_H
#define MRX_LEX_H

#include "program.h"

typedef enum mrx_kind {
  MRX_T_END,
  MRX_T_NAME,   /* also `and`, `not` and the like, and `$key` */
  MRX_T_NUMBER, /* cell; a sign is a word of its own */
  MRX_T_STRING, /* at, size: in the pool */
  MRX_T_SIGN    /* one of ( ) [ ] , . + - * / % == != < <= > >= */
} mrx_kind;

typedef struct mrx_token {
  mrx_kind kind;
  uint32_t from, to; /* in the source */
  const uint8_t *text;
  uint64_t size;
  mrx_cell cell;
  int literal; /* MRX_T_STRING: the source has the same bytes, from + 1 on */
} mrx_token;

typedef struct mrx_lexer {
  const char *source;
  uint32_t size, at;
  uint8_t *pool;
  uint64_t pool_used;
  mrx_fault *fault;
} mrx_lexer;

/* 0: *fault is set. */
int mrx_lex(mrx_lexer *l, mrx_token *t);
/* Is it this sign or name? */
int mrx_is(const mrx_token *t, const char *text);

/* Sets a fault. Returns 0. */
__attribute__((format(printf, 5, 6))) int mrx_set_fault(mrx_fault *fault, uint32_t from,
                                                        uint32_t to, const char *next,
                                                        const char *format, ...);

#endif
