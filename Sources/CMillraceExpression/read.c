// SPDX-License-Identifier: Apache-2.0
// The reader of expressions: recursive descent, one function per rule.
//
//   expr  = and { "or" and }            and = not { "and" not }        not = [ "not" ] test
//   test  = sum [ compare sum | [ "not" ] "in" list | "matches" STRING ]
//   sum   = prod { ( "+" | "-" ) prod } prod = unary { ( "*" | "/" | "%" ) unary }
//   unary = [ "-" ] atom
//   atom  = NUMBER | STRING | "true" | "false" | "null" | call | path | "(" expr ")"
//   list  = "[" [ expr { "," expr } ] "]"
//
// A kind that cannot fit is a fault here where the form alone tells: `"a" + 1`, `not 5`. Arithmetic
// on literals is done here, so `1 / 0` is a fault as well.
#include "read.h"
#include <stdio.h>

static uint32_t read_parenthesis(mrx_reader *r) {
  uint32_t from = r->token.from;
  if (!mrx_next(r))
    return 0;
  uint32_t node = mrx_read_expression(r);
  if (node == 0 || !mrx_take(r, ")", "`)`"))
    return 0;
  r->e->nodes[node].from = from;
  r->e->nodes[node].to = r->before;
  return node;
}

static int is_reserved(const mrx_token *t) {
  return mrx_is(t, "and") || mrx_is(t, "or") || mrx_is(t, "not") || mrx_is(t, "in") ||
         mrx_is(t, "matches");
}

static uint32_t read_atom(mrx_reader *r) {
  mrx_token t = r->token;
  mrx_cell null = {MR_DATUM_NULL, 0, 0, 0, NULL, 0, NULL, 0};
  if (mrx_is(&t, "("))
    return read_parenthesis(r);
  if (t.kind == MRX_T_NAME && mrx_is_call(r) && !is_reserved(&t))
    return mrx_read_call(r);
  if (t.kind == MRX_T_NAME && is_reserved(&t)) {
    mrx_expected(r, "a value");
    snprintf(r->fault->next, sizeof r->fault->next, "a field of this name is written $value.%.*s",
             (int)t.size, t.text);
    return 0;
  }
  int word = mrx_is(&t, "true") ? 1 : mrx_is(&t, "false") ? 2 : mrx_is(&t, "null") ? 3 : 0;
  if (t.kind == MRX_T_NAME && word == 0)
    return mrx_read_path(r);
  if (t.kind == MRX_T_END || (t.kind == MRX_T_SIGN && word == 0))
    return mrx_expected(r, "a value");
  if (!mrx_next(r))
    return 0;
  if (t.kind == MRX_T_NUMBER)
    return mrx_add_literal(r, t.cell, MRX_IS_NUMBER, t.from);
  if (t.kind == MRX_T_STRING)
    return mrx_add_literal(r, mrx_text_cell(t.text, t.size, 0), MRX_IS_TEXT, t.from);
  return word == 3 ? mrx_add_literal(r, null, MRX_IS_NULL, t.from)
                   : mrx_add_literal(r, mrx_bool_cell(word == 1), MRX_IS_BOOL, t.from);
}

/* A minus right before a number is part of it: the least INT has no positive counterpart. */
static uint32_t read_negative_number(mrx_reader *r, uint32_t from) {
  const uint8_t *source = (const uint8_t *)r->e->source;
  mrx_cell cell;
  int finite;
  mrx_read_number(source + from, source + r->token.to, &cell, &finite);
  return mrx_next(r) ? mrx_add_literal(r, cell, MRX_IS_NUMBER, from) : 0;
}

static uint32_t read_unary(mrx_reader *r) {
  uint32_t from = r->token.from;
  if (!mrx_is(&r->token, "-"))
    return read_atom(r);
  if (!mrx_next(r))
    return 0;
  if (r->token.kind == MRX_T_NUMBER && r->token.from == from + 1)
    return read_negative_number(r, from);
  uint32_t operand = read_atom(r);
  if (operand == 0 || !mrx_must_be(r, operand, MRX_IS_NUMBER, "a number"))
    return 0;
  return mrx_folded(r, mrx_unary(r, MRX_NEGATE, MRX_IS_NUMBER, operand, from));
}

/* One level of left-associative signs. */
static uint32_t read_chain(mrx_reader *r, const char *signs, const uint8_t *ops,
                           uint32_t (*operand)(mrx_reader *r)) {
  uint32_t left = operand(r);
  while (left != 0 && r->token.kind == MRX_T_SIGN && r->token.size == 1 &&
         strchr(signs, *r->token.text) != NULL) {
    uint8_t op = ops[strchr(signs, *r->token.text) - signs];
    if (!mrx_next(r))
      return 0;
    uint32_t right = operand(r);
    if (right == 0 || !mrx_must_be(r, left, MRX_IS_NUMBER, "a number") ||
        !mrx_must_be(r, right, MRX_IS_NUMBER, "a number"))
      return 0;
    left = mrx_folded(r, mrx_binary(r, op, MRX_IS_NUMBER, left, right));
  }
  return left;
}

static uint32_t read_product(mrx_reader *r) {
  static const uint8_t ops[] = {MRX_MUL, MRX_DIV, MRX_MOD};
  return read_chain(r, "*/%", ops, read_unary);
}

static uint32_t read_sum(mrx_reader *r) {
  static const uint8_t ops[] = {MRX_ADD, MRX_SUB};
  return read_chain(r, "+-", ops, read_product);
}

static uint32_t read_in(mrx_reader *r, uint32_t sought, int negated) {
  if (!mrx_take(r, "[", "a list such as [1, 2]"))
    return 0;
  uint32_t node = mrx_unary(r, MRX_IN, MRX_IS_BOOL, sought, r->e->nodes[sought].from);
  uint32_t last = sought;
  if (node == 0)
    return 0;
  r->e->nodes[node].negated = (uint8_t)negated;
  while (!mrx_is(&r->token, "]")) {
    if (last != sought && !mrx_take(r, ",", "`,` or `]`"))
      return 0;
    uint32_t element = mrx_read_expression(r);
    if (element == 0 || !mrx_adopt(r, node, last, element))
      return 0;
    last = element;
  }
  if (!mrx_next(r))
    return 0;
  r->e->nodes[node].to = r->before;
  return node;
}

static uint32_t read_matches(mrx_reader *r, uint32_t text) {
  mrx_token t = r->token;
  if (t.kind != MRX_T_STRING)
    return mrx_expected(r, "a regular expression in quotes");
  if (!mrx_must_be(r, text, MRX_IS_TEXT, "a text"))
    return 0;
  mrx_regex *regex = mrx_regex_make(t.text, t.size, r->fault);
  if (regex == NULL) {
    uint32_t at = t.from + 1 + r->fault->at, end = at + r->fault->length;
    r->fault->at = t.literal ? at : t.from;
    r->fault->length = (t.literal ? end : t.to) - r->fault->at;
    return 0;
  }
  r->e->regexes[r->e->regex_count++] = regex;
  if (!mrx_next(r))
    return 0;
  uint32_t node = mrx_unary(r, MRX_MATCHES, MRX_IS_BOOL, text, r->e->nodes[text].from);
  if (node != 0)
    r->e->nodes[node].cell = r->e->regex_count - 1;
  return node;
}

static uint8_t comparison(const mrx_token *t) {
  static const char *const signs[] = {"==", "!=", "<", "<=", ">", ">="};
  for (uint8_t i = 0; i < 6; i++)
    if (mrx_is(t, signs[i]))
      return (uint8_t)(MRX_EQ + i);
  return 0;
}

static int comparable(mrx_reader *r, uint8_t op, uint32_t left, uint32_t right) {
  const mrx_node *a = &r->e->nodes[left], *b = &r->e->nodes[right];
  if (op <= MRX_NE || (a->kinds & b->kinds & (MRX_IS_NUMBER | MRX_IS_TEXT)))
    return 1;
  const char *order = "only two numbers or two texts are in order";
  const mrx_node *wrong = a->kinds & (MRX_IS_NUMBER | MRX_IS_TEXT) ? b : a;
  if (b->kinds & a->kinds)
    return mrx_set_fault(r->fault, wrong->from, wrong->to, "compare with == or !=", "%s", order);
  return mrx_set_fault(r->fault, a->from, b->to, "", "%s with %s cannot be compared: %s",
                       mrx_kinds_name(a->kinds), mrx_kinds_name(b->kinds), order);
}

static uint32_t read_comparison(mrx_reader *r, uint32_t left, uint8_t op) {
  if (!mrx_next(r))
    return 0;
  uint32_t right = read_sum(r);
  if (right == 0 || !comparable(r, op, left, right))
    return 0;
  if (comparison(&r->token) != 0) {
    mrx_set_fault(r->fault, r->token.from, r->token.to, "join two comparisons with `and`",
                  "one comparison cannot follow another");
    return 0;
  }
  return mrx_binary(r, op, MRX_IS_BOOL, left, right);
}

static uint32_t read_test(mrx_reader *r) {
  uint32_t left = read_sum(r);
  if (left == 0)
    return 0;
  uint8_t op = comparison(&r->token);
  if (op != 0)
    return read_comparison(r, left, op);
  if (mrx_is(&r->token, "matches"))
    return mrx_next(r) ? read_matches(r, left) : 0;
  int negated = mrx_is(&r->token, "not");
  if (negated && (!mrx_next(r) || !mrx_is(&r->token, "in")))
    return r->fault->text[0] != 0 ? 0 : mrx_expected(r, "`in`");
  if (mrx_is(&r->token, "in"))
    return mrx_next(r) ? read_in(r, left, negated) : 0;
  return left;
}

static uint32_t read_not(mrx_reader *r) {
  uint32_t from = r->token.from;
  if (!mrx_is(&r->token, "not"))
    return read_test(r);
  if (!mrx_next(r))
    return 0;
  uint32_t operand = read_test(r);
  if (operand == 0 || !mrx_must_be(r, operand, MRX_IS_BOOL, "true or false"))
    return 0;
  return mrx_unary(r, MRX_NOT, MRX_IS_BOOL, operand, from);
}

static uint32_t read_junction(mrx_reader *r, const char *word, uint8_t op,
                              uint32_t (*operand)(mrx_reader *r)) {
  uint32_t last = operand(r), node = 0;
  while (last != 0 && mrx_is(&r->token, word)) {
    if (!mrx_must_be(r, last, MRX_IS_BOOL, "true or false"))
      return 0;
    if (node == 0)
      node = mrx_unary(r, op, MRX_IS_BOOL, last, r->e->nodes[last].from);
    if (node == 0 || !mrx_next(r))
      return 0;
    uint32_t right = operand(r);
    if (right == 0 || !mrx_must_be(r, right, MRX_IS_BOOL, "true or false") ||
        !mrx_adopt(r, node, last, right))
      return 0;
    last = right;
  }
  return node != 0 && last != 0 ? node : last;
}

static uint32_t read_and(mrx_reader *r) { return read_junction(r, "and", MRX_AND, read_not); }

uint32_t mrx_read_expression(mrx_reader *r) {
  if (r->nested == MRX_DEPTH)
    return mrx_too_large(r, "parentheses, calls and lists within each other", MRX_DEPTH);
  r->nested++;
  uint32_t node = read_junction(r, "or", MRX_OR, read_and);
  r->nested--;
  return node;
}
