// SPDX-License-Identifier: Apache-2.0
// A field is set in a copy of the JSON text: the text of the field is replaced where it lies, or
// a member is added at the end of the object it belongs to. Everything else keeps its bytes,
// numbers and white space included. Objects on the way that do not exist are made; an element of
// an array must exist, and what is there and is no object is not replaced by one.
//
// Several fields are set one after the other, each in a record of our own that has what was set
// before it.
#include "native.h"
#include <stdlib.h>

enum { ROOT = 6 }; /* a path begins with `$value` */

/* Behind the part of a path that begins at `at`: `.name`, `[3]` or `["a name"]`. */
static uint16_t end_of_part(const char *path, uint16_t at) {
  int quoted = path[at] == '[' && path[at + 1] == '"';
  at += quoted ? 2 : 1;
  for (; path[at] != 0; at++) {
    if (quoted && path[at] == '\\' && path[at + 1] != 0)
      at++;
    else if (quoted && path[at] == '"')
      return path[at + 1] == ']' ? (uint16_t)(at + 2) : at;
    else if (!quoted && (path[at] == '.' || path[at] == '['))
      break;
  }
  return at;
}

static mr_status compile(native *n, target *t) {
  uint64_t size = strlen(t->path);
  if (strncmp(t->path, "$value", ROOT) != 0)
    return native_fail(n, MR_E_CONFIG, "program: %s is no path of the value", t->path);
  t->ends = calloc(size, sizeof *t->ends);
  t->expressions = calloc(size, sizeof(mr_expression *));
  if (t->ends == NULL || t->expressions == NULL)
    return mr_fail(n->host, n->ctx, MR_E_NOMEM, "out of memory");
  for (uint16_t at = ROOT; at < size;) {
    at = end_of_part(t->path, at);
    t->ends[t->parts] = at;
    mr_status status =
        n->expressions->compile(n->ctx, t->path, at, MR_EXPRESSION_PATH, &t->expressions[t->parts]);
    if (status != MR_OK)
      return status;
    t->parts++;
  }
  return MR_OK;
}

mr_status targets_make(native *n) {
  const program *p = &n->program;
  for (uint32_t i = 0; i <= p->argument_count; i++) {
    int of_result = i == p->argument_count;
    const place *place = of_result ? &p->result_place : &p->arguments[i].place;
    sink_kind sink = of_result ? p->result_sink : p->arguments[i].sink;
    target *t = &n->targets[of_result ? PROGRAM_ARGUMENTS_MAX : i];
    if (sink != SINK_PLACE || place->kind != PLACE_FIELD)
      continue;
    t->path = place->path;
    mr_status status = compile(n, t);
    if (status != MR_OK)
      return status;
  }
  return MR_OK;
}

void targets_free(native *n) {
  for (uint32_t i = 0; i <= PROGRAM_ARGUMENTS_MAX; i++) {
    target *t = &n->targets[i];
    for (uint32_t part = 0; part < t->parts; part++)
      n->expressions->release(t->expressions[part]);
    free(t->expressions);
    free(t->ends);
  }
  free(n->drafts[0].memory);
  free(n->drafts[1].memory);
}

// ---- where it goes

/* What is put in place of `length` bytes at `at` of the value. */
typedef struct {
  uint64_t at, length;
  uint32_t made; /* parts of the path that are written anew; 0: the value is replaced */
  int comma;
} cut;

static int is_blank(uint8_t byte) {
  return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

/* Before the closing brace of the object in `[first, end)` of the value. */
static int at_end_of_object(const uint8_t *value, uint64_t first, uint64_t end, cut *c) {
  while (first < end && is_blank(value[first]))
    first++;
  while (end > first && is_blank(value[end - 1]))
    end--;
  if (end - first < 2 || value[first] != '{' || value[end - 1] != '}')
    return 0;
  c->at = end - 1;
  while (is_blank(value[c->at - 1]))
    c->at--;
  c->length = 0;
  c->comma = c->at - 1 > first;
  return 1;
}

/* Where part `i` begins. */
static uint16_t start_of(const target *t, uint32_t part) {
  return part > 0 ? t->ends[part - 1] : ROOT;
}

static mr_status locate(native *n, const target *t, const mr_batch *b, const mr_record *r, cut *c) {
  const uint8_t *value = mr_value(b, r);
  mr_datum d;
  uint32_t found = t->parts;
  for (; found > 0; found--) {
    mr_status status = n->expressions->value(t->expressions[found - 1], b, r, &d);
    if (status != MR_OK)
      return status;
    if (d.kind != MR_DATUM_ABSENT)
      break;
  }
  c->made = t->parts - found;
  c->comma = 0;
  if (c->made == 0) {
    c->at = d.at;
    c->length = d.length;
    return MR_OK;
  }
  for (uint32_t part = found; part < t->parts; part++)
    if (t->path[start_of(t, part)] == '[' && t->path[start_of(t, part) + 1] != '"')
      return native_fail(n, MR_E_DATA, "%s: there is no %.*s", t->path, (int)t->ends[part],
                         t->path);
  uint64_t first = found > 0 ? d.at : 0, end = found > 0 ? d.at + d.length : mr_value_size(r);
  if (at_end_of_object(value, first, end, c))
    return MR_OK;
  return native_fail(n, MR_E_DATA, "%s: %.*s is no JSON object", t->path, (int)start_of(t, found),
                     t->path);
}

// ---- the copy

static mr_status room(native *n, draft *d, uint64_t size) {
  if (d->room >= size)
    return MR_OK;
  uint8_t *memory = realloc(d->memory, size * 2);
  if (memory == NULL)
    return mr_fail(n->host, n->ctx, MR_E_NOMEM, "out of memory");
  d->memory = memory;
  d->room = size * 2;
  return MR_OK;
}

static uint8_t *append(uint8_t *into, const void *bytes, uint64_t size) {
  if (size > 0)
    memcpy(into, bytes, size);
  return into + size;
}

/* `.name` gets quotes, `["a name"]` has them. */
static uint8_t *append_name(uint8_t *into, const char *part, const char *end) {
  if (*part == '[')
    return append(into, part + 1, (uint64_t)(end - part) - 2);
  *into++ = '"';
  into = append(into, part + 1, (uint64_t)(end - part) - 1);
  *into++ = '"';
  return into;
}

/* `,"a":{"b":1}`: the last `made` parts of the path with the text in the innermost. */
static uint8_t *append_member(uint8_t *into, const target *t, const cut *c, piece text) {
  if (c->comma)
    *into++ = ',';
  for (uint32_t part = t->parts - c->made; part < t->parts; part++) {
    if (part > t->parts - c->made)
      *into++ = '{';
    into = append_name(into, t->path + start_of(t, part), t->path + t->ends[part]);
    *into++ = ':';
  }
  into = append(into, text.text, text.size);
  for (uint32_t part = 1; part < c->made; part++)
    *into++ = '}';
  return into;
}

/* Writes the record with the change into `d`; its value goes to `*value`. */
static mr_status write(native *n, draft *d, const mr_batch *b, const mr_record *r, const target *t,
                       const cut *c, piece text, piece *value) {
  uint64_t size = mr_value_size(r), before = sizeof(mr_record);
  uint64_t added = text.size + (c->made > 0 ? strlen(t->path) + 6ull * c->made : 0);
  mr_status status = room(n, d, before + size + added);
  if (status != MR_OK)
    return status;
  const uint8_t *old = mr_value(b, r);
  uint8_t *start = d->memory + before;
  uint8_t *at = append(start, old, c->at);
  at = c->made > 0 ? append_member(at, t, c, text) : append(at, text.text, text.size);
  at = append(at, old + c->at + c->length, size - c->at - c->length);
  if ((uint64_t)(at - start) > UINT32_MAX)
    return mr_fail(n->host, n->ctx, MR_E_TOO_LARGE, "the value becomes too large");
  mr_record head = {.length = (uint32_t)(at - start),
                    .flags = MR_REC_UNKEYED,
                    .event_time = r->event_time,
                    .schema = r->schema};
  memcpy(d->memory, &head, sizeof head);
  *value = (piece){(const char *)start, (uint64_t)(at - start)};
  return MR_OK;
}

mr_status targets_set(native *n, const mr_batch *b, const mr_record *r, const setting *settings,
                      uint32_t count, piece *value) {
  uint32_t zero = 0;
  mr_batch own = *b;
  for (uint32_t i = 0; i < count; i++) {
    cut c = {0, 0, 0, 0};
    draft *d = &n->drafts[i % 2];
    mr_status status = locate(n, settings[i].target, b, r, &c);
    if (status == MR_OK)
      status = write(n, d, b, r, settings[i].target, &c, settings[i].piece, value);
    if (status != MR_OK)
      return status;
    own.base = d->memory;
    own.index = &zero;
    own.count = 1;
    b = &own;
    r = mr_at(b, 0);
  }
  return MR_OK;
}
