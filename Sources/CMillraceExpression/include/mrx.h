/* SPDX-License-Identifier: Apache-2.0
 * mrx.h - expressions over records, JSON paths, JSON validation.
 *
 * One reader, one evaluator, one validator, for the checker of topologies and for plugins, which
 * get them as `millrace.expression/1` and `millrace.json/1` (draft/expression.h, draft/json.h).
 * The language: docs/EXPRESSIONS.md; what each value means: evaluate.c.
 *
 * Memory comes from malloc in mrx_compile and mrx_keep_text, nothing later takes any. No byte
 * behind the end of a text is read. A program is used by one thread at a time. */
#ifndef MRX_H
#define MRX_H

#include <millrace/millrace.h> /* before the drafts, which are of no module */

#include <millrace/draft/expression.h>
#include <millrace/draft/json.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- limits of an expression ------------------------------------------------- */

#define MRX_TEXT_BYTES 65536u /* of an expression */
#define MRX_NODES 4096u       /* operators, literals and paths */
#define MRX_DEPTH 100u        /* of nesting, operators in a row included */
#define MRX_STEPS 64u         /* of one path */
#define MRX_STATES 2000u      /* of one regular expression */
#define MRX_JSON_DEPTH 1024u  /* of nested arrays and objects in a record */

/* ---- compiling ------------------------------------------------------------------ */

/* What is wrong with a text: where (bytes from its start), what was expected, what to do. */
typedef struct mrx_fault {
  uint32_t at, length;
  char text[200];
  char next[200]; /* may be empty */
} mrx_fault;

/* Why a record cannot be used. The host shows the number as MR4001, MR4002, MR4003. */
enum {
  MRX_NOT_JSON = -4001,
  MRX_WRONG_TYPE = -4002, /* or a number out of range, or a division by zero */
  MRX_ABSENT = -4003
};

/* What there is to know about a record. */
typedef struct mrx_record {
  const uint8_t *value;
  uint64_t size;
  const uint8_t *key; /* NULL: it has none */
  uint64_t key_size;
  int64_t time; /* MR_TIME_NONE: it has none */
} mrx_record;

/* NULL, and *fault, when the text is no expression; out of memory is a fault at 0 too. `flags`
 * are those of mr_host_expression.compile. */
mr_expression *mrx_compile(const char *text, uint64_t size, uint32_t flags, mrx_fault *fault);
/* Sets memory aside for texts with escapes in mrx_value, which else fails on them. 0: no memory. */
int mrx_keep_text(mr_expression *e);
void mrx_release(mr_expression *e);

/* ---- evaluating --------------------------------------------------------------------- */

/* 0, or one of MRX_*; then mrx_refusal has the words. */
int32_t mrx_value(mr_expression *e, const mrx_record *r, mr_datum *out);
/* As mrx_value for a condition: 0 or 1 in *holds. */
int32_t mrx_test(mr_expression *e, const mrx_record *r, int *holds);
const char *mrx_refusal(const mr_expression *e);

/* ---- JSON ----------------------------------------------------------------------------- */

/* Is this one JSON text, and nothing but white space around it? 1, or 0 and *fault, whose `at`
 * may be the size: the text ends too early. */
int mrx_json_check(const uint8_t *text, uint64_t size, mr_json_fault *fault);
/* Without the white space between tokens. `into` has room for `size` bytes; it may not overlap.
 * Returns the size. */
uint64_t mrx_json_compact(const uint8_t *text, uint64_t size, uint8_t *into);

/* ---- times of records --------------------------------------------------------------------- */

typedef void (*mrx_set_error)(mr_ctx *c, mr_status code, const char *text, uint64_t size);

/* Finds the time of a record in a field of it. One thread at a time uses it. */
typedef struct mrx_clock mrx_clock;
/* `path` is a program of a path, which is the clock's from then on. A number counts `unit`
 * nanoseconds since 1970. What is wrong with a record is told to `tell`. NULL: no memory. */
mrx_clock *mrx_clock_make(mr_expression *path, int64_t unit, mr_ctx *c, mrx_set_error tell);
void mrx_clock_release(mrx_clock *k);
/* The time of the value, in ns since 1970: that of a number, or of a text such as
 * `2026-01-31T12:00:00.5+01:00`. 0, or one of MRX_*, which has been told with its next step. */
int32_t mrx_clock_read(void *clock, const uint8_t *value, uint64_t size, int64_t *time);

/* ---- what plugins get -------------------------------------------------------------------- */

/* The table of an extension id, or NULL. Failures are told through `set_error`; the text of one
 * about a record begins with its code, and the next step is on a line of its own. [setup] */
const void *mrx_extension(const char *id, mrx_set_error set_error);

#ifdef __cplusplus
}
#endif
#endif
