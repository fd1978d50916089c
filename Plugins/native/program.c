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
#include "program.h"
#include "number.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  const char *at, *end;
  program *p;
  uint32_t room;    /* arguments that fit */
  uint32_t members; /* of a struct that are still to come */
  char *fault;
  uint64_t fault_room;
  unsigned line;
} reader;

typedef struct {
  const char *at;
  uint64_t size;
} word;

static int refuse(reader *r, const char *what) {
  snprintf(r->fault, r->fault_room, "line %u of the program: %s", r->line, what);
  return -1;
}

/* The next word of the line; an empty one at its end. */
static word next(reader *r) {
  word w = {r->at, 0};
  while (r->at < r->end && *r->at != ' ' && *r->at != '\n')
    r->at++;
  w.size = (uint64_t)(r->at - w.at);
  if (r->at < r->end && *r->at == ' ')
    r->at++;
  return w;
}

static int is(word w, const char *name) {
  return w.size == strlen(name) && memcmp(w.at, name, w.size) == 0;
}

static int end_of_line(reader *r) {
  if (r->at == r->end || *r->at != '\n' || r->at[-1] == ' ')
    return refuse(r, "expected the end of the line");
  r->at++;
  r->line++;
  return 0;
}

static int hex_digit(char digit) {
  if (digit >= '0' && digit <= '9')
    return digit - '0';
  return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* Memory of the caller with a NUL behind `*size` bytes. */
static char *text(reader *r, uint32_t *size) {
  word w = next(r);
  if (w.size == 0 || w.at[0] != '=' || w.size > 4096) {
    refuse(r, "expected a text of at most 4096 bytes");
    return NULL;
  }
  char *copy = malloc(w.size);
  if (copy == NULL) {
    refuse(r, "out of memory");
    return NULL;
  }
  uint32_t used = 0;
  for (uint64_t i = 1; i < w.size; i++) {
    int byte = (unsigned char)w.at[i];
    if (byte == '%') {
      int high = i + 2 < w.size ? hex_digit(w.at[i + 1]) : -1;
      int low = i + 2 < w.size ? hex_digit(w.at[i + 2]) : -1;
      byte = high < 0 || low < 0 ? 0 : high << 4 | low;
      i += 2;
    } else if (byte < 33 || byte > 126) {
      byte = 0;
    }
    if (byte == 0) {
      free(copy);
      refuse(r, "a text has an escape or a character that is not allowed");
      return NULL;
    }
    copy[used++] = (char)byte;
  }
  copy[used] = 0;
  *size = used;
  return copy;
}

static int name(reader *r, char **into) {
  uint32_t size = 0;
  *into = text(r, &size);
  if (*into == NULL)
    return -1;
  return size > 0 ? 0 : refuse(r, "a name is empty");
}

static int number(reader *r, uint32_t most, uint32_t *into) {
  word w = next(r);
  uint64_t value = 0;
  for (uint64_t i = 0; i < w.size && value <= most; i++) {
    if (w.at[i] < '0' || w.at[i] > '9')
      return refuse(r, "expected a number");
    value = value * 10 + (uint64_t)(w.at[i] - '0');
  }
  if (value == 0 || value > most)
    return refuse(r, "a number is 0, missing or too large");
  *into = (uint32_t)value;
  return 0;
}

static c_type scalar(word w) {
  static const char *const names[] = {"bool", "i8",  "i16", "i32", "i64", "u8",
                                      "u16",  "u32", "u64", "f32", "f64"};
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
    if (is(w, names[i]))
      return (c_type)(C_BOOL + i);
  return C_VOID;
}

static int scalar_type(reader *r, c_type *type) {
  *type = scalar(next(r));
  return *type != C_VOID ? 0 : refuse(r, "expected a scalar type");
}

static int literal(reader *r, c_type type, uint64_t *slot) {
  uint32_t size = 0;
  char *written = text(r, &size);
  if (written == NULL)
    return -1;
  number_result result = number_read(written, size, type, slot);
  free(written);
  return result == NUMBER_READ ? 0 : refuse(r, "a number does not fit its type");
}

/* `w` has been read; `wide`: key and payload are allowed too. */
static int read_place(reader *r, word w, int wide, place *into) {
  if (is(w, "value")) {
    into->kind = PLACE_VALUE;
    return 0;
  }
  if (wide && (is(w, "key") || is(w, "payload"))) {
    into->kind = is(w, "key") ? PLACE_KEY : PLACE_PAYLOAD;
    return 0;
  }
  if (!is(w, "at"))
    return refuse(r, "expected a place in the record");
  into->kind = PLACE_FIELD;
  if (name(r, &into->path) != 0)
    return -1;
  return strlen(into->path) <= PROGRAM_PATH_MAX ? 0 : refuse(r, "a path is too long");
}

static int read_source(reader *r, argument *a) {
  word w = next(r);
  a->kind = GIVE_NUMBER;
  if (is(w, "number"))
    return literal(r, a->type, &a->number);
  if (is(w, "count")) {
    a->kind = GIVE_COUNT;
    if (a->member || !c_is_integer(a->type) || c_size(a->type) == 1)
      return refuse(r, "`count` is an argument of 16 bits or more");
    return 0;
  }
  if (is(w, "time")) {
    a->kind = GIVE_TIME;
    return a->type == C_I64 ? 0 : refuse(r, "the time is an i64");
  }
  if (is(w, "length")) {
    a->kind = GIVE_LENGTH;
    if (!c_is_integer(a->type))
      return refuse(r, "a length is an integer");
    return read_place(r, next(r), 1, &a->place);
  }
  a->kind = GIVE_FIELD;
  if (read_place(r, w, 0, &a->place) != 0)
    return -1;
  if (r->at < r->end && *r->at == '\n')
    return 0;
  if (!is(next(r), "or"))
    return refuse(r, "expected `or`");
  a->has_default = 1;
  return literal(r, a->type, &a->number);
}

static int read_take(reader *r, argument *a) {
  word w = next(r);
  a->kind = TAKE_SCALAR;
  a->sink = SINK_PLACE;
  if (!is(w, "used"))
    return read_place(r, w, 0, &a->place);
  a->sink = SINK_USED;
  return c_is_integer(a->type) ? 0 : refuse(r, "what is used is an integer");
}

static int read_struct(reader *r, argument *a) {
  a->kind = GIVE_STRUCT;
  a->type = C_STRUCT;
  if (r->members > 0)
    return refuse(r, "a struct in a struct");
  if (number(r, PROGRAM_STRUCT_BYTES_MAX, &a->size) != 0)
    return -1;
  r->members = a->size;
  return 0;
}

static int read_column(reader *r, argument *a, int taken) {
  a->kind = taken ? TAKE_COLUMN : GIVE_COLUMN;
  a->sink = taken ? SINK_PLACE : SINK_IGNORE;
  if (scalar_type(r, &a->type) != 0)
    return -1;
  return read_place(r, next(r), 0, &a->place);
}

static int read_pointer(reader *r, word w, argument *a) {
  a->type = C_POINTER;
  if (is(w, "null")) {
    a->kind = GIVE_NULL;
    return 0;
  }
  if (is(w, "state") || is(w, "buffer")) {
    a->kind = is(w, "state") ? GIVE_STATE : GIVE_BUFFER;
    return number(r, PROGRAM_BUFFER_BYTES_MAX, &a->size);
  }
  if (is(w, "text")) {
    a->kind = GIVE_TEXT;
    a->text = text(r, &a->size);
    return a->text != NULL ? 0 : -1;
  }
  if (is(w, "bytes") || is(w, "string")) {
    int bytes = is(w, "bytes");
    a->kind = bytes ? GIVE_BYTES : GIVE_STRING;
    return read_place(r, next(r), bytes, &a->place);
  }
  return refuse(r, "expected an argument or the result");
}

static int read_argument(reader *r, word w) {
  program *p = r->p;
  if (is(w, "variadic")) {
    if (p->variadic || r->members > 0 || p->argument_count == 0)
      return refuse(r, "nothing may be variadic here");
    p->variadic = 1;
    p->fixed_count = p->argument_count;
    return 0;
  }
  if (p->argument_count == PROGRAM_ARGUMENTS_MAX)
    return refuse(r, "too many arguments");
  argument *a = &p->arguments[p->argument_count++];
  int member = r->members > 0;
  a->member = member;
  if (member && !is(w, "give"))
    return refuse(r, "expected a member of the struct");
  r->members -= member ? 1u : 0u;
  if (is(w, "give"))
    return scalar_type(r, &a->type) == 0 ? read_source(r, a) : -1;
  if (is(w, "take"))
    return scalar_type(r, &a->type) == 0 ? read_take(r, a) : -1;
  if (is(w, "struct"))
    return read_struct(r, a);
  if (is(w, "column") || is(w, "fill"))
    return read_column(r, a, is(w, "fill"));
  return read_pointer(r, w, a);
}

static int read_result(reader *r) {
  program *p = r->p;
  word w = next(r);
  p->result_sink = SINK_IGNORE;
  if (is(w, "void")) {
    p->result = C_VOID;
    return 0;
  }
  if (is(w, "pointer")) {
    p->result = C_POINTER;
    return 0;
  }
  if (is(w, "string")) {
    p->result = C_POINTER;
    p->result_is_text = 1;
    p->result_sink = SINK_PLACE;
    return read_place(r, next(r), 0, &p->result_place);
  }
  p->result = scalar(w);
  if (p->result == C_VOID)
    return refuse(r, "expected the type of the result");
  w = next(r);
  if (is(w, "ignore"))
    return 0;
  p->result_sink = is(w, "filter")   ? SINK_FILTER
                   : is(w, "status") ? SINK_STATUS
                   : is(w, "used")   ? SINK_USED
                                     : SINK_PLACE;
  if (p->result_sink == SINK_PLACE)
    return read_place(r, w, 0, &p->result_place);
  if (c_is_float(p->result) || (p->result_sink == SINK_USED && !c_is_integer(p->result)))
    return refuse(r, "the result must be an integer");
  return 0;
}

static int read_head(reader *r) {
  program *p = r->p;
  if (!is(next(r), "native") || !is(next(r), "1") || end_of_line(r) != 0)
    return refuse(r, "expected `native 1`");
  if (!is(next(r), "library") || name(r, &p->library) != 0 || end_of_line(r) != 0)
    return refuse(r, "expected the library");
  if (!is(next(r), "symbol") || name(r, &p->symbol) != 0 || end_of_line(r) != 0)
    return refuse(r, "expected the symbol");
  if (!is(next(r), "flags"))
    return refuse(r, "expected the flags");
  while (r->at < r->end && *r->at != '\n') {
    word w = next(r);
    int *flag = is(w, "pure")            ? &p->pure
                : is(w, "vector")        ? &p->vector
                : is(w, "blocking")      ? &p->blocking
                : is(w, "errno")         ? &p->errno_checked
                : is(w, "null_is_error") ? &p->null_is_error
                                         : NULL;
    if (flag == NULL || *flag)
      return refuse(r, "an unknown flag, or one that is there twice");
    *flag = 1;
  }
  return end_of_line(r);
}

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

/* What the notation forbids. */
static int check(reader *r) {
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

static int read_program(reader *r) {
  program *p = r->p;
  if (read_head(r) != 0)
    return -1;
  p->arguments = calloc(PROGRAM_ARGUMENTS_MAX, sizeof *p->arguments);
  if (p->arguments == NULL)
    return refuse(r, "out of memory");
  for (;;) {
    word w = next(r);
    if (is(w, "result"))
      break;
    if (read_argument(r, w) != 0 || end_of_line(r) != 0)
      return -1;
  }
  if (read_result(r) != 0 || end_of_line(r) != 0)
    return -1;
  if (r->at != r->end)
    return refuse(r, "something follows the result");
  if (!p->variadic)
    p->fixed_count = p->argument_count;
  return check(r);
}

int program_read(program *p, const char *written, uint64_t size, char *fault, uint64_t room) {
  *p = (program){0};
  reader r = {
      .at = written, .end = written + size, .p = p, .fault = fault, .fault_room = room, .line = 1};
  if (size > 1 << 16 || (size > 0 && memchr(written, 0, size) != NULL)) {
    refuse(&r, "it is too long, or has a NUL");
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
