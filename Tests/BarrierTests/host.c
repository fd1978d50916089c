// SPDX-License-Identifier: Apache-2.0
// What an operator may ask of its host: the table, its parameters, an output, input from a file.
#include "host.h"
#include <dlfcn.h>
#include <stdarg.h>

int64_t wall = 1700000000000000000;
char **parameters;
int parameter_count;
uint32_t *input;
uint8_t *input_arena;
uint32_t input_count;
text input_lines;
enum { INPUT_ROOM = 64 << 20 };
static uint64_t random_state;
static uint64_t cells[64];

void add(text *to, const void *bytes, uint64_t size) {
  if (to->room - to->size < size) {
    to->room = 2 * to->room + size + 64;
    to->bytes = realloc(to->bytes, to->room);
  }
  if (size > 0)
    memcpy(to->bytes + to->size, bytes, size);
  to->size += size;
}

void add_text(text *to, const text *from) { add(to, from->bytes, from->size); }

void drop(text *one) {
  free(one->bytes);
  *one = (text){0};
}

void fail(const char *format, ...) {
  va_list values;
  va_start(values, format);
  fputs("barriers: ", stderr);
  vfprintf(stderr, format, values);
  fputs("\n", stderr);
  exit(1);
}

void seed_chance(uint64_t seed) { random_state = seed; }

uint64_t chance(void) { /* splitmix64 */
  uint64_t mixed = random_state += 0x9E3779B97F4A7C15u;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
  return mixed ^ (mixed >> 31);
}

/* ---- the table ---------------------------------------------------------------------- */

static void set_error(mr_ctx *c, mr_status code, const char *words, uint64_t size) {
  (void)code;
  snprintf(c->text, sizeof c->text, "%.*s", (int)size, words);
}
static void log_line(mr_ctx *c, mr_level level, const char *words, uint64_t size) {
  (void)c, (void)level, (void)words, (void)size;
}
static void *get_memory(mr_ctx *c, uint64_t size, uint64_t align) {
  (void)c;
  return aligned_alloc(align, (size + align - 1) / align * align);
}
static void give_memory(mr_ctx *c, void *p, uint64_t size, uint64_t align) {
  (void)c, (void)size, (void)align;
  free(p);
}
static int64_t now(mr_ctx *c, mr_clock which) {
  (void)c, (void)which;
  return wall;
}
static uint64_t random_number(mr_ctx *c) {
  (void)c;
  return 4;
}
static uint64_t hash(const void *key, uint64_t size) { /* a stand-in: any hash will do here */
  uint64_t h = 14695981039346656037u;
  for (uint64_t i = 0; i < size; i++)
    h = (h ^ ((const uint8_t *)key)[i]) * 1099511628211u;
  return h ^ h >> 29;
}
static void wake(mr_ctx *c) { (void)c; }

static uint64_t *counter(mr_ctx *c, const char *name, const char *unit, const char *help) {
  (void)c, (void)name, (void)unit, (void)help;
  return &cells[0];
}
static int64_t *gauge(mr_ctx *c, const char *name, const char *unit, const char *help) {
  return (int64_t *)counter(c, name, unit, help);
}
static mr_histogram *histogram(mr_ctx *c, const char *name, const char *unit, const char *help) {
  return (mr_histogram *)counter(c, name, unit, help);
}
static void observe(mr_histogram *h, uint64_t value) { *(uint64_t *)h += value; }
static const mr_host_metrics metrics = {sizeof metrics, 64, counter, gauge, histogram, observe};

static const void *service(const mr_host *h, const char *id) {
  (void)h;
  return strcmp(id, MR_EXT_METRICS) == 0 ? &metrics : keyed_state_service(id);
}

const mr_host the_host = {.struct_size = sizeof(mr_host),
                          .abi_version = MR_ABI_VERSION,
                          .name = "barriers",
                          .version = "1.0.0",
                          .extension = service,
                          .set_error = set_error,
                          .log = log_line,
                          .alloc = get_memory,
                          .release = give_memory,
                          .now = now,
                          .random = random_number,
                          .hash = hash,
                          .wake = wake};

const mr_operator *load(const char *library, const char *id) {
  void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle == NULL)
    fail("%s", dlerror());
  const mr_plugin *(*entry)(const mr_host *) = NULL;
  *(void **)&entry = dlsym(handle, MR_ENTRY_SYMBOL);
  if (entry == NULL)
    fail("%s has no entry", library);
  const mr_plugin *plugin = entry(&the_host);
  for (uint32_t i = 0; i < plugin->operator_count; i++)
    if (strcmp(plugin->operators[i]->id, id) == 0)
      return plugin->operators[i];
  fail("%s has no operator %s", library, id);
}

/* ---- input ---------------------------------------------------------------------------- */

static uint64_t arena_used;

static void add_record(const char *key, uint16_t key_size, const char *value, uint64_t size) {
  mr_record r = {(uint32_t)(key_size + size), 0, key_size, MR_TIME_NONE, 0, 0, 0};
  if (key_size > 0)
    r.key_hash = hash(key, key_size);
  else
    r.flags = MR_REC_UNKEYED;
  if (arena_used + sizeof r + r.length + MR_UNIT > INPUT_ROOM)
    fail("too much input");
  if (getenv("TIMES") != NULL)
    r.event_time = (int64_t)input_count * 1000000;
  input = realloc(input, (input_count + 1) * sizeof *input);
  input[input_count++] = (uint32_t)(arena_used / MR_UNIT);
  uint8_t *to = input_arena + arena_used;
  memcpy(to, &r, sizeof r);
  memcpy(to + sizeof r, key, key_size);
  memcpy(to + sizeof r + key_size, value, size);
  arena_used = (arena_used + sizeof r + r.length + MR_UNIT - 1) / MR_UNIT * MR_UNIT;
}

/* Records of oracle.source, as bench/oracle.h has them. */
static void add_oracle(const char *words) {
  char *rest;
  uint64_t count = strtoull(words, &rest, 10), keys = strtoull(rest + 1, NULL, 10);
  for (uint64_t n = 0; n < count; n++) {
    uint64_t payload[3] = {n % keys, n / keys, n};
    add_record((const char *)payload, 8, (const char *)(payload + 1), 16);
  }
}

void read_input(void) {
  char *line = NULL;
  size_t room = 0;
  ssize_t size;
  input_arena = aligned_alloc(4096, INPUT_ROOM);
  if (getenv("ORACLE") != NULL) {
    add_oracle(getenv("ORACLE"));
    return;
  }
  while ((size = getline(&line, &room, stdin)) >= 0) {
    add(&input_lines, line, (uint64_t)size);
    if (getenv("PIECES") != NULL)
      continue;
    size -= size > 0 && line[size - 1] == '\n';
    const char *tab = memchr(line, '\t', (size_t)size);
    uint16_t key = (uint16_t)(tab != NULL ? tab - line : 0);
    const char *value = tab != NULL ? tab + 1 : line;
    add_record(line, key, value, (uint64_t)(line + size - value));
  }
  free(line);
  uint64_t at = 0;
  while (getenv("PIECES") != NULL && at < input_lines.size) {
    uint64_t left = input_lines.size - at, piece_size = 1 + chance() % 300;
    piece_size = piece_size < left ? piece_size : left;
    add_record("", 0, input_lines.bytes + at, piece_size);
    at += piece_size;
  }
}

uint64_t lines_until(uint32_t count) {
  uint64_t at = 0;
  for (; count > 0; count--) {
    const char *end = memchr(input_lines.bytes + at, '\n', input_lines.size - at);
    at = end != NULL ? (uint64_t)(end - input_lines.bytes) + 1 : input_lines.size;
  }
  return at;
}
