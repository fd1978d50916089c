/* SPDX-License-Identifier: Apache-2.0
 * An instance of the operator `native`: one C function, called for each record or each batch. */
#ifndef MR_NATIVE_H
#define MR_NATIVE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "../shared/failure.h"
#include "lanes.h"
#include "library.h"
#include "number.h"
#include "program.h"
#include <millrace/draft/expression.h>
#include <millrace/millrace.h>

extern const mr_operator native_operator;

/* Path of a field: its expression and what it gave for the record at hand. Arguments that name
 * the same path share it. */
typedef struct {
  const char *path;
  mr_expression *expression;
  mr_datum datum;
  uint64_t record; /* `native.record` when `datum` was read */
} field;

/* Memory that ends at a page nobody may touch, so that writing far beyond it is a crash that is
 * reported, and just beyond it is noticed. */
typedef struct {
  uint8_t *start;
  uint64_t size, slack; /* bytes for the function; behind them, up to the page */
  void *mapping;
  uint64_t mapped;
} guarded;

/* A record of our own, for a value that is set field by field. */
typedef struct {
  uint8_t *memory;
  uint64_t room;
} draft;

/* One field that the function sets: its expressions for each part of the path, longest last. */
typedef struct {
  char *path;
  uint32_t parts;
  uint16_t *ends; /* behind part i, in `path` */
  mr_expression **expressions;
} target;

/* A text that is set at a target. */
typedef struct {
  const char *text;
  uint64_t size;
} piece;

typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  const mr_host_expression *expressions; /* NULL: no field is read or set */
  mr_out *out;
  uint32_t schema, batch_limit;
  program program;
  library *library;
  call call;
  uint32_t call_count;                /* arguments without members */
  uint32_t first[CALL_ARGUMENTS_MAX]; /* argument of the program per argument of the call */
  uint64_t slots[CALL_ARGUMENTS_MAX];
  uint64_t cells[CALL_ARGUMENTS_MAX]; /* what TAKE_SCALAR points to */
  /* Per argument of the call: structs, states, strings, columns. */
  uint8_t *memory[CALL_ARGUMENTS_MAX];
  uint64_t room[CALL_ARGUMENTS_MAX];
  field *fields; /* per argument of the program: `field_of` */
  uint32_t field_count;
  uint32_t field_of[PROGRAM_ARGUMENTS_MAX];
  uint64_t record; /* counts records, from 1 */
  guarded buffer;
  target targets[PROGRAM_ARGUMENTS_MAX + 1]; /* of arguments; the last is the result's */
  draft drafts[2];
  char *written; /* texts of what is set, one after the other */
  uint64_t written_room;
  uint32_t *chosen; /* positions to be forwarded */
} native;

/* Fail with a formatted text. Returns `code`. */
#define native_fail(n, ...) failure_say(1024, (n)->host, (n)->ctx, __VA_ARGS__)

/* How a text of a record is shown: quoted, cut, without control characters. Returns `into`. */
enum { SHOWN_MAX = 64 };
const char *native_shown(char into[SHOWN_MAX], const uint8_t *text, uint64_t size);
const char *native_type_name(c_type type);

/* native_make.c */
mr_status native_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                        const mr_config *config, void **instance);
mr_status native_start(void *instance, const mr_start *info);
void native_destroy(void *instance);

/* fields.c: what the arguments are made of. */
mr_status fields_make(native *n);
void fields_free(native *n);
/* A scalar for `a`, as a slot of its type. */
mr_status fields_scalar(native *n, uint32_t argument, const mr_batch *b, const mr_record *r,
                        uint64_t *slot);
/* The bytes of a struct; without a record when all its members are constant. */
mr_status fields_struct(native *n, uint32_t call_argument, const mr_batch *b, const mr_record *r);
/* All slots for one record. */
mr_status fields_gather(native *n, const mr_batch *b, const mr_record *r);

/* targets.c: JSON values with fields set. */
mr_status targets_make(native *n);
void targets_free(native *n);
/* The record's value with a text set at each target, in order. */
typedef struct {
  const target *target;
  piece piece;
} setting;
mr_status targets_set(native *n, const mr_batch *b, const mr_record *r, const setting *settings,
                      uint32_t count, piece *value);

/* results.c: what becomes of what the function gave. */
int results_change_value(const program *p);
/* Whether the function refuses the record, or broke something; `error` is its errno. */
mr_status results_check(native *n, uint64_t result, int error);
/* Writes the record with its new value; `row` is its place in the columns. */
mr_status results_deliver(native *n, const mr_batch *b, const mr_record *r, uint64_t result,
                          uint32_t row);

/* guarded.c */
int guarded_make(guarded *g, uint64_t size);
void guarded_free(guarded *g);
/* Is everything behind the memory as it was? */
int guarded_intact(const guarded *g);

#endif
