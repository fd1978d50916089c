// SPDX-License-Identifier: Apache-2.0
// Is a text one JSON value? RFC 8259 to the letter: no comments, no trailing commas, no leading
// zeros, no control characters in strings, valid UTF-8 without surrogates; \u escapes need not
// make pairs, as the RFC allows. Which container is open is one bit of a stack.
//
//   state       reads                                   then
//   VALUE       a value; `{` opens, `[` opens            AFTER, NAME or VALUE
//   FIRST_ITEM  as VALUE, or `]`                         as VALUE, AFTER
//   FIRST_NAME  a string and a colon, or `}`             VALUE, AFTER
//   NAME        a string and a colon                     VALUE
//   AFTER       `,` or the close of what is open; at     NAME or VALUE; AFTER
//               depth 0 the end of the text
#include "program.h"
#include "scan.h"

typedef struct checker {
  const uint8_t *begin, *at, *end;
  const char *expected;
  uint32_t depth;
  uint64_t objects[MRX_JSON_DEPTH / 64]; /* bit = what is open at this depth is an object */
} checker;

static int fail(checker *c, const uint8_t *at, const char *expected) {
  c->at = at;
  c->expected = expected;
  return 0;
}

static inline int is_space(uint8_t byte) {
  return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

static inline void skip_space(checker *c) {
  while (c->at < c->end && is_space(*c->at))
    c->at++;
}

static inline int is_digit(const uint8_t *at, const uint8_t *end) {
  return at < end && (uint8_t)(*at - '0') <= 9;
}

/* ---- strings -------------------------------------------------------------------- */

/* Behind the code point at c->at, which is above 127. */
static int wide(checker *c) {
  const uint8_t *at = c->at;
  uint8_t lead = *at;
  uint32_t more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
  if (lead < 0xC2 || lead > 0xF4 || (uint64_t)(c->end - at) <= more)
    return fail(c, at, "valid UTF-8");
  uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (at[1] < low || at[1] > high || (more > 1 && (at[2] & 0xC0) != 0x80) ||
      (more > 2 && (at[3] & 0xC0) != 0x80))
    return fail(c, at, "valid UTF-8");
  c->at += more + 1;
  return 1;
}

static int escape(checker *c) {
  const uint8_t *at = c->at;
  if (c->end - at >= 2 && at[1] == 'u') {
    if (c->end - at < 6 || mrx_hex(at + 2) == UINT32_MAX)
      return fail(c, at, "four hexadecimal digits behind \\u");
    c->at += 6;
    return 1;
  }
  if (c->end - at < 2 || at[1] == 0 || strchr("\"\\/bfnrt", at[1]) == NULL)
    return fail(c, at, "an escape such as \\n or \\u00e9");
  c->at += 2;
  return 1;
}

/* To the next byte that ends or interrupts plain text. */
static inline void skip_plain(checker *c) {
  while (c->end - c->at >= 16) {
    uint32_t stops = mrx_text_stops(c->at, 1);
    if (stops != 0) {
      c->at += __builtin_ctz(stops);
      return;
    }
    c->at += 16;
  }
  while (c->at < c->end && *c->at != '"' && *c->at != '\\' && *c->at >= 0x20 && *c->at < 0x80)
    c->at++;
}

/* Behind the string whose opening quote is at c->at. */
static int string(checker *c) {
  c->at++;
  for (;;) {
    skip_plain(c);
    if (c->at >= c->end)
      return fail(c, c->end, "the end of a string");
    uint8_t byte = *c->at;
    if (byte == '"') {
      c->at++;
      return 1;
    }
    if (byte < 0x20)
      return fail(c, c->at, "no control character in a string");
    if (!(byte == '\\' ? escape(c) : wide(c)))
      return 0;
  }
}

/* ---- scalars -------------------------------------------------------------------------- */

static int number(checker *c) {
  const uint8_t *at = c->at;
  at += *at == '-';
  if (!is_digit(at, c->end))
    return fail(c, at, "a digit");
  if (*at == '0')
    at++;
  else
    while (is_digit(at, c->end))
      at++;
  if (at < c->end && *at == '.') {
    if (!is_digit(++at, c->end))
      return fail(c, at, "a digit");
    while (is_digit(at, c->end))
      at++;
  }
  if (at < c->end && (*at | 32) == 'e') {
    at++;
    at += at < c->end && (*at == '+' || *at == '-');
    if (!is_digit(at, c->end))
      return fail(c, at, "a digit");
    while (is_digit(at, c->end))
      at++;
  }
  c->at = at;
  return 1;
}

static int word(checker *c, const char *text, uint32_t size) {
  if ((uint64_t)(c->end - c->at) < size || memcmp(c->at, text, size) != 0)
    return fail(c, c->at, "a value");
  c->at += size;
  return 1;
}

static int scalar(checker *c) {
  switch (*c->at) {
  case '"':
    return string(c);
  case 't':
    return word(c, "true", 4);
  case 'f':
    return word(c, "false", 5);
  case 'n':
    return word(c, "null", 4);
  case '-':
    return number(c);
  default:
    return is_digit(c->at, c->end) ? number(c) : fail(c, c->at, "a value");
  }
}

/* ---- containers --------------------------------------------------------------------------- */

static int in_object(const checker *c) {
  uint32_t top = c->depth - 1;
  return (int)(c->objects[top / 64] >> (top % 64) & 1);
}

static int open(checker *c) {
  if (c->depth == MRX_JSON_DEPTH)
    return fail(c, c->at, "no more than 1024 arrays and objects within each other");
  uint64_t bit = (uint64_t)1 << (c->depth % 64), *word = &c->objects[c->depth / 64];
  *word = *c->at == '{' ? *word | bit : *word & ~bit;
  c->depth++;
  c->at++;
  return 1;
}

/* A name and its colon. */
static int name(checker *c, const char *expected) {
  skip_space(c);
  if (c->at == c->end || *c->at != '"')
    return fail(c, c->at, expected);
  if (!string(c))
    return 0;
  skip_space(c);
  if (c->at == c->end || *c->at != ':')
    return fail(c, c->at, "a colon");
  c->at++;
  return 1;
}

/* Opens what is at c->at and goes to its first value. 1: at that; 2: it was empty. */
static int enter(checker *c) {
  int is_object = *c->at == '{';
  if (!open(c))
    return 0;
  skip_space(c);
  if (c->at < c->end && *c->at == (is_object ? '}' : ']')) {
    c->depth--;
    c->at++;
    return 2;
  }
  return !is_object || name(c, "a name in quotes or the end of the object");
}

/* Behind a value: closes what ends here. 1: at the next value; 2: the outermost one has ended. */
static int leave(checker *c) {
  while (c->depth > 0) {
    skip_space(c);
    int object = in_object(c);
    uint8_t byte = c->at < c->end ? *c->at : 0;
    if (byte == ',') {
      c->at++;
      return !object || name(c, "a name in quotes");
    }
    if (byte != (object ? '}' : ']'))
      return fail(c, c->at,
                  object ? "a comma or the end of the object" : "a comma or the end of the array");
    c->at++;
    c->depth--;
  }
  return 2;
}

static int text(checker *c) {
  for (;;) {
    skip_space(c);
    if (c->at == c->end)
      return fail(c, c->at, "a value");
    int entered = 2;
    if (*c->at == '{' || *c->at == '[')
      entered = enter(c);
    else if (!scalar(c))
      return 0;
    if (entered == 1)
      continue;
    int left = entered == 2 ? leave(c) : 0;
    if (left == 0)
      return 0;
    if (left == 2)
      break;
  }
  skip_space(c);
  return c->at == c->end ? 1 : fail(c, c->at, "the end, as a value was complete");
}

int mrx_json_check(const uint8_t *bytes, uint64_t size, mr_json_fault *fault) {
  checker c;
  c.begin = c.at = bytes;
  c.end = bytes + size;
  c.expected = NULL;
  c.depth = 0;
  if (text(&c))
    return 1;
  fault->at = (uint64_t)(c.at - c.begin);
  fault->expected = c.expected;
  return 0;
}

uint64_t mrx_json_compact(const uint8_t *bytes, uint64_t size, uint8_t *into) {
  const uint8_t *at = bytes, *end = bytes + size;
  uint8_t *start = into;
  while (at < end) {
    if (is_space(*at)) {
      at++;
      continue;
    }
    if (*at != '"') {
      *into++ = *at++;
      continue;
    }
    int escaped;
    const uint8_t *behind = mrx_skip_string(at, end, &escaped);
    uint64_t length = (uint64_t)((behind != NULL ? behind : end) - at);
    memcpy(into, at, length);
    into += length;
    at += length;
  }
  return (uint64_t)(into - start);
}
