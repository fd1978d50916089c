/* SPDX-License-Identifier: Apache-2.0
 * One field of a JSON object, found without parsing what is not on the way to it. */
#ifndef MR_BASIC_JSON_FIELD_H
#define MR_BASIC_JSON_FIELD_H

#include <stdint.h>

enum {
  JSON_FIELD_FOUND = 0,
  JSON_FIELD_MISSING = 1,  /* an object on the path has no such name, or is no object */
  JSON_FIELD_BROKEN = 2,   /* no JSON, as far as it was read */
  JSON_FIELD_NO_SCALAR = 3 /* null, an array or an object */
};

/* The text of the field at `path` (names with dots between) of the JSON text `json`: a string
 * without its quotes and escapes, a number or a boolean as it is written. `into` has room for
 * `size` bytes; *length tells how many are used. */
int json_field(const uint8_t *json, uint64_t size, const char *path, uint8_t *into,
               uint64_t *length);

#endif
