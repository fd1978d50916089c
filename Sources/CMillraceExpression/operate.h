/* SPDX-License-Identifier: Apache-2.0
 * Arithmetic and comparisons of two values (evaluate.c says what they mean). In a header, as this
 * happens for each record. */
#ifndef MRX_OPERATE_H
#define MRX_OPERATE_H

#include "program.h"
#include <math.h>
#include <stdio.h>

static inline int mrx_is_number(const mrx_cell *c) {
  return c->kind == MR_DATUM_INT || c->kind == MR_DATUM_FLOAT;
}

/* 0: the result is not an INT. */
static inline int mrx_whole(uint8_t op, int64_t a, int64_t b, int64_t *out) {
  switch (op) {
  case MRX_ADD:
    return !__builtin_add_overflow(a, b, out);
  case MRX_SUB:
    return !__builtin_sub_overflow(a, b, out);
  case MRX_MUL:
    return !__builtin_mul_overflow(a, b, out);
  case MRX_DIV:
    if ((a == INT64_MIN && b == -1) || a % b != 0)
      return 0;
    *out = a / b;
    return 1;
  default:
    *out = b == -1 ? 0 : a % b;
    return 1;
  }
}

static inline double mrx_fractional(uint8_t op, double a, double b) {
  switch (op) {
  case MRX_ADD:
    return a + b;
  case MRX_SUB:
    return a - b;
  case MRX_MUL:
    return a * b;
  default:
    return a / b;
  }
}

static inline int32_t mrx_arithmetic(mr_expression *e, const mrx_node *n, const mrx_cell *a,
                                     const mrx_cell *b, mrx_cell *out) {
  int both_whole = a->kind == MR_DATUM_INT && b->kind == MR_DATUM_INT;
  if ((n->op == MRX_DIV || n->op == MRX_MOD) && b->number == 0)
    return mrx_refuse(e, n, "division by zero", "");
  if (n->op == MRX_MOD && !both_whole)
    return mrx_refuse(e, n, "% needs whole numbers", "");
  int64_t result;
  if (both_whole && mrx_whole(n->op, a->integer, b->integer, &result)) {
    *out = mrx_int_cell(result);
    return 0;
  }
  *out = mrx_float_cell(mrx_fractional(n->op, a->number, b->number));
  return isfinite(out->number)
             ? 0
             : mrx_refuse(e, n, "the result is outside of what a double holds", "");
}

/* 0 and *equal, or refused. */
static inline int32_t mrx_equals(mr_expression *e, const mrx_node *n, const mrx_cell *a,
                                 const mrx_cell *b, int *equal) {
  if (mrx_is_number(a) && mrx_is_number(b))
    *equal = mrx_compare_numbers(a, b) == 0;
  else if (a->kind != b->kind)
    *equal = 0;
  else if (a->kind == MR_DATUM_TEXT)
    *equal = (a->how != 0 || b->how != 0 || a->size == b->size) && mrx_compare_texts(a, b) == 0;
  else if (a->kind == MR_DATUM_JSON)
    return mrx_refuse(e, n, "two objects or arrays cannot be compared", "");
  else
    *equal = a->integer == b->integer;
  return 0;
}

static inline int32_t mrx_compares(mr_expression *e, const mrx_node *n, const mrx_cell *a,
                                   const mrx_cell *b, int *holds) {
  int order;
  if (n->op <= MRX_NE) {
    int32_t refused = mrx_equals(e, n, a, b, holds);
    *holds = *holds == (n->op == MRX_EQ);
    return refused;
  }
  if (mrx_is_number(a) && mrx_is_number(b))
    order = mrx_compare_numbers(a, b);
  else if (a->kind == MR_DATUM_TEXT && b->kind == MR_DATUM_TEXT)
    order = mrx_compare_texts(a, b);
  else {
    char kinds[80];
    snprintf(kinds, sizeof kinds, "%s with %s", mrx_cell_name(a), mrx_cell_name(b));
    return mrx_refuse(e, n, "cannot compare ", kinds);
  }
  *holds = n->op == MRX_LT   ? order < 0
           : n->op == MRX_LE ? order <= 0
           : n->op == MRX_GT ? order > 0
                             : order >= 0;
  return 0;
}

#endif
