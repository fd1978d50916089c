// SPDX-License-Identifier: Apache-2.0
// What a function gets: scalars, bytes and texts of the record at hand.
#include "native.h"
#include <stdlib.h>

// ---- places

static int reads_field(const argument *a) {
  int gives = a->kind != TAKE_SCALAR && a->kind != TAKE_COLUMN;
  return gives && a->place.kind == PLACE_FIELD && a->place.path != NULL;
}

static mr_status add_field(native *n, uint32_t argument, const char *path) {
  uint32_t at = 0;
  while (at < n->field_count && strcmp(n->fields[at].path, path) != 0)
    at++;
  n->field_of[argument] = at;
  if (at < n->field_count)
    return MR_OK;
  n->fields[at].path = path;
  n->field_count++;
  return n->expressions->compile(n->ctx, path, strlen(path), MR_EXPRESSION_PATH,
                                 &n->fields[at].expression);
}

mr_status fields_make(native *n) {
  const program *p = &n->program;
  n->fields = calloc(PROGRAM_ARGUMENTS_MAX, sizeof *n->fields);
  if (n->fields == NULL)
    return mr_fail(n->host, n->ctx, MR_E_NOMEM, "out of memory");
  for (uint32_t i = 0; i < p->argument_count; i++) {
    if (!reads_field(&p->arguments[i]))
      continue;
    mr_status status = add_field(n, i, p->arguments[i].place.path);
    if (status != MR_OK)
      return status;
  }
  return MR_OK;
}

void fields_free(native *n) {
  for (uint32_t i = 0; i < n->field_count; i++)
    if (n->fields[i].expression != NULL)
      n->expressions->release(n->fields[i].expression);
  free(n->fields);
}

static mr_status read_field(native *n, uint32_t argument, const mr_batch *b, const mr_record *r,
                            field **into) {
  field *f = *into = &n->fields[n->field_of[argument]];
  if (f->record == n->record)
    return MR_OK;
  mr_status status = n->expressions->value(f->expression, b, r, &f->datum);
  if (status == MR_OK)
    f->record = n->record;
  return status;
}

static mr_status absent(native *n, const field *f) {
  return native_fail(n, MR_E_DATA, "%s: %s", f->path,
                     f->datum.kind == MR_DATUM_NULL ? "it is null" : "there is no such field");
}

/* A text without its quotes and escapes, everything else as it is written. */
static mr_status bytes_of(native *n, uint32_t argument, const mr_batch *b, const mr_record *r,
                          piece *bytes) {
  const uint8_t *payload = mr_payload(b, r);
  field *f = NULL;
  mr_status status = MR_OK;
  switch (n->program.arguments[argument].place.kind) {
  case PLACE_VALUE:
    *bytes = (piece){(const char *)payload + r->key_length, mr_value_size(r)};
    break;
  case PLACE_KEY:
    *bytes = (piece){(const char *)payload, r->key_length};
    break;
  case PLACE_PAYLOAD:
    *bytes = (piece){(const char *)payload, r->length};
    break;
  case PLACE_FIELD:
    status = read_field(n, argument, b, r, &f);
    if (status != MR_OK)
      return status;
    if (f->datum.kind == MR_DATUM_ABSENT || f->datum.kind == MR_DATUM_NULL)
      return absent(n, f);
    if (f->datum.kind == MR_DATUM_TEXT)
      *bytes = (piece){(const char *)f->datum.text, f->datum.size};
    else
      *bytes = (piece){(const char *)payload + r->key_length + f->datum.at, f->datum.length};
    break;
  }
  return MR_OK;
}

// ---- scalars

static mr_status no_number(native *n, const char *path, c_type type, number_result why,
                           const uint8_t *text, uint64_t size) {
  char shown[SHOWN_MAX];
  native_shown(shown, text, size);
  const char *name = native_type_name(type), *separator = *path != 0 ? ": " : "";
  if (why == NUMBER_OUT_OF_RANGE)
    return native_fail(n, MR_E_DATA, "%s%s%s does not fit into %s", path, separator, shown, name);
  return native_fail(n, MR_E_DATA, "%s%sexpected %s, found %s", path, separator,
                     type == C_BOOL ? "true or false" : "a number", shown);
}

static number_result scalar_of_datum(const mr_datum *d, const char *value, c_type type,
                                     uint64_t *slot) {
  if (type == C_BOOL) {
    *slot = (uint64_t)d->integer;
    return d->kind == MR_DATUM_BOOL ? NUMBER_READ : NUMBER_NONE;
  }
  if (d->kind != MR_DATUM_INT && d->kind != MR_DATUM_FLOAT)
    return NUMBER_NONE;
  if (type == C_F64) {
    memcpy(slot, &d->number, sizeof d->number);
    return NUMBER_READ;
  }
  // What is written says more than the double that was made of it.
  return number_read(value + d->at, d->length, type, slot);
}

mr_status fields_scalar(native *n, uint32_t argument_number, const mr_batch *b, const mr_record *r,
                        uint64_t *slot) {
  const argument *a = &n->program.arguments[argument_number];
  const uint8_t *value = mr_value(b, r);
  if (a->place.kind == PLACE_VALUE) {
    number_result result = number_read((const char *)value, mr_value_size(r), a->type, slot);
    if (result == NUMBER_READ)
      return MR_OK;
    if (!a->has_default)
      return no_number(n, "", a->type, result, value, mr_value_size(r));
    *slot = a->number;
    return MR_OK;
  }
  field *f = NULL;
  mr_status status = read_field(n, argument_number, b, r, &f);
  if (status != MR_OK)
    return status;
  number_result result = scalar_of_datum(&f->datum, (const char *)value, a->type, slot);
  if (result == NUMBER_READ)
    return MR_OK;
  if (a->has_default) {
    *slot = a->number;
    return MR_OK;
  }
  if (f->datum.kind == MR_DATUM_ABSENT || f->datum.kind == MR_DATUM_NULL)
    return absent(n, f);
  return no_number(n, f->path, a->type, result, value + f->datum.at, f->datum.length);
}

static mr_status give_length(native *n, uint32_t argument_number, const mr_batch *b,
                             const mr_record *r, uint64_t *slot) {
  c_type type = n->program.arguments[argument_number].type;
  piece bytes;
  mr_status status = bytes_of(n, argument_number, b, r, &bytes);
  if (status != MR_OK)
    return status;
  // A record has at most 8 MiB: only the narrow types are too small for it.
  *slot = bytes.size;
  if (c_extend(type, bytes.size) != bytes.size)
    return native_fail(n, MR_E_DATA, "a length of %llu does not fit into %s",
                       (unsigned long long)bytes.size, native_type_name(type));
  return MR_OK;
}

// ---- texts and structs

static mr_status give_string(native *n, uint32_t call_argument, const mr_batch *b,
                             const mr_record *r) {
  piece bytes;
  mr_status status = bytes_of(n, n->first[call_argument], b, r, &bytes);
  if (status != MR_OK)
    return status;
  if (bytes.size > 0 && memchr(bytes.text, 0, bytes.size) != NULL)
    return mr_fail(n->host, n->ctx, MR_E_DATA, "a text for C has a NUL in it");
  if (n->room[call_argument] < bytes.size + 1) {
    uint64_t room = (bytes.size + 256) * 2;
    uint8_t *memory = realloc(n->memory[call_argument], room);
    if (memory == NULL)
      return mr_fail(n->host, n->ctx, MR_E_NOMEM, "out of memory");
    n->memory[call_argument] = memory;
    n->room[call_argument] = room;
  }
  uint8_t *copy = n->memory[call_argument];
  if (bytes.size > 0)
    memcpy(copy, bytes.text, bytes.size);
  copy[bytes.size] = 0;
  n->slots[call_argument] = (uint64_t)(uintptr_t)copy;
  return MR_OK;
}

static mr_status give(native *n, uint32_t argument_number, const mr_batch *b, const mr_record *r,
                      uint64_t *slot) {
  const argument *a = &n->program.arguments[argument_number];
  switch (a->kind) {
  case GIVE_FIELD:
    return fields_scalar(n, argument_number, b, r, slot);
  case GIVE_LENGTH:
    return give_length(n, argument_number, b, r, slot);
  case GIVE_TIME:
    *slot = (uint64_t)r->event_time;
    return MR_OK;
  default: // constants are in their slots already
    *slot = a->number;
    return MR_OK;
  }
}

mr_status fields_struct(native *n, uint32_t call_argument, const mr_batch *b, const mr_record *r) {
  uint32_t first = n->first[call_argument];
  const argument *a = &n->program.arguments[first];
  uint32_t at = 0;
  for (uint32_t i = 1; i <= a->size; i++) {
    uint64_t slot = 0;
    mr_status status = give(n, first + i, b, r, &slot);
    if (status != MR_OK)
      return status;
    uint32_t bytes = c_size(a[i].type);
    at = (at + bytes - 1) / bytes * bytes;
    memcpy(n->memory[call_argument] + at, &slot, bytes);
    at += bytes;
  }
  return MR_OK;
}

/* C promotes variadic arguments; integers are wide enough as slots. */
static void promote(uint64_t *slot) {
  float narrow;
  memcpy(&narrow, slot, sizeof narrow);
  double wide = narrow;
  memcpy(slot, &wide, sizeof wide);
}

mr_status fields_gather(native *n, const mr_batch *b, const mr_record *r) {
  const program *p = &n->program;
  n->record++;
  for (uint32_t i = 0; i < n->call_count; i++) {
    uint32_t number = n->first[i];
    const argument *a = &p->arguments[number];
    mr_status status = MR_OK;
    piece bytes = {NULL, 0};
    switch (a->kind) {
    case GIVE_FIELD:
      status = fields_scalar(n, number, b, r, &n->slots[i]);
      if (a->type == C_F32 && number >= p->fixed_count)
        promote(&n->slots[i]);
      break;
    case GIVE_LENGTH:
    case GIVE_TIME:
      status = give(n, number, b, r, &n->slots[i]);
      break;
    case GIVE_BYTES:
      status = bytes_of(n, number, b, r, &bytes);
      n->slots[i] = (uint64_t)(uintptr_t)bytes.text;
      break;
    case GIVE_STRING:
      status = give_string(n, i, b, r);
      break;
    case GIVE_STRUCT:
      status = fields_struct(n, i, b, r);
      break;
    case TAKE_SCALAR:
      n->cells[i] = 0;
      break;
    case GIVE_NUMBER:
    case GIVE_COUNT:
    case GIVE_STATE:
    case GIVE_NULL:
    case GIVE_TEXT:
    case GIVE_COLUMN:
    case GIVE_BUFFER:
    case TAKE_COLUMN:
      break; // set once, or by the call for many
    }
    if (status != MR_OK)
      return status;
  }
  return MR_OK;
}
