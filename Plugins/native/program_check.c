// SPDX-License-Identifier: Apache-2.0
// What the notation forbids of a program as a whole, once all its lines have been read.
#include "words.h"
#include <stdio.h>

/* Is a result written to the whole value, or into a field of it? */
typedef struct {
  uint32_t whole, fields, used, buffers, columns;
} tally;

static void count_sink(tally *t, sink_kind sink, place_kind kind) {
  t->used += sink == SINK_USED;
  t->whole += sink == SINK_PLACE && kind == PLACE_VALUE;
  t->fields += sink == SINK_PLACE && kind == PLACE_FIELD;
}

uint32_t program_struct_bytes(const argument *first) {
  uint32_t size = 0, widest = 1;
  for (uint32_t i = 1; i <= first->size; i++) {
    uint32_t bytes = c_size(first[i].type);
    size = (size + bytes - 1) / bytes * bytes + bytes;
    widest = bytes > widest ? bytes : widest;
  }
  return (size + widest - 1) / widest * widest;
}

/* Of the program as a whole. */
static int contradiction(reader *r, const char *what) {
  snprintf(r->fault, r->fault_room, "the program: %s", what);
  return -1;
}

int program_check(reader *r) {
  const program *p = r->p;
  tally t = {0};
  if (r->members > 0)
    return contradiction(r, "a struct has too few members");
  count_sink(&t, p->result_sink, p->result_place.kind);
  for (uint32_t i = 0; i < p->argument_count; i++) {
    const argument *a = &p->arguments[i];
    t.buffers += a->kind == GIVE_BUFFER;
    t.columns += a->kind == GIVE_COLUMN || a->kind == TAKE_COLUMN;
    if (a->kind == GIVE_STRUCT && i >= p->fixed_count && p->variadic)
      return contradiction(r, "a struct among variadic arguments");
    if (a->kind == GIVE_STRUCT && program_struct_bytes(a) > PROGRAM_STRUCT_BYTES_MAX)
      return contradiction(r, "a struct is too large");
    count_sink(&t, a->sink, a->place.kind);
    int single = a->kind == GIVE_FIELD || a->kind == GIVE_LENGTH || a->kind == GIVE_TIME ||
                 a->kind == GIVE_BYTES || a->kind == GIVE_STRING || a->kind == TAKE_SCALAR ||
                 a->kind == GIVE_BUFFER;
    if (p->vector && single)
      return contradiction(r, "an argument of one record in a call for many");
    if (!p->vector && (a->kind == GIVE_COLUMN || a->kind == TAKE_COLUMN || a->kind == GIVE_COUNT))
      return contradiction(r, "an argument of many records in a call for one");
  }
  if (p->vector && (t.columns == 0 || p->result_sink != SINK_IGNORE))
    return contradiction(r, "a call for many records has columns, and no result");
  if (t.buffers > 1 || t.used != t.buffers)
    return contradiction(r, "a buffer and one number that says how much of it is used go together");
  if (t.whole > 1 || (t.whole > 0 && t.fields > 0) || (t.buffers > 0 && t.whole + t.fields > 0))
    return contradiction(r, "two results for one value");
  if (p->result_sink == SINK_FILTER && t.whole + t.fields + t.buffers > 0)
    return contradiction(r, "a filter changes no value");
  return 0;
}
