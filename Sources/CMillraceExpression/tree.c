// SPDX-License-Identifier: Apache-2.0
// The words that the reader is at, and the nodes it makes of them.
#include "read.h"
#include <stdio.h>

/* ---- words ------------------------------------------------------------------------ */

int mrx_next(mrx_reader *r) {
  r->before = r->token.to;
  return mrx_lex(&r->lexer, &r->token);
}

uint32_t mrx_expected(mrx_reader *r, const char *what) {
  const mrx_token *t = &r->token;
  char found[64];
  if (t->kind == MRX_T_END)
    snprintf(found, sizeof found, "the end");
  else
    snprintf(found, sizeof found, "%.*s", t->to - t->from < 40 ? (int)(t->to - t->from) : 40,
             r->e->source + t->from);
  mrx_set_fault(r->fault, t->from, t->to, "",
                t->kind == MRX_T_END ? "expected %s, found %s" : "expected %s, found `%s`", what,
                found);
  return 0;
}

int mrx_take(mrx_reader *r, const char *word, const char *what) {
  if (!mrx_is(&r->token, word))
    return (int)mrx_expected(r, what);
  return mrx_next(r);
}

/* ---- nodes ------------------------------------------------------------------------- */

uint32_t mrx_too_large(mrx_reader *r, const char *what, uint32_t limit) {
  mrx_set_fault(r->fault, r->token.from, r->token.to, "split it over several operators",
                "the expression has more than %u %s", limit, what);
  return 0;
}

uint32_t mrx_add_node(mrx_reader *r, uint8_t op, uint8_t kinds, uint32_t from) {
  mr_expression *e = r->e;
  if (e->node_count == MRX_NODES)
    return mrx_too_large(r, "operators, literals and paths", MRX_NODES);
  mrx_node *n = &e->nodes[e->node_count];
  memset(n, 0, sizeof *n);
  n->op = op;
  n->kinds = kinds;
  n->depth = 1;
  n->from = from;
  n->to = r->before;
  return e->node_count++;
}

/* `child` becomes the last child, after `last` (0: it is the first). */
int mrx_adopt(mrx_reader *r, uint32_t parent, uint32_t last, uint32_t child) {
  mrx_node *nodes = r->e->nodes;
  if (last == 0)
    nodes[parent].first = (uint16_t)child;
  else
    nodes[last].next = (uint16_t)child;
  if (nodes[child].depth >= MRX_DEPTH)
    return (int)mrx_too_large(r, "operators within each other", MRX_DEPTH);
  if (nodes[parent].depth <= nodes[child].depth)
    nodes[parent].depth = (uint8_t)(nodes[child].depth + 1);
  nodes[parent].to = r->before;
  return 1;
}

uint32_t mrx_add_literal(mrx_reader *r, mrx_cell cell, uint8_t kinds, uint32_t from) {
  uint32_t node = mrx_add_node(r, MRX_LITERAL, kinds, from);
  if (node == 0)
    return 0;
  r->e->cells[r->e->cell_count] = cell;
  r->e->nodes[node].cell = r->e->cell_count++;
  return node;
}

const char *mrx_kinds_name(uint8_t kinds) {
  switch (kinds) {
  case MRX_IS_BOOL:
    return "true or false";
  case MRX_IS_NUMBER:
    return "a number";
  case MRX_IS_TEXT:
    return "a text";
  case MRX_IS_NULL:
    return "null";
  default:
    return "another kind";
  }
}

int mrx_must_be(mrx_reader *r, uint32_t node, uint8_t kinds, const char *what) {
  const mrx_node *n = &r->e->nodes[node];
  if (n->kinds & kinds)
    return 1;
  return mrx_set_fault(r->fault, n->from, n->to, "", "expected %s, found %s", what,
                       mrx_kinds_name(n->kinds));
}

uint32_t mrx_unary(mrx_reader *r, uint8_t op, uint8_t kinds, uint32_t child, uint32_t from) {
  uint32_t node = child != 0 ? mrx_add_node(r, op, kinds, from) : 0;
  return node != 0 && mrx_adopt(r, node, 0, child) ? node : 0;
}

uint32_t mrx_binary(mrx_reader *r, uint8_t op, uint8_t kinds, uint32_t left, uint32_t right) {
  uint32_t node = mrx_unary(r, op, kinds, left, r->e->nodes[left].from);
  return node != 0 && mrx_adopt(r, node, left, right) ? node : 0;
}

/* Arithmetic on literals is a literal. */
uint32_t mrx_folded(mrx_reader *r, uint32_t node) {
  mr_expression *e = r->e;
  static const mrx_record none = {(const uint8_t *)"", 0, NULL, 0, MR_TIME_NONE};
  if (node == 0)
    return 0;
  mrx_node *n = &e->nodes[node];
  for (uint32_t i = n->first; i != 0; i = e->nodes[i].next)
    if (e->nodes[i].op != MRX_LITERAL)
      return node;
  mrx_cell result;
  if (mrx_eval(e, node, &none, &result) != 0) {
    const char *why = strstr(e->refusal, "`: ");
    mrx_set_fault(r->fault, n->from, n->to, "", "%s", why != NULL ? why + 3 : e->refusal);
    return 0;
  }
  n->op = MRX_LITERAL;
  n->depth = 1;
  n->first = 0;
  e->cells[e->cell_count] = result;
  n->cell = e->cell_count++;
  return node;
}
