// SPDX-License-Identifier: Apache-2.0
// The text of a program: what the checker makes of a C function in a topology.
//
//   program  = "native 1" NL
//              "library" TEXT NL "symbol" TEXT NL "flags" { flag } NL
//              { argument NL } "result" result NL ;
//   flag     = "pure" | "vector" | "blocking" | "errno" | "null_is_error" ;
//   argument = "give" SCALAR source | "take" SCALAR sink
//            | "bytes" place | "state" SIZE | "null" | "text" TEXT | "string" place
//            | "struct" COUNT                     (the next COUNT lines are its members)
//            | "column" SCALAR field | "fill" SCALAR field | "buffer" SIZE
//            | "variadic" ;                       (no argument: what follows is variadic)
//   source   = field [ "or" TEXT ] | "number" TEXT | "length" place | "count" | "time" ;
//   sink     = field | "used" ;
//   result   = "void" | SCALAR ( field | "filter" | "status" | "used" | "ignore" )
//            | "string" field | "pointer" ;
//   place    = field | "key" | "payload" ;
//   field    = "value" | "at" TEXT ;              (a path as expressions write it)
//   TEXT     = "=" { printable ASCII but space and "%" | "%" hex hex } ;
//   SCALAR   = "bool" | "i8" … "i64" | "u8" … "u64" | "f32" | "f64" ;
//
// Words have one space between them, lines end with one NL, the first line has the version.
// Whatever could make a call go wrong that the notation forbids is refused here again: a program
// may come from anywhere.
#include "words.h"
#include <stdlib.h>
#include <string.h>

/* `w` has been read; `wide`: key and payload are allowed too. */
static int read_place(reader *r, word w, int wide, place *into) {
  if (word_is(w, "value")) {
    into->kind = PLACE_VALUE;
    return 0;
  }
  if (wide && (word_is(w, "key") || word_is(w, "payload"))) {
    into->kind = word_is(w, "key") ? PLACE_KEY : PLACE_PAYLOAD;
    return 0;
  }
  if (!word_is(w, "at"))
    return words_refuse(r, "expected a place in the record");
  into->kind = PLACE_FIELD;
  if (words_name(r, &into->path) != 0)
    return -1;
  return strlen(into->path) <= PROGRAM_PATH_MAX ? 0 : words_refuse(r, "a path is too long");
}

static int read_source(reader *r, argument *a) {
  word w = words_next(r);
  a->kind = GIVE_NUMBER;
  if (word_is(w, "number"))
    return words_literal(r, a->type, &a->number);
  if (word_is(w, "count")) {
    a->kind = GIVE_COUNT;
    if (a->member || !c_is_integer(a->type) || c_size(a->type) == 1)
      return words_refuse(r, "`count` is an argument of 16 bits or more");
    return 0;
  }
  if (word_is(w, "time")) {
    a->kind = GIVE_TIME;
    return a->type == C_I64 ? 0 : words_refuse(r, "the time is an i64");
  }
  if (word_is(w, "length")) {
    a->kind = GIVE_LENGTH;
    if (!c_is_integer(a->type))
      return words_refuse(r, "a length is an integer");
    return read_place(r, words_next(r), 1, &a->place);
  }
  a->kind = GIVE_FIELD;
  if (read_place(r, w, 0, &a->place) != 0)
    return -1;
  if (r->at < r->end && *r->at == '\n')
    return 0;
  if (!word_is(words_next(r), "or"))
    return words_refuse(r, "expected `or`");
  a->has_default = 1;
  return words_literal(r, a->type, &a->number);
}

static int read_take(reader *r, argument *a) {
  word w = words_next(r);
  a->kind = TAKE_SCALAR;
  a->sink = SINK_PLACE;
  if (!word_is(w, "used"))
    return read_place(r, w, 0, &a->place);
  a->sink = SINK_USED;
  return c_is_integer(a->type) ? 0 : words_refuse(r, "what is used is an integer");
}

static int read_struct(reader *r, argument *a) {
  a->kind = GIVE_STRUCT;
  a->type = C_STRUCT;
  if (r->members > 0)
    return words_refuse(r, "a struct in a struct");
  if (words_number(r, PROGRAM_STRUCT_BYTES_MAX, &a->size) != 0)
    return -1;
  r->members = a->size;
  return 0;
}

static int read_column(reader *r, argument *a, int taken) {
  a->kind = taken ? TAKE_COLUMN : GIVE_COLUMN;
  a->sink = taken ? SINK_PLACE : SINK_IGNORE;
  if (words_scalar(r, &a->type) != 0)
    return -1;
  return read_place(r, words_next(r), 0, &a->place);
}

static int read_pointer(reader *r, word w, argument *a) {
  a->type = C_POINTER;
  if (word_is(w, "null")) {
    a->kind = GIVE_NULL;
    return 0;
  }
  if (word_is(w, "state") || word_is(w, "buffer")) {
    a->kind = word_is(w, "state") ? GIVE_STATE : GIVE_BUFFER;
    return words_number(r, PROGRAM_BUFFER_BYTES_MAX, &a->size);
  }
  if (word_is(w, "text")) {
    a->kind = GIVE_TEXT;
    a->text = words_text(r, &a->size);
    return a->text != NULL ? 0 : -1;
  }
  if (word_is(w, "bytes") || word_is(w, "string")) {
    int bytes = word_is(w, "bytes");
    a->kind = bytes ? GIVE_BYTES : GIVE_STRING;
    return read_place(r, words_next(r), bytes, &a->place);
  }
  return words_refuse(r, "expected an argument or the result");
}

static int read_argument(reader *r, word w) {
  program *p = r->p;
  if (word_is(w, "variadic")) {
    if (p->variadic || r->members > 0 || p->argument_count == 0)
      return words_refuse(r, "nothing may be variadic here");
    p->variadic = 1;
    p->fixed_count = p->argument_count;
    return 0;
  }
  if (p->argument_count == PROGRAM_ARGUMENTS_MAX)
    return words_refuse(r, "too many arguments");
  argument *a = &p->arguments[p->argument_count++];
  int member = r->members > 0;
  a->member = member;
  if (member && !word_is(w, "give"))
    return words_refuse(r, "expected a member of the struct");
  r->members -= member ? 1u : 0u;
  if (word_is(w, "give"))
    return words_scalar(r, &a->type) == 0 ? read_source(r, a) : -1;
  if (word_is(w, "take"))
    return words_scalar(r, &a->type) == 0 ? read_take(r, a) : -1;
  if (word_is(w, "struct"))
    return read_struct(r, a);
  if (word_is(w, "column") || word_is(w, "fill"))
    return read_column(r, a, word_is(w, "fill"));
  return read_pointer(r, w, a);
}

static int read_result(reader *r) {
  program *p = r->p;
  word w = words_next(r);
  p->result_sink = SINK_IGNORE;
  if (word_is(w, "void")) {
    p->result = C_VOID;
    return 0;
  }
  if (word_is(w, "pointer")) {
    p->result = C_POINTER;
    return 0;
  }
  if (word_is(w, "string")) {
    p->result = C_POINTER;
    p->result_is_text = 1;
    p->result_sink = SINK_PLACE;
    return read_place(r, words_next(r), 0, &p->result_place);
  }
  p->result = word_scalar(w);
  if (p->result == C_VOID)
    return words_refuse(r, "expected the type of the result");
  w = words_next(r);
  if (word_is(w, "ignore"))
    return 0;
  p->result_sink = word_is(w, "filter")   ? SINK_FILTER
                   : word_is(w, "status") ? SINK_STATUS
                   : word_is(w, "used")   ? SINK_USED
                                          : SINK_PLACE;
  if (p->result_sink == SINK_PLACE)
    return read_place(r, w, 0, &p->result_place);
  if (c_is_float(p->result) || (p->result_sink == SINK_USED && !c_is_integer(p->result)))
    return words_refuse(r, "the result must be an integer");
  return 0;
}

static int read_head(reader *r) {
  program *p = r->p;
  if (!word_is(words_next(r), "native") || !word_is(words_next(r), "1") || words_end_line(r) != 0)
    return words_refuse(r, "expected `native 1`");
  if (!word_is(words_next(r), "library") || words_name(r, &p->library) != 0 ||
      words_end_line(r) != 0)
    return words_refuse(r, "expected the library");
  if (!word_is(words_next(r), "symbol") || words_name(r, &p->symbol) != 0 || words_end_line(r) != 0)
    return words_refuse(r, "expected the symbol");
  if (!word_is(words_next(r), "flags"))
    return words_refuse(r, "expected the flags");
  while (r->at < r->end && *r->at != '\n') {
    word w = words_next(r);
    int *flag = word_is(w, "pure")            ? &p->pure
                : word_is(w, "vector")        ? &p->vector
                : word_is(w, "blocking")      ? &p->blocking
                : word_is(w, "errno")         ? &p->errno_checked
                : word_is(w, "null_is_error") ? &p->null_is_error
                                              : NULL;
    if (flag == NULL || *flag)
      return words_refuse(r, "an unknown flag, or one that is there twice");
    *flag = 1;
  }
  return words_end_line(r);
}

static int read_program(reader *r) {
  program *p = r->p;
  if (read_head(r) != 0)
    return -1;
  p->arguments = calloc(PROGRAM_ARGUMENTS_MAX, sizeof *p->arguments);
  if (p->arguments == NULL)
    return words_refuse(r, "out of memory");
  for (;;) {
    word w = words_next(r);
    if (word_is(w, "result"))
      break;
    if (read_argument(r, w) != 0 || words_end_line(r) != 0)
      return -1;
  }
  if (read_result(r) != 0 || words_end_line(r) != 0)
    return -1;
  if (r->at != r->end)
    return words_refuse(r, "something follows the result");
  if (!p->variadic)
    p->fixed_count = p->argument_count;
  return program_check(r);
}

int program_read(program *p, const char *written, uint64_t size, char *fault, uint64_t room) {
  *p = (program){0};
  reader r = {
      .at = written, .end = written + size, .p = p, .fault = fault, .fault_room = room, .line = 1};
  if (size > 1 << 16 || (size > 0 && memchr(written, 0, size) != NULL)) {
    words_refuse(&r, "it is too long, or has a NUL");
    return -1;
  }
  if (read_program(&r) == 0)
    return 0;
  program_free(p);
  return -1;
}

void program_free(program *p) {
  free(p->library);
  free(p->symbol);
  free(p->result_place.path);
  for (uint32_t i = 0; p->arguments != NULL && i < p->argument_count; i++) {
    free(p->arguments[i].place.path);
    free(p->arguments[i].text);
  }
  free(p->arguments);
  *p = (program){0};
}
