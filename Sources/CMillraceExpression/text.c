// SPDX-License-Identifier: Apache-2.0
// Texts as they lie in a record: with escapes, to be read in another case, perhaps not in valid
// UTF-8. They are compared and searched where they are, a code point at a time; only a text that
// leaves the expression is ever written out.
//
// A byte that does not belong to valid UTF-8, and an escape that is none, count as one code point
// above all others: BROKEN plus the byte.
#include "program.h"

#define BROKEN 0x110000u

uint32_t mrx_hex(const uint8_t *digits) {
  uint32_t value = 0;
  for (int i = 0; i < 4; i++) {
    uint32_t digit = digits[i], letter = digit | 32;
    if (digit >= '0' && digit <= '9')
      value = value << 4 | (digit - '0');
    else if (letter >= 'a' && letter <= 'f')
      value = value << 4 | (letter - 'a' + 10);
    else
      return UINT32_MAX;
  }
  return value;
}

uint32_t mrx_encode(uint32_t scalar, uint8_t *into) {
  if (scalar < 0x80) {
    into[0] = (uint8_t)scalar;
    return 1;
  }
  if (scalar >= BROKEN) {
    into[0] = (uint8_t)(scalar - BROKEN);
    return 1;
  }
  if (scalar < 0x800) {
    into[0] = (uint8_t)(0xC0 | scalar >> 6);
    into[1] = (uint8_t)(0x80 | (scalar & 63));
    return 2;
  }
  if (scalar < 0x10000) {
    into[0] = (uint8_t)(0xE0 | scalar >> 12);
    into[1] = (uint8_t)(0x80 | (scalar >> 6 & 63));
    into[2] = (uint8_t)(0x80 | (scalar & 63));
    return 3;
  }
  into[0] = (uint8_t)(0xF0 | scalar >> 18);
  into[1] = (uint8_t)(0x80 | (scalar >> 12 & 63));
  into[2] = (uint8_t)(0x80 | (scalar >> 6 & 63));
  into[3] = (uint8_t)(0x80 | (scalar & 63));
  return 4;
}

/* Behind the backslash. A lone surrogate is one code point; it is written as U+FFFD. */
static uint32_t next_escape(const uint8_t **at, const uint8_t *end) {
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  if (*at == end)
    return BROKEN + '\\';
  uint8_t letter = *(*at)++;
  if (letter != 'u') {
    const char *simple = letter != 0 ? strchr(from, letter) : NULL;
    return simple != NULL ? (uint8_t)to[simple - from] : BROKEN + letter;
  }
  uint32_t scalar = end - *at >= 4 ? mrx_hex(*at) : UINT32_MAX;
  if (scalar == UINT32_MAX)
    return BROKEN + letter;
  *at += 4;
  if (scalar < 0xD800 || scalar > 0xDFFF)
    return scalar;
  uint32_t low = end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u' ? mrx_hex(*at + 2) : 0;
  if (scalar > 0xDBFF || low < 0xDC00 || low > 0xDFFF)
    return 0xFFFD;
  *at += 6;
  return 0x10000 + ((scalar - 0xD800) << 10) + (low - 0xDC00);
}

static uint32_t next_wide(const uint8_t **at, const uint8_t *end) {
  uint8_t lead = *(*at)++;
  uint32_t more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
  uint32_t least[] = {0, 0x80, 0x800, 0x10000};
  uint32_t scalar = lead & (0x3Fu >> more);
  if (lead < 0xC2 || lead > 0xF4 || (uint64_t)(end - *at) < more)
    return BROKEN + lead;
  for (uint32_t i = 0; i < more; i++) {
    if (((*at)[i] & 0xC0) != 0x80)
      return BROKEN + lead;
    scalar = scalar << 6 | ((*at)[i] & 0x3Fu);
  }
  if (scalar < least[more] || scalar > 0x10FFFF || (scalar >= 0xD800 && scalar <= 0xDFFF))
    return BROKEN + lead;
  *at += more;
  return scalar;
}

uint32_t mrx_next_scalar(const mrx_cell *text, const uint8_t **at) {
  const uint8_t *end = text->text + text->size;
  uint32_t scalar;
  if (**at > 127)
    return next_wide(at, end);
  scalar = *(*at)++;
  if (scalar == '\\' && (text->how & MRX_ESCAPED))
    scalar = next_escape(at, end);
  if ((text->how & MRX_LOWER) && scalar >= 'A' && scalar <= 'Z')
    return scalar + 32;
  if ((text->how & MRX_UPPER) && scalar >= 'a' && scalar <= 'z')
    return scalar - 32;
  return scalar;
}

int mrx_compare_texts(const mrx_cell *a, const mrx_cell *b) {
  if (a->how == 0 && b->how == 0) {
    uint64_t least = a->size < b->size ? a->size : b->size;
    int order = least > 0 ? memcmp(a->text, b->text, least) : 0;
    if (order != 0)
      return order < 0 ? -1 : 1;
    return (a->size > b->size) - (a->size < b->size);
  }
  const uint8_t *left = a->text, *right = b->text;
  const uint8_t *left_end = left + a->size, *right_end = right + b->size;
  while (left < left_end && right < right_end) {
    uint32_t one = mrx_next_scalar(a, &left), other = mrx_next_scalar(b, &right);
    if (one != other) {
      /* By what they are written as: a byte that is no UTF-8 is not above a wide code point. */
      uint8_t first[4] = {0}, second[4] = {0};
      mrx_encode(one, first);
      mrx_encode(other, second);
      int order = memcmp(first, second, 4);
      return order < 0 ? -1 : 1;
    }
  }
  return (left < left_end) - (right < right_end);
}

uint64_t mrx_count_scalars(const mrx_cell *text) {
  uint64_t count = 0;
  for (const uint8_t *at = text->text; at < text->text + text->size; count++)
    mrx_next_scalar(text, &at);
  return count;
}

uint64_t mrx_write_text(const mrx_cell *text, uint8_t *into) {
  uint64_t size = 0;
  for (const uint8_t *at = text->text; at < text->text + text->size;)
    size += mrx_encode(mrx_next_scalar(text, &at), into + size);
  return size;
}
