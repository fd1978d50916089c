/* SPDX-License-Identifier: Apache-2.0
 * millrace/draft/expression.h - fields of a record and expressions over them. Provided by the
 * host, so that every operator reads `customer.id` and `amount > 100` in the same way. */
#ifndef MILLRACE_DRAFT_EXPRESSION_H
#define MILLRACE_DRAFT_EXPRESSION_H
#include "../operator.h"
#define MR_EXT_EXPRESSION "millrace.expression/1"
MR_BEGIN

/* A compiled expression: of one instance, used by one thread at a time. */
typedef struct mr_expression mr_expression;

__extension__ enum mr_datum_kind MR_AS_INT32 {
  MR_DATUM_ABSENT = 0, /* there is no such field */
  MR_DATUM_NULL = 1,
  MR_DATUM_BOOL = 2,
  MR_DATUM_INT = 3,   /* a number without fraction or exponent that fits int64_t */
  MR_DATUM_FLOAT = 4, /* every other number */
  MR_DATUM_TEXT = 5,  /* UTF-8 without its quotes and escapes */
  MR_DATUM_JSON = 6   /* an object or an array, as it is written */
};
MR_ENUM_TYPE(mr_datum_kind);

typedef struct mr_datum {
  mr_datum_kind kind;
  uint32_t reserved0;
  int64_t integer; /* BOOL: 0 or 1; INT */
  double number;   /* INT: the nearest; FLOAT: always finite */
  /* TEXT and JSON: in the record, or in memory of the expression that the next call on it
   * overwrites. */
  const uint8_t *text;
  uint64_t size;
  /* Of an expression that is a path: where the field's JSON text lies in the record's value,
   * quotes included. length is 0 for everything else, and for a field that is absent. */
  uint64_t at;
  uint64_t length;
} mr_datum;
MR_FROZEN(mr_datum, 56);

/* For compile. */
enum {
  MR_EXPRESSION_PATH = 1 << 0,      /* the text must be a path, such as `customer.items[0]` */
  MR_EXPRESSION_CONDITION = 1 << 1, /* it must come to true or false; `select` is for these only */
  /* What `select` does with a record in which something is absent. Neither: MR_E_DATA. */
  MR_EXPRESSION_ABSENT_FALSE = 1 << 2,
  MR_EXPRESSION_ABSENT_TRUE = 1 << 3
};

typedef struct mr_host_expression {
  uint32_t struct_size;
  uint32_t reserved0;

  /* Reads `text` (`size` bytes; copied). MR_E_CONFIG with a text that names the byte if it
   * is no expression; MR_E_NOMEM. [setup] */
  mr_status (*compile)(mr_ctx *c, const char *text, uint64_t size, uint32_t flags,
                       mr_expression **out);
  void (*release)(mr_expression *e); /* NULL is allowed. [setup] */

  /* The value for one record of the batch, which must be of this task. MR_E_DATA with a text when
   * the record is no JSON as far as it was read, a type does not fit, or a number is outside of
   * what a double holds; an absent field is MR_DATUM_ABSENT when the whole expression is a path,
   * else MR_E_DATA. [task] */
  mr_status (*value)(mr_expression *e, const mr_batch *b, const mr_record *r, mr_datum *out);

  /* Tests the records from `*next` on and writes the positions of those that hold to `chosen`,
   * which has room for the whole batch; `*count` grows by each. MR_OK: the whole batch was
   * tested. MR_E_DATA with a text: record `*next` cannot be tested. [task] */
  mr_status (*select)(mr_expression *e, const mr_batch *b, uint32_t *next, uint32_t *chosen,
                      uint32_t *count);
} mr_host_expression;
MR_GROWABLE(mr_host_expression, select);
MR_END
#endif
