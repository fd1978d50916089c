/* SPDX-License-Identifier: Apache-2.0
 * The reader of JSON text: locate.c takes it to a value, value.c reads what lies there. */
#ifndef MRX_JSON_READER_H
#define MRX_JSON_READER_H

#include "program.h"
#include "scan.h"

typedef struct mrx_json_reader {
  const uint8_t *at, *end;
  const char *expected; /* once it is broken */
} mrx_json_reader;

static inline const uint8_t *mrx_skip_space(const uint8_t *at, const uint8_t *end) {
  while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
    at++;
  return at;
}

static inline int mrx_broken(mrx_json_reader *r, const char *expected) {
  r->expected = expected;
  return MRX_BROKEN;
}

static inline int mrx_take_byte(mrx_json_reader *r, uint8_t byte) {
  r->at = mrx_skip_space(r->at, r->end);
  if (r->at == r->end || *r->at != byte)
    return 0;
  r->at++;
  return 1;
}

/* Behind the value that comes next. MRX_FOUND or MRX_BROKEN. */
int mrx_skip_value(mrx_json_reader *r);
/* Behind the `[` or the `{`: how many there are, or below zero: broken. */
int64_t mrx_count_elements(mrx_json_reader *r);
int64_t mrx_count_members(mrx_json_reader *r);

#endif
