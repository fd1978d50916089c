// SPDX-License-Identifier: Apache-2.0
// From a regular expression to its program: regex_read.c reads the text, this file makes the
// machine's instructions of what was read.
#include "regex_piece.h"
#include <stdlib.h>

static int emit(compiler *c, uint32_t node);

/* The number of the instruction; UINT32_MAX: too many. */
static uint32_t put(compiler *c, uint8_t op, uint32_t x, uint32_t y) {
  mrx_regex *r = c->regex;
  if (r->count == MRX_STATES)
    return UINT32_MAX;
  r->code[r->count] = (mrx_code){op, 0, x, y};
  return r->count++;
}

static int emit_either(compiler *c, uint32_t node) {
  mrx_regex *r = c->regex;
  uint32_t ends = UINT32_MAX; /* jumps to the end, each with the one before it in x */
  for (uint32_t i = c->pieces[node].first; i != 0; i = c->pieces[i].next) {
    uint32_t split = UINT32_MAX;
    int more = c->pieces[i].next != 0;
    if (more && (split = put(c, MRX_SPLIT, r->count + 1, 0)) == UINT32_MAX)
      return 0;
    if (!emit(c, i))
      return 0;
    if (!more)
      continue;
    if ((ends = put(c, MRX_JUMP, ends, 0)) == UINT32_MAX)
      return 0;
    r->code[split].y = r->count;
  }
  while (ends != UINT32_MAX) {
    uint32_t before = r->code[ends].x;
    r->code[ends].x = r->count;
    ends = before;
  }
  return 1;
}

static int emit_repeated(compiler *c, uint32_t node) {
  mrx_regex *r = c->regex;
  const piece *p = &c->pieces[node];
  uint32_t splits = UINT32_MAX, split;
  for (uint32_t i = 0; i < p->low; i++) {
    uint32_t before = r->count;
    if (!emit(c, p->first))
      return 0;
    if (r->count == before) /* nothing, so often */
      return 1;
  }
  if (p->high == UINT32_MAX) {
    if ((split = put(c, MRX_SPLIT, r->count + 1, 0)) == UINT32_MAX || !emit(c, p->first) ||
        put(c, MRX_JUMP, split, 0) == UINT32_MAX)
      return 0;
    r->code[split].y = r->count;
    return 1;
  }
  for (uint32_t i = p->low; i < p->high; i++)
    if ((splits = put(c, MRX_SPLIT, r->count + 1, splits)) == UINT32_MAX || !emit(c, p->first))
      return 0;
  while (splits != UINT32_MAX) {
    uint32_t before = r->code[splits].y;
    r->code[splits].y = r->count;
    splits = before;
  }
  return 1;
}

static int emit(compiler *c, uint32_t node) {
  const piece *p = &c->pieces[node];
  uint32_t at;
  switch (p->kind) {
  case ONE:
    return put(c, MRX_CHAR, p->low, 0) != UINT32_MAX;
  case ALL:
    return put(c, MRX_ANY, 0, 0) != UINT32_MAX;
  case START:
    return put(c, MRX_BEGIN, 0, 0) != UINT32_MAX;
  case STOP:
    return put(c, MRX_FINAL, 0, 0) != UINT32_MAX;
  case SET:
    at = put(c, MRX_CLASS, p->low, p->high);
    if (at != UINT32_MAX)
      c->regex->code[at].negated = p->negated;
    return at != UINT32_MAX;
  case EITHER:
    return emit_either(c, node);
  case REPEATED:
    return emit_repeated(c, node);
  default:
    for (uint32_t i = p->first; i != 0; i = c->pieces[i].next)
      if (!emit(c, i))
        return 0;
    return 1;
  }
}

/* A program of single code points only is a text to look for. */
static void find_literal(compiler *c) {
  mrx_regex *r = c->regex;
  uint64_t size = 0;
  for (uint32_t i = 0; i + 1 < r->count; i++)
    if (r->code[i].op != MRX_CHAR)
      return;
  r->literal = malloc(4 * (uint64_t)r->count);
  for (uint32_t i = 0; r->literal != NULL && i + 1 < r->count; i++)
    size += mrx_encode(r->code[i].x, r->literal + size);
  r->literal_size = size;
}

static int compile(compiler *c) {
  mrx_regex *r = c->regex;
  uint64_t size = (uint64_t)(c->end - c->pattern);
  c->pieces = malloc((4 * size + 8) * sizeof(piece));
  r->code = malloc(MRX_STATES * sizeof(mrx_code));
  r->ranges = malloc((5 * size + 8) * sizeof(mrx_range));
  r->now = malloc(MRX_STATES * sizeof(uint32_t));
  r->then = malloc(MRX_STATES * sizeof(uint32_t));
  r->stack = malloc(2 * MRX_STATES * sizeof(uint32_t));
  r->mark = calloc(MRX_STATES, sizeof(uint32_t));
  if (c->pieces == NULL || r->code == NULL || r->ranges == NULL || r->now == NULL ||
      r->then == NULL || r->stack == NULL || r->mark == NULL)
    return (int)mrx_regex_fault(c, c->pattern, c->pattern, "out of memory", "");
  mrx_add_piece(c, EMPTY); /* 0 is nobody */
  uint32_t root = mrx_read_pattern(c);
  if (root == 0)
    return 0;
  if (c->at < c->end)
    return (int)mrx_regex_fault(c, c->at, c->at + 1, "there is no `(` for this",
                                "write \\) for the sign");
  if (!emit(c, root) || put(c, MRX_MATCH, 0, 0) == UINT32_MAX)
    return (int)mrx_regex_fault(
        c, c->pattern, c->end, "the regular expression takes more than 2000 states", "repeat less");
  find_literal(c);
  return 1;
}

mrx_regex *mrx_regex_make(const uint8_t *pattern, uint64_t size, mrx_fault *into) {
  compiler c = {.pattern = pattern,
                .at = pattern,
                .end = pattern + size,
                .text = mrx_text_cell(pattern, size, 0),
                .regex = calloc(1, sizeof(mrx_regex)),
                .fault = into};
  if (c.regex == NULL) {
    mrx_regex_fault(&c, pattern, pattern, "out of memory", "");
    return NULL;
  }
  int fine = compile(&c);
  free(c.pieces);
  if (fine)
    return c.regex;
  mrx_regex_free(c.regex);
  return NULL;
}

void mrx_regex_free(mrx_regex *r) {
  if (r == NULL)
    return;
  free(r->code);
  free(r->ranges);
  free(r->literal);
  free(r->now);
  free(r->then);
  free(r->stack);
  free(r->mark);
  free(r);
}
