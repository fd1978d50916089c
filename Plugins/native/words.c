// SPDX-License-Identifier: Apache-2.0
// The words that the text of a program is made of (program.c), read one after the other.
#include "words.h"
#include "number.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int words_refuse(reader *r, const char *what) {
  snprintf(r->fault, r->fault_room, "line %u of the program: %s", r->line, what);
  return -1;
}

word words_next(reader *r) {
  word w = {r->at, 0};
  while (r->at < r->end && *r->at != ' ' && *r->at != '\n')
    r->at++;
  w.size = (uint64_t)(r->at - w.at);
  if (r->at < r->end && *r->at == ' ')
    r->at++;
  return w;
}

int word_is(word w, const char *name) {
  return w.size == strlen(name) && memcmp(w.at, name, w.size) == 0;
}

int words_end_line(reader *r) {
  if (r->at == r->end || *r->at != '\n' || r->at[-1] == ' ')
    return words_refuse(r, "expected the end of the line");
  r->at++;
  r->line++;
  return 0;
}

static int hex_digit(char digit) {
  if (digit >= '0' && digit <= '9')
    return digit - '0';
  return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

char *words_text(reader *r, uint32_t *size) {
  word w = words_next(r);
  if (w.size == 0 || w.at[0] != '=' || w.size > 4096) {
    words_refuse(r, "expected a text of at most 4096 bytes");
    return NULL;
  }
  char *copy = malloc(w.size);
  if (copy == NULL) {
    words_refuse(r, "out of memory");
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
      words_refuse(r, "a text has an escape or a character that is not allowed");
      return NULL;
    }
    copy[used++] = (char)byte;
  }
  copy[used] = 0;
  *size = used;
  return copy;
}

int words_name(reader *r, char **into) {
  uint32_t size = 0;
  *into = words_text(r, &size);
  if (*into == NULL)
    return -1;
  return size > 0 ? 0 : words_refuse(r, "a name is empty");
}

int words_number(reader *r, uint32_t most, uint32_t *into) {
  word w = words_next(r);
  uint64_t value = 0;
  for (uint64_t i = 0; i < w.size && value <= most; i++) {
    if (w.at[i] < '0' || w.at[i] > '9')
      return words_refuse(r, "expected a number");
    value = value * 10 + (uint64_t)(w.at[i] - '0');
  }
  if (value == 0 || value > most)
    return words_refuse(r, "a number is 0, missing or too large");
  *into = (uint32_t)value;
  return 0;
}

c_type word_scalar(word w) {
  static const char *const names[] = {"bool", "i8",  "i16", "i32", "i64", "u8",
                                      "u16",  "u32", "u64", "f32", "f64"};
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
    if (word_is(w, names[i]))
      return (c_type)(C_BOOL + i);
  return C_VOID;
}

int words_scalar(reader *r, c_type *type) {
  *type = word_scalar(words_next(r));
  return *type != C_VOID ? 0 : words_refuse(r, "expected a scalar type");
}

int words_literal(reader *r, c_type type, uint64_t *slot) {
  uint32_t size = 0;
  char *written = words_text(r, &size);
  if (written == NULL)
    return -1;
  number_result result = number_read(written, size, type, slot);
  free(written);
  return result == NUMBER_READ ? 0 : words_refuse(r, "a number does not fit its type");
}
