// SPDX-License-Identifier: Apache-2.0
// What an expression is worth for a record. Nothing is allocated, nothing but the record is read.
//
//   value    null, true and false, INT, FLOAT, TEXT, JSON (an object or an array), or absent
//   INT      a whole number within int64_t; + - * stay INT while the result fits, else they are
//            FLOAT; / is INT where it leaves no rest, else FLOAT; % is of INTs, and has the sign of
//            its left side
//   FLOAT    a double; a result or a number of the record that no finite double holds is refused,
//            and so is a division by zero
//   == !=    of any two kinds, where two kinds that differ are not equal; INT and FLOAT compare
//            exactly; two JSON values are refused
//   < <= …   of two numbers, or of two texts by their bytes in UTF-8; all else is refused
//   and or   of true and false only; the right side is not looked at once the left one decides
//   absent   a name that an object does not have, a position behind an array's end, a step into
//            what is no object or array. It is refused (MR4003), but: has(p) tells, and
//            coalesce(a, b …) goes on with the next when an argument is null or anything in it is
//            absent; the last argument is what it is
//   refused  MR4001 what was read is no JSON, MR4002 a kind does not fit, MR4003 something is
//   absent
#include "operate.h"

static const mrx_node *child(const mr_expression *e, const mrx_node *n) {
  return &e->nodes[n->first];
}

static int32_t absent(mr_expression *e, const mrx_node *n) {
  e->absent = (uint32_t)(n - e->nodes);
  return MRX_ABSENT;
}

/* ---- fields ----------------------------------------------------------------------- */

static int32_t eval_path(mr_expression *e, const mrx_node *n, const mrx_record *r, mrx_cell *out) {
  mrx_spot spot;
  int found = mrx_locate(e->steps + n->step, n->steps, r->value, r->size, &spot);
  if (found == MRX_FOUND)
    found = mrx_read_value(spot.at, r->value + r->size, out, &spot);
  if (found == MRX_MISSING)
    return absent(e, n);
  if (found == MRX_BROKEN)
    return mrx_not_json(e, r, &spot);
  if (out->kind == MR_DATUM_FLOAT && !isfinite(out->number))
    return mrx_refuse(e, n, "the number is outside of what a double holds", "");
  return 0;
}

static int32_t eval_has(mr_expression *e, const mrx_node *n, const mrx_record *r, mrx_cell *out) {
  const mrx_node *path = child(e, n);
  int found = MRX_FOUND;
  if (path->op == MRX_PATH) {
    mrx_spot spot;
    found = mrx_locate(e->steps + path->step, path->steps, r->value, r->size, &spot);
    if (found == MRX_BROKEN)
      return mrx_not_json(e, r, &spot);
  } else if (path->op == MRX_KEY ? r->key == NULL : r->time == MR_TIME_NONE) {
    found = MRX_MISSING;
  }
  *out = mrx_bool_cell(found == MRX_FOUND);
  return 0;
}

/* ---- numbers -------------------------------------------------------------------------- */

static int32_t eval_arithmetic(mr_expression *e, const mrx_node *n, const mrx_record *r,
                               mrx_cell *out) {
  mrx_cell a, b;
  int32_t refused = mrx_eval(e, n->first, r, &a);
  if (refused == 0)
    refused = mrx_eval(e, child(e, n)->next, r, &b);
  if (refused != 0)
    return refused;
  if (!mrx_is_number(&a))
    return mrx_refuse(e, child(e, n), "expected a number, found ", mrx_cell_name(&a));
  if (!mrx_is_number(&b))
    return mrx_refuse(e, &e->nodes[child(e, n)->next], "expected a number, found ",
                      mrx_cell_name(&b));
  return mrx_arithmetic(e, n, &a, &b, out);
}

static int32_t eval_negate(mr_expression *e, const mrx_node *n, const mrx_record *r,
                           mrx_cell *out) {
  int32_t refused = mrx_eval(e, n->first, r, out);
  if (refused != 0)
    return refused;
  if (!mrx_is_number(out))
    return mrx_refuse(e, child(e, n), "expected a number, found ", mrx_cell_name(out));
  *out = out->kind == MR_DATUM_INT && out->integer != INT64_MIN ? mrx_int_cell(-out->integer)
                                                                : mrx_float_cell(-out->number);
  return 0;
}

/* ---- comparisons ---------------------------------------------------------------------- */

static int32_t eval_compare(mr_expression *e, const mrx_node *n, const mrx_record *r,
                            mrx_cell *out) {
  mrx_cell a, b;
  int holds = 0;
  int32_t refused = mrx_eval(e, n->first, r, &a);
  const mrx_node *right = &e->nodes[child(e, n)->next];
  const mrx_cell *other = right->op == MRX_LITERAL ? &e->cells[right->cell] : &b;
  if (refused == 0 && other == &b)
    refused = mrx_eval(e, child(e, n)->next, r, &b);
  if (refused == 0)
    refused = mrx_compares(e, n, &a, other, &holds);
  *out = mrx_bool_cell(holds);
  return refused;
}

static int32_t eval_in(mr_expression *e, const mrx_node *n, const mrx_record *r, mrx_cell *out) {
  mrx_cell sought, element;
  int found = 0;
  int32_t refused = mrx_eval(e, n->first, r, &sought);
  for (uint32_t i = child(e, n)->next; i != 0 && !found && refused == 0; i = e->nodes[i].next) {
    refused = mrx_eval(e, i, r, &element);
    if (refused == 0)
      refused = mrx_equals(e, n, &sought, &element, &found);
  }
  *out = mrx_bool_cell(found != n->negated);
  return refused;
}

/* ---- and, or, not ------------------------------------------------------------------------ */

static int32_t eval_truth(mr_expression *e, uint32_t node, const mrx_record *r, mrx_cell *out) {
  int32_t refused = mrx_eval(e, node, r, out);
  if (refused == 0 && out->kind != MR_DATUM_BOOL)
    return mrx_refuse(e, &e->nodes[node], "expected true or false, found ", mrx_cell_name(out));
  return refused;
}

/* Of all children, as far as needed: `and` ends at the first false, `or` at the first true. */
static int32_t eval_junction(mr_expression *e, const mrx_node *n, const mrx_record *r,
                             mrx_cell *out) {
  int32_t refused = 0;
  for (uint32_t i = n->first; i != 0; i = e->nodes[i].next) {
    refused = eval_truth(e, i, r, out);
    if (refused != 0 || out->integer == (n->op == MRX_OR))
      break;
  }
  return refused;
}

/* ---- calls -------------------------------------------------------------------------------- */

static int32_t eval_len(mr_expression *e, const mrx_node *n, const mrx_record *r, mrx_cell *out) {
  mrx_cell of;
  mrx_spot spot;
  int64_t count;
  int32_t refused = mrx_eval(e, n->first, r, &of);
  if (refused != 0)
    return refused;
  if (of.kind == MR_DATUM_TEXT)
    count = (int64_t)mrx_count_scalars(&of);
  else if (of.kind != MR_DATUM_JSON)
    return mrx_refuse(e, n, "expected a text, an array or an object, found ", mrx_cell_name(&of));
  else if (mrx_close(&of, &count, &spot) != MRX_FOUND)
    return mrx_not_json(e, r, &spot);
  *out = mrx_int_cell(count);
  return 0;
}

static int32_t eval_text(mr_expression *e, const mrx_node *n, const mrx_record *r, mrx_cell *out) {
  int32_t refused = mrx_eval(e, n->first, r, out);
  if (refused == 0 && out->kind != MR_DATUM_TEXT)
    return mrx_refuse(e, n, "expected a text, found ", mrx_cell_name(out));
  return refused;
}

static int32_t eval_case(mr_expression *e, const mrx_node *n, const mrx_record *r, mrx_cell *out) {
  int32_t refused = eval_text(e, n, r, out);
  if (refused == 0)
    out->how = (out->how & MRX_ESCAPED) | (n->op == MRX_LOWER_OF ? MRX_LOWER : MRX_UPPER);
  return refused;
}

static int32_t eval_matches(mr_expression *e, const mrx_node *n, const mrx_record *r,
                            mrx_cell *out) {
  mrx_cell text;
  int32_t refused = eval_text(e, n, r, &text);
  *out = mrx_bool_cell(refused == 0 && mrx_regex_test(e->regexes[n->cell], &text));
  return refused;
}

static int32_t eval_coalesce(mr_expression *e, const mrx_node *n, const mrx_record *r,
                             mrx_cell *out) {
  int32_t refused = 0;
  for (uint32_t i = n->first; i != 0; i = e->nodes[i].next) {
    refused = mrx_eval(e, i, r, out);
    if (refused == 0 ? out->kind != MR_DATUM_NULL : refused != MRX_ABSENT)
      break;
  }
  return refused;
}

/* ---- the tree ----------------------------------------------------------------------- */

int32_t mrx_eval(mr_expression *e, uint32_t node, const mrx_record *r, mrx_cell *out) {
  const mrx_node *n = &e->nodes[node];
  switch (n->op) {
  case MRX_LITERAL:
    *out = e->cells[n->cell];
    return 0;
  case MRX_PATH:
    return eval_path(e, n, r, out);
  case MRX_KEY:
    *out = mrx_text_cell(r->key, r->key_size, 0);
    return r->key != NULL ? 0 : absent(e, n);
  case MRX_TIME:
    *out = mrx_int_cell(r->time);
    return r->time != MR_TIME_NONE ? 0 : absent(e, n);
  case MRX_AND:
  case MRX_OR:
    return eval_junction(e, n, r, out);
  case MRX_NOT: {
    int32_t refused = eval_truth(e, n->first, r, out);
    if (refused == 0)
      out->integer = !out->integer;
    return refused;
  }
  case MRX_EQ:
  case MRX_NE:
  case MRX_LT:
  case MRX_LE:
  case MRX_GT:
  case MRX_GE:
    return eval_compare(e, n, r, out);
  case MRX_NEGATE:
    return eval_negate(e, n, r, out);
  case MRX_IN:
    return eval_in(e, n, r, out);
  case MRX_MATCHES:
    return eval_matches(e, n, r, out);
  case MRX_HAS:
    return eval_has(e, n, r, out);
  case MRX_LEN:
    return eval_len(e, n, r, out);
  case MRX_LOWER_OF:
  case MRX_UPPER_OF:
    return eval_case(e, n, r, out);
  case MRX_COALESCE:
    return eval_coalesce(e, n, r, out);
  default:
    return eval_arithmetic(e, n, r, out);
  }
}

/* ---- entries ------------------------------------------------------------------------ */

int32_t mrx_test(mr_expression *e, const mrx_record *r, int *holds) {
  mrx_cell cell;
  int32_t refused = eval_truth(e, e->root, r, &cell);
  *holds = 0;
  uint32_t decided = e->flags & (MR_EXPRESSION_ABSENT_FALSE | MR_EXPRESSION_ABSENT_TRUE);
  if (refused == MRX_ABSENT && decided)
    *holds = decided == MR_EXPRESSION_ABSENT_TRUE;
  else if (refused != 0)
    return mrx_name_absent(e, refused);
  else
    *holds = cell.integer != 0;
  return 0;
}

static int32_t finish(mr_expression *e, const mrx_record *r, mrx_cell *cell) {
  mrx_spot spot;
  if (cell->kind == MR_DATUM_JSON && (cell->how & MRX_OPEN) &&
      mrx_close(cell, NULL, &spot) != MRX_FOUND)
    return mrx_not_json(e, r, &spot);
  if (cell->kind == MR_DATUM_TEXT && cell->how != 0) {
    if (e->kept == NULL || cell->size > MRX_KEPT)
      return mrx_refuse(e, &e->nodes[e->root], "the text is too long to be rewritten", "");
    cell->size = mrx_write_text(cell, e->kept);
    cell->text = e->kept;
  }
  return 0;
}

int32_t mrx_value(mr_expression *e, const mrx_record *r, mr_datum *out) {
  mrx_cell cell;
  const mrx_node *root = &e->nodes[e->root];
  int is_path = root->op >= MRX_PATH && root->op <= MRX_TIME;
  int32_t refused = mrx_eval(e, e->root, r, &cell);
  memset(out, 0, sizeof *out);
  if (refused == MRX_ABSENT && is_path)
    return 0;
  if (refused == 0)
    refused = finish(e, r, &cell);
  if (refused != 0)
    return mrx_name_absent(e, refused);
  out->kind = cell.kind;
  out->integer = cell.integer;
  out->number = cell.number;
  out->text = cell.text;
  out->size = cell.size;
  if (root->op == MRX_PATH) {
    out->at = (uint64_t)(cell.written - r->value);
    out->length = cell.length;
  }
  return 0;
}
