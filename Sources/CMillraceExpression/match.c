// SPDX-License-Identifier: Apache-2.0
// Running the program of a regular expression over a text: all states it can be in go on together,
// a code point at a time, and a state that is already there is not added again.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE // memmem
#endif
#include "regex.h"

static int in_class(const mrx_regex *r, const mrx_code *code, uint32_t scalar) {
  for (uint32_t i = code->x; i < code->y; i++)
    if (scalar >= r->ranges[i].low && scalar <= r->ranges[i].high)
      return !code->negated;
  return code->negated;
}

/* Adds a state and all that follow without a code point. 1: one of them is a match. */
static int follow(mrx_regex *r, uint32_t *states, uint32_t *count, uint32_t from, int at_begin,
                  int at_end) {
  uint32_t waiting = 0;
  r->stack[waiting++] = from;
  while (waiting > 0) {
    uint32_t state = r->stack[--waiting];
    const mrx_code *code = &r->code[state];
    if (r->mark[state] == r->round)
      continue;
    r->mark[state] = r->round;
    switch (code->op) {
    case MRX_MATCH:
      return 1;
    case MRX_JUMP:
      r->stack[waiting++] = code->x;
      break;
    case MRX_SPLIT:
      r->stack[waiting++] = code->y;
      r->stack[waiting++] = code->x;
      break;
    case MRX_BEGIN:
      if (at_begin)
        r->stack[waiting++] = state + 1;
      break;
    case MRX_FINAL:
      if (at_end)
        r->stack[waiting++] = state + 1;
      break;
    default:
      states[(*count)++] = state;
    }
  }
  return 0;
}

static void new_round(mrx_regex *r) {
  if (++r->round == 0) {
    memset(r->mark, 0, r->count * sizeof *r->mark);
    r->round = 1;
  }
}

static int takes(const mrx_regex *r, const mrx_code *code, uint32_t scalar) {
  return code->op == MRX_CHAR  ? code->x == scalar
         : code->op == MRX_ANY ? scalar != '\n'
                               : in_class(r, code, scalar);
}

int mrx_regex_test(mrx_regex *r, const mrx_cell *text) {
  if (r->literal != NULL && text->how == 0)
    return r->literal_size == 0 || (text->size >= r->literal_size &&
                                    memmem(text->text, text->size, r->literal, r->literal_size));
  const uint8_t *at = text->text, *end = at + text->size;
  uint32_t count = 0;
  new_round(r);
  for (;;) {
    /* The states of this round hold those that went on; a match may also begin here. */
    if (follow(r, r->now, &count, 0, at == text->text, at == end))
      return 1;
    if (at == end)
      return 0;
    uint32_t scalar = mrx_next_scalar(text, &at), kept = 0;
    new_round(r);
    for (uint32_t i = 0; i < count; i++)
      if (takes(r, &r->code[r->now[i]], scalar) &&
          follow(r, r->then, &kept, r->now[i] + 1, 0, at == end))
        return 1;
    uint32_t *swap = r->now;
    r->now = r->then;
    r->then = swap;
    count = kept;
  }
}
