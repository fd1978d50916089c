/* SPDX-License-Identifier: Apache-2.0
 * The words of a program's text. Whoever answers an `int` answers -1 for a fault, which is then
 * set. */
#ifndef MR_NATIVE_WORDS_H
#define MR_NATIVE_WORDS_H

#include "program.h"

typedef struct {
  const char *at, *end;
  program *p;
  uint32_t room;    /* arguments that fit */
  uint32_t members; /* of a struct that are still to come */
  char *fault;
  uint64_t fault_room;
  unsigned line;
} reader;

typedef struct {
  const char *at;
  uint64_t size;
} word;

int words_refuse(reader *r, const char *what);
/* The next word of the line; an empty one at its end. */
word words_next(reader *r);
int word_is(word w, const char *name);
int words_end_line(reader *r);
/* Memory of the caller with a NUL behind `*size` bytes. */
char *words_text(reader *r, uint32_t *size);
int words_name(reader *r, char **into);
/* From 1 to `most`. */
int words_number(reader *r, uint32_t most, uint32_t *into);
/* C_VOID: it names none. */
c_type word_scalar(word w);
int words_scalar(reader *r, c_type *type);
int words_literal(reader *r, c_type type, uint64_t *slot);

/* program_check.c: what the notation forbids, of the program as a whole. */
int program_check(reader *r);

#endif
