// SPDX-License-Identifier: Apache-2.0
// What plugins get: the tables of draft/expression.h and draft/json.h.
#include "program.h"
#include <inttypes.h>
#include <stdio.h>

/* Where failures are told. The same for all, set before any instance is made. */
static mrx_set_error tell;

static mr_status say(mr_ctx *c, mr_status status, const char *text) {
  __atomic_load_n(&tell, __ATOMIC_ACQUIRE)(c, status, text, strlen(text));
  return status;
}

/* The words for a record that was refused: code, reason, next step. */
static mr_status refuse(mr_ctx *c, int32_t refused, const char *why) {
  char message[768];
  const char *next = refused == MRX_ABSENT
                         ? "use has(…) or coalesce(…), or tell a filter with `missing`"
                         : "correct the input, or write `on_error: dead_letter` for this node";
  snprintf(message, sizeof message, "MR%d %s\n%s", -refused, why, next);
  return say(c, MR_E_DATA, message);
}

/* ---- expressions ---------------------------------------------------------------- */

static mr_status compile(mr_ctx *c, const char *text, uint64_t size, uint32_t flags,
                         mr_expression **out) {
  mrx_fault fault;
  char message[512];
  mr_expression *e = mrx_compile(text, size, flags, &fault);
  if (e == NULL) {
    snprintf(message, sizeof message, "%s at byte %" PRIu32 "%s%s", fault.text, fault.at,
             fault.next[0] != 0 ? ": " : "", fault.next);
    return say(c, MR_E_CONFIG, message);
  }
  if (!(flags & MR_EXPRESSION_CONDITION) && !mrx_keep_text(e)) {
    mrx_release(e);
    return say(c, MR_E_NOMEM, "out of memory");
  }
  e->context = c;
  *out = e;
  return MR_OK;
}

static inline mrx_record record_of(const mr_batch *b, const mr_record *r) {
  const uint8_t *payload = mr_payload(b, r);
  mrx_record of = {payload + r->key_length, mr_value_size(r),
                   r->flags & MR_REC_UNKEYED ? NULL : payload, r->key_length, r->event_time};
  return of;
}

static mr_status value(mr_expression *e, const mr_batch *b, const mr_record *r, mr_datum *out) {
  mrx_record of = record_of(b, r);
  int32_t refused = mrx_value(e, &of, out);
  return refused == 0 ? MR_OK : refuse(e->context, refused, mrx_refusal(e));
}

static mr_status choose(mr_expression *e, const mr_batch *b, uint32_t *next, uint32_t *chosen,
                        uint32_t *count) {
  for (; *next < b->count; ++*next) {
    mrx_record of = record_of(b, mr_at(b, *next));
    int holds;
    if (*next + 4 < b->count) {
      const uint8_t *ahead = (const uint8_t *)mr_at(b, *next + 4);
      __builtin_prefetch(ahead);
      __builtin_prefetch(ahead + 64);
    }
    int32_t refused = mrx_test(e, &of, &holds);
    if (MR_UNLIKELY(refused != 0))
      return refuse(e->context, refused, mrx_refusal(e));
    chosen[*count] = *next;
    *count += (uint32_t)holds;
  }
  return MR_OK;
}

static const mr_host_expression expressions = {
    sizeof(mr_host_expression), 0, compile, mrx_release, value, choose};

/* ---- JSON -------------------------------------------------------------------------- */

static mr_status check(mr_ctx *c, const uint8_t *text, uint64_t size, mr_json_fault *fault) {
  mr_json_fault found;
  char message[160];
  if (MR_LIKELY(mrx_json_check(text, size, &found)))
    return MR_OK;
  if (fault != NULL)
    *fault = found;
  if (found.at == size)
    snprintf(message, sizeof message, "no JSON: expected %s at byte %" PRIu64 ", found the end",
             found.expected, found.at);
  else if (text[found.at] > ' ' && text[found.at] < 127)
    snprintf(message, sizeof message, "no JSON: expected %s at byte %" PRIu64 ", found `%c`",
             found.expected, found.at, text[found.at]);
  else
    snprintf(message, sizeof message, "no JSON: expected %s at byte %" PRIu64 ", found 0x%02X",
             found.expected, found.at, text[found.at]);
  return refuse(c, MRX_NOT_JSON, message);
}

static const mr_host_json json = {sizeof(mr_host_json), MRX_JSON_DEPTH, check, mrx_json_compact};

const void *mrx_extension(const char *id, mrx_set_error set_error) {
  __atomic_store_n(&tell, set_error, __ATOMIC_RELEASE);
  if (strcmp(id, MR_EXT_EXPRESSION) == 0)
    return &expressions;
  return strcmp(id, MR_EXT_JSON) == 0 ? &json : NULL;
}
