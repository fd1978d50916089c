// SPDX-License-Identifier: Apache-2.0
#include "json_field.h"
#include <string.h>

typedef struct {
  const uint8_t *at, *end;
} reader;

static void skip_space(reader *r) {
  while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t'))
    r->at++;
}

static int take(reader *r, uint8_t byte) {
  skip_space(r);
  if (r->at == r->end || *r->at != byte)
    return 0;
  r->at++;
  return 1;
}

/* Behind the closing quote; at the opening one before. */
static int skip_string(reader *r) {
  for (r->at++; r->at < r->end; r->at++) {
    if (*r->at == '"') {
      r->at++;
      return 1;
    }
    if (*r->at == '\\')
      r->at++;
  }
  r->at = r->end; /* an escape may have gone beyond */
  return 0;
}

/* Behind the next value: brackets are counted, not matched. */
static int skip_value(reader *r) {
  uint32_t depth = 0;
  skip_space(r);
  const uint8_t *first = r->at;
  while (r->at < r->end) {
    uint8_t byte = *r->at;
    if (byte == '"') {
      if (!skip_string(r))
        return 0;
      if (depth == 0)
        return 1;
      continue;
    }
    int closes = byte == '}' || byte == ']';
    if (depth == 0 && (closes || byte == ','))
      return r->at > first;
    depth += byte == '{' || byte == '[';
    depth -= (uint32_t)closes;
    r->at++;
    if (closes && depth == 0)
      return 1;
  }
  return depth == 0 && r->at > first;
}

/* The value of four hexadecimal digits; UINT32_MAX: they are none. */
static uint32_t hex(const uint8_t *digits) {
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

static uint64_t put_scalar(uint8_t *into, uint32_t scalar) {
  if (scalar < 0x80) {
    into[0] = (uint8_t)scalar;
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

/* Behind "\u": one scalar, of a pair of surrogates if need be. 0: broken. */
static uint64_t unicode(reader *r, uint8_t *into) {
  if (r->end - r->at < 4)
    return 0;
  uint32_t scalar = hex(r->at);
  r->at += 4;
  if (scalar >= 0xD800 && scalar < 0xDC00) {
    uint32_t low = r->end - r->at >= 6 && r->at[0] == '\\' && r->at[1] == 'u' ? hex(r->at + 2) : 0;
    if (low < 0xDC00 || low > 0xDFFF)
      return 0;
    r->at += 6;
    scalar = 0x10000 + ((scalar - 0xD800) << 10) + (low - 0xDC00);
  } else if (scalar > 0xFFFF || (scalar >= 0xDC00 && scalar < 0xE000)) {
    return 0;
  }
  return put_scalar(into, scalar);
}

/* The string at the reader without quotes and escapes. Never longer than it is written. */
static int read_string(reader *r, uint8_t *into, uint64_t *length) {
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  uint8_t *start = into;
  for (r->at++; r->at < r->end && *r->at != '"';) {
    if (*r->at != '\\') {
      *into++ = *r->at++;
      continue;
    }
    if (++r->at == r->end)
      return 0;
    uint8_t letter = *r->at++;
    const char *simple = letter != 0 ? strchr(from, letter) : NULL;
    uint64_t size = 1;
    if (letter == 'u')
      size = unicode(r, into);
    else if (simple != NULL)
      *into = (uint8_t)to[simple - from];
    else
      return 0;
    if (size == 0)
      return 0;
    into += size;
  }
  *length = (uint64_t)(into - start);
  return r->at < r->end;
}

/* To the value of the member `name` of the object at the reader. Names with escapes are compared
 * as they are written. */
static int enter(reader *r, const char *name, uint64_t size) {
  if (!take(r, '{'))
    return JSON_FIELD_MISSING;
  if (take(r, '}'))
    return JSON_FIELD_MISSING;
  for (;;) {
    skip_space(r);
    if (r->at == r->end || *r->at != '"')
      return JSON_FIELD_BROKEN;
    const uint8_t *first = r->at + 1;
    if (!skip_string(r))
      return JSON_FIELD_BROKEN;
    int found = (uint64_t)(r->at - 1 - first) == size && memcmp(first, name, size) == 0;
    if (!take(r, ':'))
      return JSON_FIELD_BROKEN;
    skip_space(r);
    if (found)
      return JSON_FIELD_FOUND;
    if (!skip_value(r))
      return JSON_FIELD_BROKEN;
    if (take(r, '}'))
      return JSON_FIELD_MISSING;
    if (!take(r, ','))
      return JSON_FIELD_BROKEN;
  }
}

static int read_scalar(reader *r, uint8_t *into, uint64_t *length) {
  if (r->at == r->end)
    return JSON_FIELD_BROKEN;
  if (*r->at == '"')
    return read_string(r, into, length) ? JSON_FIELD_FOUND : JSON_FIELD_BROKEN;
  if (*r->at == '{' || *r->at == '[' || *r->at == 'n')
    return JSON_FIELD_NO_SCALAR;
  const uint8_t *first = r->at;
  while (r->at < r->end && memchr(",}] \t\r\n", *r->at, 7) == NULL)
    r->at++;
  *length = (uint64_t)(r->at - first);
  memcpy(into, first, *length);
  return *length > 0 ? JSON_FIELD_FOUND : JSON_FIELD_BROKEN;
}

int json_field(const uint8_t *json, uint64_t size, const char *path, uint8_t *into,
               uint64_t *length) {
  reader r = {json, json + size};
  for (;;) {
    const char *dot = strchr(path, '.');
    uint64_t name = dot != NULL ? (uint64_t)(dot - path) : strlen(path);
    int result = enter(&r, path, name);
    if (result != JSON_FIELD_FOUND)
      return result;
    if (dot == NULL)
      return read_scalar(&r, into, length);
    path = dot + 1;
  }
}
