/* SPDX-License-Identifier: Apache-2.0
 * millrace/draft/json.h - whether a text is JSON (RFC 8259), answered by the host's one reader. */
#ifndef MILLRACE_DRAFT_JSON_H
#define MILLRACE_DRAFT_JSON_H
#include "../operator.h"
#define MR_EXT_JSON "millrace.json/1"
MR_BEGIN

/* What was expected where; static text. */
typedef struct mr_json_fault {
  uint64_t at; /* bytes from the start */
  const char *expected;
} mr_json_fault;
MR_FROZEN(mr_json_fault, 16);

typedef struct mr_host_json {
  uint32_t struct_size;
  uint32_t depth; /* deeper nesting is a fault */

  /* Is the text one JSON value in valid UTF-8, with nothing but white space around it? MR_OK, or
   * MR_E_DATA with its text set and *fault filled. `fault` may be NULL. [any] */
  mr_status (*check)(mr_ctx *c, const uint8_t *text, uint64_t size, mr_json_fault *fault);

  /* JSON text without the white space between its tokens. `into` has room for `size` bytes and
   * does not overlap. Returns the bytes written. Of a text that is no JSON only white space
   * outside of strings is lost. [any] */
  uint64_t (*compact)(const uint8_t *text, uint64_t size, uint8_t *into);
} mr_host_json;
MR_GROWABLE(mr_host_json, compact);
MR_END
#endif
