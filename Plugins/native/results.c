// SPDX-License-Identifier: Apache-2.0
// What becomes of what a function gave: a new value, a field of it, a decision, a refusal.
#include "native.h"
#include <stdlib.h>

int results_change_value(const program *p) {
  if (p->result_sink == SINK_PLACE)
    return 1;
  for (uint32_t i = 0; i < p->argument_count; i++)
    if (p->arguments[i].kind == GIVE_BUFFER || p->arguments[i].sink == SINK_PLACE)
      return 1;
  return 0;
}

mr_status results_check(native *n, uint64_t result, int error) {
  const program *p = &n->program;
  if (n->buffer.start != NULL && !guarded_intact(&n->buffer))
    return native_fail(n, MR_E_INTERNAL, "%s wrote beyond its buffer of %llu bytes", p->symbol,
                       (unsigned long long)n->buffer.size);
  if (p->errno_checked && error != 0)
    return native_fail(n, MR_E_DATA, "%s set errno to %d (%s)", p->symbol, error,
                       strerrordesc_np(error) != NULL ? strerrordesc_np(error) : "unknown");
  if (p->null_is_error && p->result == C_POINTER && result == 0)
    return native_fail(n, MR_E_DATA, "%s returned NULL", p->symbol);
  if (p->result_sink == SINK_STATUS && result != 0) {
    char number[NUMBER_TEXT_MAX];
    uint64_t size = number_write(number, p->result, result);
    return native_fail(n, MR_E_DATA, "%s returned %.*s", p->symbol, (int)size, number);
  }
  return MR_OK;
}

// ---- texts

/* Length of the text if it is UTF-8; -1 if it is not. `quoted`: as JSON needs it. */
static int64_t text_size(const uint8_t *text, int quoted) {
  int64_t size = 0;
  while (*text != 0) {
    uint32_t more = *text < 0x80   ? 0
                    : *text < 0xC2 ? 4
                    : *text < 0xE0 ? 1
                    : *text < 0xF0 ? 2
                    : *text < 0xF5 ? 3
                                   : 4;
    uint32_t first = *text, second = more > 0 ? text[1] : 0;
    if (more == 4 || (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
        (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F))
      return -1;
    for (uint32_t i = 1; i <= more; i++)
      if ((text[i] & 0xC0) != 0x80)
        return -1;
    int escaped = quoted && (first < 0x20 || first == '"' || first == '\\');
    size += escaped ? (first < 0x20 ? 6 : 2) : 1 + more;
    text += 1 + more;
  }
  return size;
}

static uint64_t write_quoted(char *into, const uint8_t *text) {
  static const char digits[] = "0123456789abcdef";
  char *at = into;
  *at++ = '"';
  for (; *text != 0; text++) {
    if (*text < 0x20) {
      memcpy(at, "\\u00", 4);
      at[4] = digits[*text >> 4];
      at[5] = digits[*text & 15];
      at += 6;
      continue;
    }
    if (*text == '"' || *text == '\\')
      *at++ = '\\';
    *at++ = (char)*text;
  }
  *at++ = '"';
  return (uint64_t)(at - into);
}

static mr_status not_utf8(native *n) {
  return native_fail(n, MR_E_DATA, "%s returned a text that is not UTF-8", n->program.symbol);
}

/* The text a function returned, as a value of its own or as JSON. */
static mr_status write_text(native *n, const char *path, uint64_t result, piece *into) {
  const uint8_t *text = (const uint8_t *)(uintptr_t)result;
  if (text == NULL && path != NULL) {
    *into = (piece){"null", 4};
    return MR_OK;
  }
  if (text == NULL)
    return native_fail(n, MR_E_DATA, "%s returned NULL, and that is no value", n->program.symbol);
  int64_t size = text_size(text, path != NULL);
  if (size < 0)
    return not_utf8(n);
  *into = (piece){(const char *)text, (uint64_t)size};
  if (path == NULL)
    return MR_OK;
  if (n->written_room < (uint64_t)size + 2) {
    char *memory = realloc(n->written, (uint64_t)size * 2 + 64);
    if (memory == NULL)
      return mr_fail(n->host, n->ctx, MR_E_NOMEM, "out of memory");
    n->written = memory;
    n->written_room = (uint64_t)size * 2 + 64;
  }
  *into = (piece){n->written, write_quoted(n->written, text)};
  return MR_OK;
}

static int is_finite(c_type type, uint64_t slot) {
  if (type == C_F64)
    return (slot >> 52 & 0x7FF) != 0x7FF;
  return type != C_F32 || (slot >> 23 & 0xFF) != 0xFF;
}

/* A number at a field is JSON, which has no infinity. */
static mr_status write_number(native *n, const char *path, c_type type, uint64_t slot,
                              char memory[NUMBER_TEXT_MAX], piece *into) {
  *into = (piece){memory, number_write(memory, type, slot)};
  if (path == NULL || is_finite(type, slot))
    return MR_OK;
  return native_fail(n, MR_E_DATA, "%s: JSON has no number for %.*s", path, (int)into->size,
                     memory);
}

// ---- the new value

static mr_status emit(native *n, const mr_batch *b, const mr_record *r, piece value) {
  uint64_t length = r->key_length + value.size;
  if (length > UINT32_MAX)
    return mr_fail(n->host, n->ctx, MR_E_TOO_LARGE, "the value becomes too large");
  uint8_t *payload = mr_reserve(n->out, (uint32_t)length);
  if (payload == NULL)
    return n->out->status;
  if (r->key_length > 0)
    memcpy(payload, mr_payload(b, r), r->key_length);
  if (value.size > 0)
    memcpy(payload + r->key_length, value.text, value.size);
  mr_record head = *r;
  head.flags &= MR_REC_USER;
  head.length = (uint32_t)length;
  head.schema = n->schema;
  mr_commit(n->out, &head);
  return MR_OK;
}

static mr_status emit_buffer(native *n, const mr_batch *b, const mr_record *r, c_type type,
                             uint64_t used) {
  int is_signed = type >= C_I8 && type <= C_I64;
  if ((is_signed && (int64_t)used < 0) || used > n->buffer.size) {
    char number[NUMBER_TEXT_MAX];
    uint64_t size = number_write(number, type, used);
    return native_fail(n, MR_E_DATA, "%s says that it used %.*s bytes of its buffer of %llu",
                       n->program.symbol, (int)size, number, (unsigned long long)n->buffer.size);
  }
  return emit(n, b, r, (piece){(const char *)n->buffer.start, used});
}

/* What argument `i` of the call was set to. */
static uint64_t taken(const native *n, uint32_t i, uint32_t row) {
  const argument *a = &n->program.arguments[n->first[i]];
  uint64_t bits = n->cells[i];
  if (a->kind == TAKE_COLUMN)
    memcpy(&bits, n->memory[i] + (uint64_t)row * c_size(a->type), c_size(a->type));
  return c_extend(a->type, bits);
}

static mr_status write_result(native *n, const char *path, uint64_t result,
                              char memory[NUMBER_TEXT_MAX], piece *into) {
  if (n->program.result_is_text)
    return write_text(n, path, result, into);
  return write_number(n, path, n->program.result, result, memory, into);
}

static mr_status set_fields(native *n, const mr_batch *b, const mr_record *r, uint64_t result,
                            uint32_t row) {
  const program *p = &n->program;
  char numbers[CALL_ARGUMENTS_MAX + 1][NUMBER_TEXT_MAX];
  setting settings[CALL_ARGUMENTS_MAX + 1];
  uint32_t count = 0;
  mr_status status = MR_OK;
  for (uint32_t i = 0; i < n->call_count && status == MR_OK; i++) {
    const argument *a = &p->arguments[n->first[i]];
    if (a->sink != SINK_PLACE)
      continue;
    setting *s = &settings[count];
    s->target = &n->targets[n->first[i]];
    status =
        write_number(n, s->target->path, a->type, taken(n, i, row), numbers[count++], &s->piece);
  }
  if (status == MR_OK && p->result_sink == SINK_PLACE) {
    setting *s = &settings[count];
    s->target = &n->targets[PROGRAM_ARGUMENTS_MAX];
    status = write_result(n, s->target->path, result, numbers[count++], &s->piece);
  }
  piece value = {NULL, 0};
  if (status == MR_OK)
    status = targets_set(n, b, r, settings, count, &value);
  return status == MR_OK ? emit(n, b, r, value) : status;
}

mr_status results_deliver(native *n, const mr_batch *b, const mr_record *r, uint64_t result,
                          uint32_t row) {
  const program *p = &n->program;
  char number[NUMBER_TEXT_MAX];
  piece value;
  if (p->result_sink == SINK_USED)
    return emit_buffer(n, b, r, p->result, result);
  if (p->result_sink == SINK_PLACE && p->result_place.kind == PLACE_VALUE) {
    mr_status status = write_result(n, NULL, result, number, &value);
    return status == MR_OK ? emit(n, b, r, value) : status;
  }
  for (uint32_t i = 0; i < n->call_count; i++) {
    const argument *a = &p->arguments[n->first[i]];
    if (a->sink == SINK_USED)
      return emit_buffer(n, b, r, a->type, taken(n, i, row));
    if (a->sink == SINK_PLACE && a->place.kind == PLACE_VALUE) {
      value = (piece){number, number_write(number, a->type, taken(n, i, row))};
      return emit(n, b, r, value);
    }
  }
  return set_fields(n, b, r, result, row);
}
