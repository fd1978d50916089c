// SPDX-License-Identifier: Apache-2.0
// Whatever the text of a program is, it is read or refused, and what was read may be called: the
// rules of the notation hold. Meant for AddressSanitizer.
#include "program.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 1;

static uint32_t below(uint32_t count) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)(state >> 33) % count;
}

#define HEAD "native 1\nlibrary =libm.so.6\nsymbol =f\nflags"

static const char *const good[] = {
    HEAD "\nresult void\n",
    HEAD " pure\ngive f64 value\nresult f64 value\n",
    HEAD " errno null_is_error\ngive f64 at =$value.x or =2.5\nresult string at =$value.y\n",
    HEAD "\nbytes value\ngive u64 length value\nresult bool filter\n",
    HEAD
    "\nbuffer 64\ngive u64 number =64\ntext =%25.3f\nvariadic\ngive f64 value\nresult i32 used\n",
    HEAD "\nstruct 2\ngive f64 at =$value[\"a%20b\"]\ngive i8 number =-1\nresult i32 status\n",
    HEAD " pure vector\ncolumn f64 value\nfill f64 at =$value.y\ngive u64 count\nresult void\n",
    HEAD " blocking\nstate 8\nnull\nstring value\ntake i32 at =$value.n\nresult pointer\n",
    HEAD "\nbuffer 1\ntake u32 used\ngive i64 time\ngive u16 length key\nresult f32 ignore\n",
};

/* Text, and what is said about it. */
static const char *const bad[][2] = {
    {"", "line 1 of the program: expected `native 1`"},
    {"native 2\n", "line 1 of the program: expected `native 1`"},
    {HEAD " fast\nresult void\n", "line 4 of the program: an unknown flag"},
    {HEAD " pure pure\nresult void\n", "line 4 of the program: an unknown flag"},
    {HEAD "\nresult void", "line 5 of the program: expected the end of the line"},
    {HEAD "\nresult void\nresult void\n", "line 6 of the program: something follows"},
    {HEAD "\nresult void \n", "line 5 of the program: expected the end of the line"},
    {HEAD "\ngive f65 value\nresult void\n", "line 5 of the program: expected a scalar type"},
    {HEAD "\ngive i8 number =300\nresult void\n", "line 5 of the program: a number does not fit"},
    {HEAD "\ngive i8 number =%3\nresult void\n", "line 5 of the program: a text has an escape"},
    {HEAD "\ntext =%00\nresult void\n", "line 5 of the program: a text has an escape"},
    {HEAD "\nbuffer 0\nresult i32 used\n", "line 5 of the program: a number is 0"},
    {HEAD "\nbuffer 99999999\nresult i32 used\n", "line 5 of the program: a number is 0"},
    {HEAD "\nbuffer 8\nresult void\n", "the program: a buffer and one number"},
    {HEAD "\nresult i32 used\n", "the program: a buffer and one number"},
    {HEAD "\nbuffer 8\nbuffer 8\ntake u8 used\nresult i32 used\n", "the program: a buff"},
    {HEAD "\nbuffer 8\ntake f64 value\nresult i32 used\n", "the program: two results"},
    {HEAD "\ntake f64 value\nresult f64 at =$value.x\n", "the program: two results"},
    {HEAD "\ntake f64 value\nresult i8 filter\n", "the program: a filter changes"},
    {HEAD "\nresult f64 filter\n", "line 5 of the program: the result must be an integer"},
    {HEAD "\nstruct 2\ngive f64 value\nresult void\n", "the program: a struct has too few"},
    {HEAD "\nstruct 1\nnull\nresult void\n", "line 6 of the program: expected a member"},
    {HEAD "\nvariadic\nresult void\n", "line 5 of the program: nothing may be variadic"},
    {HEAD "\nnull\nvariadic\nstruct 1\ngive i8 value\nresult void\n", "the program: a str"},
    {HEAD "\ncolumn f64 value\nresult void\n", "the program: an argument of many"},
    {HEAD " vector\ngive f64 value\nresult void\n", "the program: an argument of one"},
    {HEAD " vector\ncolumn f64 value\nresult f64 value\n", "the program: a call for many"},
    {HEAD " vector\nresult void\n", "the program: a call for many"},
};

static int check_known(void) {
  char fault[256];
  program p;
  for (unsigned i = 0; i < sizeof good / sizeof *good; i++) {
    if (program_read(&p, good[i], strlen(good[i]), fault, sizeof fault) != 0)
      return fprintf(stderr, "good %u: %s\n", i, fault), 1;
    program_free(&p);
  }
  for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
    if (program_read(&p, bad[i][0], strlen(bad[i][0]), fault, sizeof fault) == 0)
      return fprintf(stderr, "bad %u was read\n", i), 1;
    if (strncmp(fault, bad[i][1], strlen(bad[i][1])) != 0)
      return fprintf(stderr, "bad %u: %s\n", i, fault), 1;
  }
  return 0;
}

/* What every caller relies on. */
static int holds(const program *p) {
  uint32_t members = 0, buffers = 0, used = p->result_sink == SINK_USED;
  if (p->argument_count > PROGRAM_ARGUMENTS_MAX || p->fixed_count > p->argument_count)
    return 0;
  if (p->symbol[0] == 0 || p->library[0] == 0)
    return 0;
  for (uint32_t i = 0; i < p->argument_count; i++) {
    const argument *a = &p->arguments[i];
    if (a->member != (members > 0))
      return 0;
    members -= members > 0;
    if (a->kind == GIVE_STRUCT) {
      members = a->size;
      if (i + members >= p->argument_count || program_struct_bytes(a) > PROGRAM_STRUCT_BYTES_MAX)
        return 0;
    }
    buffers += a->kind == GIVE_BUFFER;
    used += a->sink == SINK_USED;
    if (a->place.kind == PLACE_FIELD && a->place.path == NULL)
      return 0;
    if (a->kind == GIVE_TEXT && (a->text == NULL || strlen(a->text) != a->size))
      return 0;
    if ((a->kind == GIVE_BUFFER || a->kind == GIVE_STATE) && a->size > PROGRAM_BUFFER_BYTES_MAX)
      return 0;
  }
  return members == 0 && buffers <= 1 && used == buffers;
}

static int damage(void) {
  static const char *const words[] = {"give ",
                                      "f64 ",
                                      "value",
                                      "at =$value.x",
                                      "\n",
                                      " ",
                                      "struct 3\n",
                                      "buffer 8\n",
                                      "variadic\n",
                                      "used",
                                      "%",
                                      "=",
                                      "18446744073709551616",
                                      "result ",
                                      "null\n",
                                      "\0x"};
  uint32_t read = 0;
  for (int round = 0; round < 300000; round++) {
    char text[2048], fault[64];
    const char *from = good[below(sizeof good / sizeof *good)];
    uint64_t size = strlen(from);
    memcpy(text, from, size);
    for (uint32_t changes = below(4) + (round % 8 != 0); changes > 0; changes--) {
      uint64_t at = below((uint32_t)size + 1);
      const char *word = words[below(sizeof words / sizeof *words)];
      uint64_t length = strlen(word);
      switch (below(4)) {
      case 0: // put something in
        memmove(text + at + length, text + at, size - at);
        memcpy(text + at, word, length);
        size += length;
        break;
      case 1: // take a byte out
        if (at < size)
          memmove(text + at, text + at + 1, --size - at);
        break;
      case 2: // another byte
        if (at < size)
          text[at] = (char)below(256);
        break;
      default: // the end is missing
        if (below(4) == 0)
          size = at;
      }
    }
    // In memory of its own size, so that reading on is noticed.
    char *exact = malloc(size + (size == 0));
    memcpy(exact, text, size);
    program p;
    if (program_read(&p, exact, size, fault, sizeof fault) == 0) {
      read++;
      if (!holds(&p))
        return fprintf(stderr, "round %d breaks a rule:\n%.*s\n", round, (int)size, text), 1;
      program_free(&p);
    } else if (strncmp(fault, "line ", 5) != 0 && strncmp(fault, "the program: ", 13) != 0) {
      return fprintf(stderr, "round %d: refused without a text\n", round), 1;
    }
    free(exact);
  }
  fprintf(stderr, "programs: %u of 300000 damaged ones were read\n", read);
  return read < 3000;
}

int main(void) { return check_known() + damage() != 0; }
