// SPDX-License-Identifier: Apache-2.0
// Names: paths into a record, and calls.
//
//   call  = ( "has" | "len" | "lower" | "upper" | "coalesce" ) "(" [ expr { "," expr } ] ")"
//   path  = ( NAME | "$value" | "$key" | "$time" ) { "." NAME | "[" ( INT | STRING ) "]" }
#include "read.h"

/* ---- paths ----------------------------------------------------------------------------- */

static mrx_step *add_step(mrx_reader *r, uint32_t node) {
  mr_expression *e = r->e;
  mrx_node *n = &e->nodes[node];
  if (n->steps == MRX_STEPS) {
    mrx_too_large(r, "steps in one path", MRX_STEPS);
    return NULL;
  }
  mrx_step *step = &e->steps[e->step_count++];
  memset(step, 0, sizeof *step);
  n->steps++;
  return step;
}

static int add_name(mrx_reader *r, uint32_t node, const uint8_t *name, uint64_t size) {
  mrx_step *step = add_step(r, node);
  if (step == NULL)
    return 0;
  step->name = name;
  step->size = size;
  step->plain = 1;
  for (uint64_t i = 0; i < size; i++)
    step->plain &= name[i] >= ' ' && name[i] != '"' && name[i] != '\\';
  return 1;
}

static int read_index(mrx_reader *r, uint32_t node) {
  uint32_t from = r->token.from;
  if (!mrx_next(r))
    return 0;
  if (r->token.kind == MRX_T_STRING) {
    if (!add_name(r, node, r->token.text, r->token.size) || !mrx_next(r))
      return 0;
    return mrx_take(r, "]", "`]`");
  }
  int negative = mrx_is(&r->token, "-");
  if (negative && !mrx_next(r))
    return 0;
  if (r->token.kind != MRX_T_NUMBER)
    return (int)mrx_expected(r, "a position such as [0], or a name such as [\"a b\"]");
  if (r->token.cell.kind != MR_DATUM_INT)
    return mrx_set_fault(r->fault, from, r->token.to, "", "a position is a whole number");
  mrx_step *step = add_step(r, node);
  if (step == NULL)
    return 0;
  step->position = negative ? -r->token.cell.integer : r->token.cell.integer;
  if (negative && step->position == 0)
    return mrx_set_fault(r->fault, from, r->token.to, "the last one is [-1]",
                         "there is no position -0");
  return mrx_next(r) && mrx_take(r, "]", "`]`");
}

static int read_steps(mrx_reader *r, uint32_t node) {
  for (;;) {
    if (mrx_is(&r->token, "[")) {
      if (!read_index(r, node))
        return 0;
    } else if (mrx_is(&r->token, ".")) {
      if (!mrx_next(r))
        return 0;
      if (r->token.kind != MRX_T_NAME)
        return (int)mrx_expected(r, "a name");
      if (!add_name(r, node, r->token.text, r->token.size) || !mrx_next(r))
        return 0;
    } else {
      r->e->nodes[node].to = r->before;
      return 1;
    }
  }
}

uint32_t mrx_read_path(mrx_reader *r) {
  mrx_token first = r->token;
  int is_key = mrx_is(&first, "$key"), is_time = mrx_is(&first, "$time");
  if (*first.text == '$' && !is_key && !is_time && !mrx_is(&first, "$value")) {
    mrx_set_fault(r->fault, first.from, first.to, "write $value, $key or $time",
                  "there is no `%.*s`", (int)(first.size < 60 ? first.size : 60), first.text);
    return 0;
  }
  if (!mrx_next(r))
    return 0;
  uint8_t kinds = is_key ? MRX_IS_TEXT : is_time ? MRX_IS_NUMBER : MRX_IS_ANY;
  uint32_t node = mrx_add_node(r,
                               is_key    ? MRX_KEY
                               : is_time ? MRX_TIME
                                         : MRX_PATH,
                               kinds, first.from);
  if (node == 0)
    return 0;
  r->e->nodes[node].step = (uint16_t)r->e->step_count;
  if ((is_key || is_time) && (mrx_is(&r->token, ".") || mrx_is(&r->token, "["))) {
    mrx_set_fault(r->fault, r->token.from, r->token.to, "", "`%.*s` has no fields", (int)first.size,
                  first.text);
    return 0;
  }
  if (*first.text != '$' && !add_name(r, node, first.text, first.size))
    return 0;
  return read_steps(r, node) ? node : 0;
}

/* ---- calls ------------------------------------------------------------------------------- */

static const struct call {
  const char *name;
  uint8_t op, kinds, of;
  uint32_t least, most;
  const char *expected;
} calls[] = {
    {"has", MRX_HAS, MRX_IS_BOOL, MRX_IS_ANY, 1, 1, "a path"},
    {"len", MRX_LEN, MRX_IS_NUMBER, MRX_IS_TEXT | MRX_IS_JSON, 1, 1,
     "a text, an array or an object"},
    {"lower", MRX_LOWER_OF, MRX_IS_TEXT, MRX_IS_TEXT, 1, 1, "a text"},
    {"upper", MRX_UPPER_OF, MRX_IS_TEXT, MRX_IS_TEXT, 1, 1, "a text"},
    {"coalesce", MRX_COALESCE, 0, MRX_IS_ANY, 2, MRX_NODES, "a value"},
};

static const struct call *find_call(const mrx_token *t) {
  for (uint32_t i = 0; i < sizeof calls / sizeof *calls; i++)
    if (mrx_is(t, calls[i].name))
      return &calls[i];
  return NULL;
}

/* Is the name at the token followed by a `(`? */
int mrx_is_call(const mrx_reader *r) {
  uint32_t at = r->lexer.at;
  while (at < r->lexer.size && r->lexer.source[at] == ' ')
    at++;
  return r->token.kind == MRX_T_NAME && at < r->lexer.size && r->lexer.source[at] == '(';
}

static int check_argument(mrx_reader *r, const struct call *call, uint32_t argument) {
  const mrx_node *n = &r->e->nodes[argument];
  if (call->op == MRX_HAS && (n->op < MRX_PATH || n->op > MRX_TIME))
    return mrx_set_fault(r->fault, n->from, n->to, "name a field, as in has(customer.id)",
                         "`has` takes a path");
  return mrx_must_be(r, argument, call->of, call->expected);
}

uint32_t mrx_read_call(mrx_reader *r) {
  mrx_token name = r->token;
  const struct call *call = find_call(&name);
  uint32_t count = 0, last = 0, node;
  if (call == NULL) {
    mrx_set_fault(r->fault, name.from, name.to, "there are has, len, lower, upper and coalesce",
                  "there is no function `%.*s`", (int)(name.size < 60 ? name.size : 60), name.text);
    return 0;
  }
  if (!mrx_next(r) || !mrx_next(r) ||
      (node = mrx_add_node(r, call->op, call->kinds, name.from)) == 0)
    return 0;
  while (!mrx_is(&r->token, ")")) {
    if (count > 0 && !mrx_take(r, ",", "`,` or `)`"))
      return 0;
    uint32_t argument = mrx_read_expression(r);
    if (argument == 0 || !check_argument(r, call, argument) || !mrx_adopt(r, node, last, argument))
      return 0;
    if (call->op == MRX_COALESCE)
      r->e->nodes[node].kinds |= r->e->nodes[argument].kinds;
    last = argument;
    count++;
  }
  if (!mrx_next(r))
    return 0;
  r->e->nodes[node].to = r->before;
  if (count >= call->least && count <= call->most)
    return node;
  mrx_set_fault(r->fault, name.from, r->before, "", "`%s` takes %s, found %u", call->name,
                call->most == 1 ? "one argument" : "two arguments or more", count);
  return 0;
}
