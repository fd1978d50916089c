// SPDX-License-Identifier: Apache-2.0
#include "lex.h"
#include <stdarg.h>
#include <stdio.h>

int mrx_set_fault(mrx_fault *fault, uint32_t from, uint32_t to, const char *next,
                  const char *format, ...) {
  va_list values;
  fault->at = from;
  fault->length = to - from;
  va_start(values, format);
  vsnprintf(fault->text, sizeof fault->text, format, values);
  va_end(values);
  snprintf(fault->next, sizeof fault->next, "%s", next);
  return 0;
}

int mrx_is(const mrx_token *t, const char *text) {
  return (t->kind == MRX_T_SIGN || t->kind == MRX_T_NAME) && t->size == strlen(text) &&
         memcmp(t->text, text, t->size) == 0;
}

static int is_letter(uint8_t byte) {
  return (uint8_t)((byte | 32) - 'a') < 26 || byte == '_' || byte == '$' || byte > 127;
}

static int is_digit(uint8_t byte) { return (uint8_t)(byte - '0') < 10; }

static uint8_t peek(const mrx_lexer *l, uint32_t ahead) {
  return l->at + ahead < l->size ? (uint8_t)l->source[l->at + ahead] : 0;
}

/* ---- strings ------------------------------------------------------------------ */

static int lex_literal_string(mrx_lexer *l, mrx_token *t) {
  while (l->at < l->size && l->source[l->at] != '\'')
    l->pool[l->pool_used++] = (uint8_t)l->source[l->at++];
  if (l->at == l->size)
    return mrx_set_fault(l->fault, t->from, l->size, "close the text with '",
                         "expected the end of this text");
  l->at++;
  t->literal = 1;
  return 1;
}

static int lex_escape(mrx_lexer *l) {
  static const char from[] = "\"'\\/bfnrt", to[] = "\"'\\/\b\f\n\r\t";
  uint32_t begin = l->at;
  uint8_t letter = peek(l, 1);
  const char *simple = letter != 0 ? strchr(from, letter) : NULL;
  if (simple != NULL) {
    l->at += 2;
    l->pool[l->pool_used++] = (uint8_t)to[simple - from];
    return 1;
  }
  const uint8_t *bytes = (const uint8_t *)l->source + begin;
  uint32_t left = l->size - begin;
  uint32_t scalar = letter == 'u' && left >= 6 ? mrx_hex(bytes + 2) : UINT32_MAX;
  uint32_t end = begin + (left < 2 ? left : 2), length = 6;
  if (letter != 'u')
    return mrx_set_fault(l->fault, begin, end,
                         "write \\\\ for a backslash, or put the text in '…', where there are no "
                         "escapes",
                         "expected one of \\\" \\' \\\\ \\/ \\b \\f \\n \\r \\t \\u");
  if (scalar == UINT32_MAX)
    return mrx_set_fault(l->fault, begin, end, "", "expected four hexadecimal digits behind \\u");
  if (scalar >= 0xD800 && scalar <= 0xDFFF) {
    uint32_t low = left >= 12 && bytes[6] == '\\' && bytes[7] == 'u' ? mrx_hex(bytes + 8) : 0;
    if (scalar > 0xDBFF || low < 0xDC00 || low > 0xDFFF)
      return mrx_set_fault(l->fault, begin, begin + 6,
                           "write both halves, as in \\uD83D\\uDE00, or the character itself",
                           "half of a surrogate pair is no character");
    scalar = 0x10000 + ((scalar - 0xD800) << 10) + (low - 0xDC00);
    length = 12;
  }
  l->at += length;
  l->pool_used += mrx_encode(scalar, l->pool + l->pool_used);
  return 1;
}

static int lex_string(mrx_lexer *l, mrx_token *t) {
  t->literal = 1;
  while (l->at < l->size && l->source[l->at] != '"') {
    if (l->source[l->at] != '\\') {
      l->pool[l->pool_used++] = (uint8_t)l->source[l->at++];
      continue;
    }
    t->literal = 0;
    if (!lex_escape(l))
      return 0;
  }
  if (l->at == l->size)
    return mrx_set_fault(l->fault, t->from, l->size, "close the text with \"",
                         "expected the end of this text");
  l->at++;
  return 1;
}

/* ---- the other words -------------------------------------------------------------- */

static int lex_number(mrx_lexer *l, mrx_token *t) {
  const uint8_t *at = (const uint8_t *)l->source + l->at, *end = at + (l->size - l->at);
  int finite;
  const uint8_t *behind = mrx_read_number(at, end, &t->cell, &finite);
  uint32_t stop = l->at;
  while (stop < l->size && (is_letter((uint8_t)l->source[stop]) || peek(l, stop - l->at) == '.' ||
                            is_digit((uint8_t)l->source[stop])))
    stop++;
  if (behind == NULL || behind < (const uint8_t *)l->source + stop)
    return mrx_set_fault(l->fault, l->at, stop, "write it as in JSON: 12, 0.5, 1e9",
                         "this is no number");
  if (!finite)
    return mrx_set_fault(l->fault, l->at, (uint32_t)(behind - (const uint8_t *)l->source), "",
                         "the number is outside of what a double holds");
  l->at = (uint32_t)(behind - (const uint8_t *)l->source);
  t->kind = MRX_T_NUMBER;
  return 1;
}

/* What a user of another language may have written, and what is written here. */
static int foreign_sign(mrx_lexer *l) {
  static const struct {
    const char *sign, *here;
  } known[] = {{"===", "=="}, {"=~", "matches"}, {"=", "=="},     {"&&", "and"},
               {"&", "and"},  {"||", "or"},      {"|", "or"},     {"<>", "!="},
               {"!", "not"},  {"?", "coalesce"}, {"~", "matches"}};
  for (uint32_t i = 0; i < sizeof known / sizeof *known; i++) {
    uint32_t size = (uint32_t)strlen(known[i].sign);
    if (l->size - l->at < size || memcmp(l->source + l->at, known[i].sign, size) != 0)
      continue;
    char next[64];
    snprintf(next, sizeof next, "write `%s`", known[i].here);
    return mrx_set_fault(l->fault, l->at, l->at + size, next, "`%s` means nothing here",
                         known[i].sign);
  }
  return mrx_set_fault(l->fault, l->at, l->at + 1, "", "`%c` means nothing here",
                       l->source[l->at] > ' ' ? l->source[l->at] : '?');
}

static int lex_sign(mrx_lexer *l, mrx_token *t) {
  uint8_t first = peek(l, 0), second = peek(l, 1);
  uint32_t size = 0;
  if (second == '=' && strchr("=!<>", first) != NULL && first != 0)
    size = first == '=' && peek(l, 2) == '=' ? 0 : 2;
  else if (first == '<' && second == '>')
    size = 0;
  else if (first != 0 && strchr("()[],.+-*/%<>", first) != NULL)
    size = 1;
  if (size == 0)
    return foreign_sign(l);
  t->kind = MRX_T_SIGN;
  l->at += size;
  t->size = size;
  return 1;
}

int mrx_lex(mrx_lexer *l, mrx_token *t) {
  while (l->at < l->size && strchr(" \t\r\n", l->source[l->at]) != NULL && l->source[l->at] != 0)
    l->at++;
  t->from = l->at;
  t->text = (const uint8_t *)l->source + l->at;
  t->kind = MRX_T_END;
  t->size = 0;
  t->literal = 0;
  int fine = 1;
  uint8_t first = peek(l, 0);
  if (l->at == l->size) {
    t->to = l->at;
    return 1;
  }
  if (first == '"' || first == '\'') {
    const uint8_t *begin = l->pool + l->pool_used;
    l->at++;
    fine = first == '"' ? lex_string(l, t) : lex_literal_string(l, t);
    t->kind = MRX_T_STRING;
    t->text = begin;
    t->size = (uint64_t)(l->pool + l->pool_used - begin);
  } else if (is_digit(first)) {
    fine = lex_number(l, t);
  } else if (is_letter(first)) {
    while (l->at < l->size && (is_letter(peek(l, 0)) || is_digit(peek(l, 0))))
      l->at++;
    t->kind = MRX_T_NAME;
    t->size = l->at - t->from;
  } else {
    fine = lex_sign(l, t);
  }
  t->to = l->at;
  return fine;
}
