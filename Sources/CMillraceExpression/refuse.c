// SPDX-License-Identifier: Apache-2.0
// Why an expression is worth nothing for a record, in words.
#include "program.h"
#include <inttypes.h>
#include <stdio.h>

const char *mrx_kind_name(mr_datum_kind kind) {
  static const char *const names[] = {"nothing",  "null",   "true or false",     "a number",
                                      "a number", "a text", "an object or array"};
  return names[kind];
}

const char *mrx_cell_name(const mrx_cell *c) {
  if (c->kind == MR_DATUM_JSON)
    return *c->text == '{' ? "an object" : "an array";
  return mrx_kind_name(c->kind);
}

/* As much of the expression as a message should repeat. */
static int shown(const mrx_node *n) { return n->to - n->from < 80 ? (int)(n->to - n->from) : 80; }

int32_t mrx_refuse(mr_expression *e, const mrx_node *n, const char *what, const char *found) {
  snprintf(e->refusal, sizeof e->refusal, "`%.*s`: %s%s", shown(n), e->source + n->from, what,
           found);
  return MRX_WRONG_TYPE;
}

int32_t mrx_not_json(mr_expression *e, const mrx_record *r, const mrx_spot *spot) {
  snprintf(e->refusal, sizeof e->refusal, "the value is no JSON: expected %s at byte %" PRIu64,
           spot->expected, (uint64_t)(spot->at - r->value));
  return MRX_NOT_JSON;
}

/* The words for what is absent are made here, as most of the time nobody wants them. */
int32_t mrx_name_absent(mr_expression *e, int32_t refused) {
  if (refused == MRX_ABSENT) {
    const mrx_node *n = &e->nodes[e->absent];
    snprintf(e->refusal, sizeof e->refusal, "there is no `%.*s`", shown(n), e->source + n->from);
  }
  return refused;
}

const char *mrx_refusal(const mr_expression *e) { return e->refusal; }
