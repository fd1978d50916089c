// SPDX-License-Identifier: Apache-2.0
// From the text of a regular expression to its pieces, of which regex.c makes the program.
//
//   alternatives = sequence { "|" sequence }      sequence = { piece }
//   piece  = atom [ "*" | "+" | "?" | "{" n [ "," [ m ] ] "}" ] [ "?" ]    n, m <= 1000
//   atom   = character | "." | "^" | "$" | class | escape | "(" [ "?:" ] alternatives ")"
//   class  = "[" [ "^" ] { character [ "-" character ] | escape } "]"
//   escape = "\" ( d D w W s S t n r f | u four digits | a sign )     d w s: ASCII, as in [0-9]
//
// What RE2 and ECMAScript read the same way. There is no look-ahead and no reference back, as
// those have no bound on time. Of a "?" behind a repetition, which tells how much to match, a test
// takes no notice.
#include "regex_piece.h"

#define REPEAT 1000u
#define NESTED 100u

uint32_t mrx_regex_fault(compiler *c, const uint8_t *from, const uint8_t *to, const char *text,
                         const char *next) {
  mrx_set_fault(c->fault, (uint32_t)(from - c->pattern), (uint32_t)(to - c->pattern), next, "%s",
                text);
  return 0;
}

uint32_t mrx_add_piece(compiler *c, uint8_t kind) {
  piece *p = &c->pieces[c->piece_count];
  memset(p, 0, sizeof *p);
  p->kind = kind;
  return c->piece_count++;
}

static int is_at(const compiler *c, char letter) { return c->at < c->end && *c->at == letter; }

/* ---- classes ----------------------------------------------------------------------- */

static void add_range(compiler *c, uint32_t low, uint32_t high) {
  c->regex->ranges[c->regex->range_count++] = (mrx_range){low, high};
}

/* The ranges of \d \w \s, or of all that is not in them. 0: the letter names no class. */
static int add_named(compiler *c, uint8_t letter) {
  static const mrx_range digits[] = {{'0', '9'}},
                         words[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}},
                         spaces[] = {{9, 13}, {' ', ' '}};
  uint8_t small = letter | 32;
  const mrx_range *of = small == 'd' ? digits : small == 'w' ? words : spaces;
  uint32_t count = small == 'd' ? 1 : small == 'w' ? 4 : 2, from = 0;
  if (small != 'd' && small != 'w' && small != 's')
    return 0;
  for (uint32_t i = 0; i < count; i++) {
    if (letter == small)
      add_range(c, of[i].low, of[i].high);
    else if (of[i].low > from)
      add_range(c, from, of[i].low - 1);
    from = of[i].high + 1;
  }
  if (letter != small)
    add_range(c, from, UINT32_MAX);
  return 1;
}

/* Behind the backslash. 1: *scalar; 2: a class, its ranges are added; 0: fault. */
static int read_escape(compiler *c, uint32_t *scalar) {
  static const char from[] = "tnrf", to[] = "\t\n\r\f";
  const uint8_t *backslash = c->at++;
  if (c->at == c->end)
    return (int)mrx_regex_fault(c, backslash, c->end, "expected a character behind \\", "");
  uint8_t letter = *c->at++;
  if (add_named(c, letter))
    return 2;
  if (letter == 'u' && c->end - c->at >= 4 && (*scalar = mrx_hex(c->at)) != UINT32_MAX) {
    c->at += 4;
    return 1;
  }
  const char *simple = letter != 0 ? strchr(from, letter) : NULL;
  *scalar = simple != NULL ? (uint8_t)to[simple - from] : letter;
  int is_sign = letter > ' ' && letter < 127 && !((uint8_t)((letter | 32) - 'a') < 26) &&
                !((uint8_t)(letter - '0') < 10);
  if (simple != NULL || is_sign)
    return 1;
  if ((uint8_t)(letter - '1') < 9)
    return (int)mrx_regex_fault(c, backslash, c->at, "there are no references to groups", "");
  return (int)mrx_regex_fault(
      c, backslash, c->at, "this escape means nothing here",
      "there are \\d \\w \\s \\D \\W \\S \\t \\n \\r \\f \\u and \\ before a sign");
}

static uint32_t read_class(compiler *c) {
  const uint8_t *begin = c->at++;
  uint32_t set = mrx_add_piece(c, SET), scalar, high;
  c->pieces[set].low = c->regex->range_count;
  if (is_at(c, '^')) {
    c->pieces[set].negated = 1;
    c->at++;
  }
  for (int first = 1; c->at < c->end && (first || *c->at != ']'); first = 0) {
    const uint8_t *from = c->at;
    int kind = 1;
    if (*c->at == '\\')
      kind = read_escape(c, &scalar);
    else
      scalar = mrx_next_scalar(&c->text, &c->at);
    if (kind == 0)
      return 0;
    if (kind == 2)
      continue;
    high = scalar;
    if (is_at(c, '-') && c->at + 1 < c->end && c->at[1] != ']') {
      c->at++;
      kind = 1;
      if (*c->at == '\\')
        kind = read_escape(c, &high);
      else
        high = mrx_next_scalar(&c->text, &c->at);
      if (kind == 0)
        return 0;
      if (kind == 2 || high < scalar)
        return mrx_regex_fault(c, from, c->at, "this range has no end behind its start", "");
    }
    add_range(c, scalar, high);
  }
  if (c->at == c->end)
    return mrx_regex_fault(c, begin, c->end, "expected the `]` of this class",
                           "write \\[ for the sign");
  c->at++;
  c->pieces[set].high = c->regex->range_count;
  return set;
}

/* ---- atoms and pieces ------------------------------------------------------------------ */

static uint32_t read_group(compiler *c) {
  const uint8_t *begin = c->at++;
  if (is_at(c, '?')) {
    if (c->at + 1 == c->end || c->at[1] != ':')
      return mrx_regex_fault(c, begin, c->at + 1, "only (?: can begin with a question mark",
                             "there is no look-ahead and no named group");
    c->at += 2;
  }
  if (++c->nested > NESTED)
    return mrx_regex_fault(c, begin, c->at, "more than 100 groups within each other", "");
  uint32_t inner = mrx_read_pattern(c);
  c->nested--;
  if (inner == 0)
    return 0;
  if (c->at == c->end)
    return mrx_regex_fault(c, begin, c->end, "expected the `)` of this group",
                           "write \\( for the sign");
  c->at++;
  return inner;
}

static uint32_t read_atom(compiler *c) {
  uint32_t node, scalar;
  switch (*c->at) {
  case '(':
    return read_group(c);
  case '[':
    return read_class(c);
  case '*':
  case '+':
  case '?':
  case '{':
    return mrx_regex_fault(c, c->at, c->at + 1, "there is nothing to repeat",
                           "put \\ before the sign to find the sign itself");
  case '\\': {
    uint32_t before = c->regex->range_count;
    int kind = read_escape(c, &scalar);
    if (kind == 0)
      return 0;
    node = mrx_add_piece(c, kind == 2 ? SET : ONE);
    c->pieces[node].low = kind == 2 ? before : scalar;
    c->pieces[node].high = c->regex->range_count;
    return node;
  }
  case '.':
  case '^':
  case '$':
    node = mrx_add_piece(c, *c->at == '.' ? ALL : *c->at == '^' ? START : STOP);
    c->at++;
    return node;
  default:
    node = mrx_add_piece(c, ONE);
    c->pieces[node].low = mrx_next_scalar(&c->text, &c->at);
    return node;
  }
}

static int read_count(compiler *c, uint32_t *count) {
  const uint8_t *from = c->at;
  uint32_t value = 0;
  for (; c->at < c->end && (uint8_t)(*c->at - '0') < 10; c->at++)
    value = value > REPEAT ? value : value * 10 + (uint32_t)(*c->at - '0');
  *count = value;
  if (value > REPEAT)
    return (int)mrx_regex_fault(c, from, c->at, "a count is at most 1000", "");
  return c->at > from;
}

static int read_bounds(compiler *c, uint32_t *least, uint32_t *most) {
  const uint8_t *begin = c->at++;
  int fine = read_count(c, least);
  *most = *least;
  if (fine && is_at(c, ',')) {
    c->at++;
    *most = UINT32_MAX;
    if (c->at < c->end && *c->at != '}')
      fine = read_count(c, most);
  }
  if (c->fault->text[0] != 0)
    return 0;
  if (!fine || !is_at(c, '}'))
    return (int)mrx_regex_fault(c, begin, c->at, "expected a count such as {3} {1,} {1,3}",
                                "write \\{ for the sign");
  c->at++;
  if (*most < *least)
    return (int)mrx_regex_fault(c, begin, c->at, "the second count is below the first", "");
  return 1;
}

static uint32_t read_piece(compiler *c) {
  uint32_t atom = read_atom(c), least = 0, most = UINT32_MAX;
  if (atom == 0 || c->at == c->end)
    return atom;
  switch (*c->at) {
  case '{':
    if (!read_bounds(c, &least, &most))
      return 0;
    break;
  case '*':
  case '+':
  case '?':
    least = *c->at == '+';
    most = *c->at == '?' ? 1 : UINT32_MAX;
    c->at++;
    break;
  default:
    return atom;
  }
  c->at += is_at(c, '?');
  uint32_t node = mrx_add_piece(c, REPEATED);
  c->pieces[node].first = atom;
  c->pieces[node].low = least;
  c->pieces[node].high = most;
  return node;
}

static uint32_t read_sequence(compiler *c) {
  uint32_t node = mrx_add_piece(c, SEQUENCE), last = 0;
  while (c->at < c->end && *c->at != '|' && *c->at != ')') {
    uint32_t child = read_piece(c);
    if (child == 0)
      return 0;
    *(last == 0 ? &c->pieces[node].first : &c->pieces[last].next) = child;
    last = child;
  }
  return node;
}

uint32_t mrx_read_pattern(compiler *c) {
  uint32_t node = mrx_add_piece(c, EITHER), last = 0;
  for (;;) {
    uint32_t child = read_sequence(c);
    if (child == 0)
      return 0;
    *(last == 0 ? &c->pieces[node].first : &c->pieces[last].next) = child;
    last = child;
    if (!is_at(c, '|'))
      return node;
    c->at++;
  }
}
