/* SPDX-License-Identifier: Apache-2.0
 * A C function as the operator `native` is told about it. */
#ifndef MR_NATIVE_PROGRAM_H
#define MR_NATIVE_PROGRAM_H

#include "types.h"

enum {
  PROGRAM_ARGUMENTS_MAX = 64,
  PROGRAM_STRUCT_BYTES_MAX = 64,
  PROGRAM_BUFFER_BYTES_MAX = 1 << 20,
  PROGRAM_PATH_MAX = 1024, /* bytes of a path; it has at most half as many parts */
};

/* What an argument is made of, or what becomes of a result. */
typedef enum {
  /* arguments */
  GIVE_FIELD,  /* a scalar of the record */
  GIVE_NUMBER, /* a scalar that is always the same */
  GIVE_LENGTH, /* bytes of a place */
  GIVE_COUNT,  /* records of this call */
  GIVE_TIME,   /* event time of the record */
  GIVE_BYTES,  /* pointer to a place */
  GIVE_STATE,  /* pointer to memory of the instance */
  GIVE_NULL,
  GIVE_TEXT,   /* pointer to a constant text with its NUL */
  GIVE_STRING, /* pointer to a place with a NUL behind it */
  GIVE_STRUCT, /* by value; the members are the next arguments, which have `member` set */
  GIVE_COLUMN, /* pointer to one scalar per record */
  GIVE_BUFFER, /* pointer to memory whose used part is the new value */
  TAKE_SCALAR, /* pointer to a scalar that the function sets */
  TAKE_COLUMN, /* pointer to one scalar per record that the function sets */
} argument_kind;

typedef enum {
  SINK_IGNORE,
  SINK_PLACE,  /* the value, or a field of it */
  SINK_USED,   /* how much of the buffer is used */
  SINK_FILTER, /* not zero: the record goes on */
  SINK_STATUS, /* not zero: the record is refused */
} sink_kind;

typedef enum { PLACE_VALUE, PLACE_KEY, PLACE_PAYLOAD, PLACE_FIELD } place_kind;

typedef struct {
  place_kind kind;
  char *path; /* PLACE_FIELD: NUL-terminated, of the program */
} place;

typedef struct {
  argument_kind kind;
  c_type type; /* what the function gets; of TAKE_* and columns: what the pointer leads to */
  place place;
  sink_kind sink;  /* TAKE_* */
  uint64_t number; /* GIVE_NUMBER; the default of GIVE_FIELD */
  int has_default; /* GIVE_FIELD */
  int member;      /* part of the struct before it: no argument of its own */
  uint32_t size;   /* bytes of GIVE_STATE, GIVE_BUFFER, GIVE_TEXT; members of GIVE_STRUCT */
  char *text;      /* GIVE_TEXT */
} argument;

typedef struct {
  char *library, *symbol;
  int pure, vector, blocking, errno_checked, null_is_error;
  uint32_t argument_count; /* members of structs included */
  uint32_t fixed_count;    /* arguments before `...`, members included; all if not variadic */
  int variadic;
  argument *arguments;
  c_type result; /* C_VOID, a scalar, or C_POINTER */
  int result_is_text;
  sink_kind result_sink;
  place result_place;
} program;

/* Reads a program of `size` bytes. 0, or -1 with what is wrong in `fault` (`room` bytes, with a
 * NUL); then *p holds nothing. Whatever the bytes are, it ends and stays within them. */
int program_read(program *p, const char *text, uint64_t size, char *fault, uint64_t room);
void program_free(program *p);

/* Bytes of the struct at `first`, whose members follow it. */
uint32_t program_struct_bytes(const argument *first);

#endif
