// SPDX-License-Identifier: Apache-2.0
// The value that lies at a place in JSON text. Of an object or an array no more is read than its
// bracket, until somebody asks for its end.
#include "json_reader.h"

static int is_word(const uint8_t *at, const uint8_t *end, const char *word, uint64_t size) {
  return (uint64_t)(end - at) >= size && memcmp(at, word, size) == 0;
}

static int ends_scalar(const uint8_t *at, const uint8_t *end) {
  return at == end || *at == ',' || *at == '}' || *at == ']' || *at == ' ' || *at == '\n' ||
         *at == '\r' || *at == '\t';
}

static int fail_at(mrx_spot *spot, const uint8_t *at, const char *expected) {
  spot->at = at;
  spot->expected = expected;
  return MRX_BROKEN;
}

static int read_string(const uint8_t *at, const uint8_t *end, mrx_cell *cell, mrx_spot *spot) {
  int escaped;
  const uint8_t *behind = mrx_skip_string(at, end, &escaped);
  if (behind == NULL)
    return fail_at(spot, at, "the end of this string");
  *cell = mrx_text_cell(at + 1, (uint64_t)(behind - at - 2), escaped ? MRX_ESCAPED : 0);
  cell->written = at;
  cell->length = (uint64_t)(behind - at);
  return MRX_FOUND;
}

static int read_scalar(const uint8_t *at, const uint8_t *end, mrx_cell *cell, mrx_spot *spot) {
  const uint8_t *behind = NULL;
  int finite = 1;
  if (*at == 't' && is_word(at, end, "true", 4)) {
    *cell = mrx_bool_cell(1);
    behind = at + 4;
  } else if (*at == 'f' && is_word(at, end, "false", 5)) {
    *cell = mrx_bool_cell(0);
    behind = at + 5;
  } else if (*at == 'n' && is_word(at, end, "null", 4)) {
    *cell = mrx_bool_cell(0);
    cell->kind = MR_DATUM_NULL;
    behind = at + 4;
  } else {
    behind = mrx_read_number(at, end, cell, &finite);
  }
  if (behind == NULL || !ends_scalar(behind, end))
    return fail_at(spot, at, "a value");
  cell->written = at;
  cell->length = (uint64_t)(behind - at);
  return MRX_FOUND;
}

int mrx_read_value(const uint8_t *at, const uint8_t *end, mrx_cell *cell, mrx_spot *spot) {
  if (*at == '"')
    return read_string(at, end, cell, spot);
  if (*at != '{' && *at != '[')
    return read_scalar(at, end, cell, spot);
  *cell = mrx_text_cell(at, (uint64_t)(end - at), MRX_OPEN);
  cell->kind = MR_DATUM_JSON;
  cell->written = at;
  return MRX_FOUND;
}

int mrx_close(mrx_cell *cell, int64_t *count, mrx_spot *spot) {
  mrx_json_reader r = {cell->text, cell->text + cell->size, NULL};
  if (count != NULL) {
    r.at++;
    *count = *cell->text == '[' ? mrx_count_elements(&r) : mrx_count_members(&r);
    if (*count < 0)
      return fail_at(spot, r.at, r.expected);
  } else if (mrx_skip_value(&r) != MRX_FOUND) {
    return fail_at(spot, r.at, r.expected);
  }
  cell->size = cell->length = (uint64_t)(r.at - cell->text);
  cell->how = 0;
  return MRX_FOUND;
}
