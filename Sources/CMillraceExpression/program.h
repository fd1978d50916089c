/* SPDX-License-Identifier: Apache-2.0
 * What an expression is once it is read: a tree in an array of nodes, children after one another
 * by `next`. The reader (read.c) makes it, the evaluator (evaluate.c) walks it. */
#ifndef MRX_PROGRAM_H
#define MRX_PROGRAM_H

#include "include/mrx.h"
#include <stdint.h>
#include <string.h>

/* ---- values ------------------------------------------------------------------- */

/* How the text of a cell is written. */
enum {
  MRX_ESCAPED = 1 << 0, /* with JSON escapes */
  MRX_LOWER = 1 << 1,   /* to be read with its ASCII letters in lower case */
  MRX_UPPER = 1 << 2,
  MRX_OPEN = 1 << 3 /* MR_DATUM_JSON: `size` reaches to the end of the record, not of the value */
};

/* A value, in the record or in the program. */
typedef struct mrx_cell {
  mr_datum_kind kind;
  uint32_t how;
  int64_t integer;
  double number;
  const uint8_t *text; /* TEXT without quotes; JSON as written */
  uint64_t size;
  const uint8_t *written; /* a path: as it lies in the record */
  uint64_t length;
} mrx_cell;

/* ---- regular expressions (regex.c, regex_read.c, match.c) ---------------------- */

typedef struct mrx_regex mrx_regex;

/* NULL and *fault, whose `at` counts bytes of the pattern. */
mrx_regex *mrx_regex_make(const uint8_t *pattern, uint64_t size, mrx_fault *fault);
void mrx_regex_free(mrx_regex *r);
/* Is there a match anywhere in the text? */
int mrx_regex_test(mrx_regex *r, const mrx_cell *text);

/* ---- the tree ------------------------------------------------------------------------ */

enum {
  MRX_LITERAL, /* cell */
  MRX_PATH,    /* steps of the record's value */
  MRX_KEY,
  MRX_TIME,
  MRX_AND, /* children: two or more */
  MRX_OR,
  MRX_NOT,
  MRX_EQ, /* children: two */
  MRX_NE,
  MRX_LT,
  MRX_LE,
  MRX_GT,
  MRX_GE,
  MRX_ADD,
  MRX_SUB,
  MRX_MUL,
  MRX_DIV,
  MRX_MOD,
  MRX_NEGATE,
  MRX_IN,      /* children: the one looked for, then the list */
  MRX_MATCHES, /* child: the text; regex */
  MRX_HAS,     /* child: a path */
  MRX_LEN,
  MRX_LOWER_OF,
  MRX_UPPER_OF,
  MRX_COALESCE
};

/* What a node can come to, as far as its form tells. */
enum {
  MRX_IS_BOOL = 1 << 0,
  MRX_IS_NUMBER = 1 << 1,
  MRX_IS_TEXT = 1 << 2,
  MRX_IS_NULL = 1 << 3,
  MRX_IS_JSON = 1 << 4,
  MRX_IS_ANY = 31
};

typedef struct mrx_node {
  uint8_t op;
  uint8_t kinds;   /* MRX_IS_* */
  uint8_t negated; /* MRX_IN: `not in` */
  uint8_t depth;
  uint16_t first; /* child; 0: none, as node 0 is nobody's child */
  uint16_t next;  /* sibling */
  uint16_t step, steps;
  uint32_t cell; /* or regex */
  uint32_t from, to;
} mrx_node;

/* A name, or a position. */
typedef struct mrx_step {
  const uint8_t *name; /* NULL: a position */
  uint64_t size;
  int64_t position; /* below 0: from the end */
  uint32_t plain;   /* a record that writes this name without escapes writes just these bytes */
} mrx_step;

struct mr_expression {
  char *source;
  uint64_t source_size;
  mrx_node *nodes;
  mrx_cell *cells;
  mrx_step *steps;
  mrx_regex **regexes;
  uint8_t *pool; /* texts of literals and names */
  uint32_t node_count, cell_count, step_count, regex_count;
  uint64_t pool_used;
  uint32_t root, flags;
  uint8_t *kept; /* MRX_KEPT bytes, or NULL: for texts that have to be rewritten */
  uint32_t absent;
  void *context; /* service.c: whose instance it is */
  char refusal[512];
};

#define MRX_KEPT (8u << 20) /* the largest record; not touched until it is needed */

/* ---- looking into JSON (locate.c, value.c, number.c, text.c) --------------------------- */

enum { MRX_FOUND = 0, MRX_MISSING = 1, MRX_BROKEN = 2 };

typedef struct mrx_spot {
  const uint8_t *at;    /* FOUND: the value's first byte; BROKEN: the byte in question */
  const char *expected; /* BROKEN */
} mrx_spot;

/* To the value at the end of a path, without reading what is not on the way to it. The first of
 * members with equal names counts. */
int mrx_locate(const mrx_step *steps, uint32_t count, const uint8_t *value, uint64_t size,
               mrx_spot *spot);
/* The value that begins at `at`. An object or array is MRX_OPEN. */
int mrx_read_value(const uint8_t *at, const uint8_t *end, mrx_cell *cell, mrx_spot *spot);
/* Finds the end of an MRX_OPEN cell, and how many values are in it. MRX_FOUND or MRX_BROKEN. */
int mrx_close(mrx_cell *cell, int64_t *count, mrx_spot *spot);

/* The number that begins at `at`. Returns the byte behind it, NULL if it is none. *finite is 0 for
 * one outside of what a double holds. */
const uint8_t *mrx_read_number(const uint8_t *at, const uint8_t *end, mrx_cell *cell, int *finite);
/* Before the first number is read: sets up what reading needs. 0: no memory. */
int mrx_numbers_ready(void);
/* -1, 0, 1: exact, also between INT and FLOAT. */
int mrx_compare_numbers(const mrx_cell *a, const mrx_cell *b);

/* One code point of a text; *at moves on. A byte that is no UTF-8 counts as one, above 0x10FFFF. */
uint32_t mrx_next_scalar(const mrx_cell *text, const uint8_t **at);
/* -1, 0, 1, as the bytes of the texts compare. */
int mrx_compare_texts(const mrx_cell *a, const mrx_cell *b);
uint64_t mrx_count_scalars(const mrx_cell *text);
/* The text in UTF-8. Returns the size, at most that of the cell. */
uint64_t mrx_write_text(const mrx_cell *text, uint8_t *into);
uint32_t mrx_encode(uint32_t scalar, uint8_t *into);
/* The value of four hexadecimal digits; UINT32_MAX: they are none. */
uint32_t mrx_hex(const uint8_t *digits);

/* ---- refusals (refuse.c) ----------------------------------------------------------------- */

/* What a kind of value is called in messages: "a number". */
const char *mrx_kind_name(mr_datum_kind kind);
const char *mrx_cell_name(const mrx_cell *c);
/* Refused because of node `n`: MRX_WRONG_TYPE. */
int32_t mrx_refuse(mr_expression *e, const mrx_node *n, const char *what, const char *found);
/* MRX_NOT_JSON. */
int32_t mrx_not_json(mr_expression *e, const mrx_record *r, const mrx_spot *spot);
/* The words for what is absent are made here, as most of the time nobody wants them. */
int32_t mrx_name_absent(mr_expression *e, int32_t refused);

/* ---- evaluating (evaluate.c) -------------------------------------------------------------- */

/* The value of one node: 0, or MRX_* with its refusal. */
int32_t mrx_eval(mr_expression *e, uint32_t node, const mrx_record *r, mrx_cell *out);

static inline mrx_cell mrx_text_cell(const uint8_t *text, uint64_t size, uint32_t how) {
  mrx_cell c = {MR_DATUM_TEXT, how, 0, 0, text, size, NULL, 0};
  return c;
}
static inline mrx_cell mrx_bool_cell(int value) {
  mrx_cell c = {MR_DATUM_BOOL, 0, value != 0, 0, NULL, 0, NULL, 0};
  return c;
}
static inline mrx_cell mrx_int_cell(int64_t value) {
  mrx_cell c = {MR_DATUM_INT, 0, value, (double)value, NULL, 0, NULL, 0};
  return c;
}
static inline mrx_cell mrx_float_cell(double value) {
  mrx_cell c = {MR_DATUM_FLOAT, 0, 0, value, NULL, 0, NULL, 0};
  return c;
}

#endif
