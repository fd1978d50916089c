/* SPDX-License-Identifier: Apache-2.0
 * A host in miniature, to run one operator of one plugin by itself:
 *
 *   minihost LIBRARY[:LIBRARY...] OPERATOR [PARAMETER=VALUE ...] < RECORDS
 *
 * A line of input is a record: `key<TAB>value`, or just a value. A line of output is one too; bad
 * records are printed as `! text`. The operator is run again and again with other batch sizes, with
 * outputs that are full now and then, on a host table that ends at an unreadable page, and, if it
 * has state, or splits with positions, saved and restored in the middle. The first run is printed;
 * a run that differs is an error. It shares no code with the real host, and is no model of it:
 * memory is never reused.
 *
 * Exit: 0 fine, 1 the plugin is wrong, 2 wrong usage. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <millrace/millrace.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { ARENA = 64 << 20, SLOTS = 1 << 20, PAGE = 4096, BATCH = 256, ROUNDS = 10000000 };

struct mr_ctx {
  char text[512];
};

typedef struct {
  char *bytes;
  uint64_t size, room, at;
} buffer;

static int argument_count;
static char **arguments;
static uint8_t *arena;
static uint64_t used;     /* bytes of the arena */
static uint32_t *records; /* the input */
static uint32_t record_count;
static uint32_t *slots; /* the output */
static uint64_t cells[64];
static uint32_t cell_count;

static void fail(const char *what, const char *why) {
  fprintf(stderr, "minihost: %s: %s\n", what, why);
  exit(1);
}

static void append(buffer *to, const void *bytes, uint64_t size) {
  if (to->size + size > to->room) {
    to->room = (to->size + size) * 2;
    to->bytes = realloc(to->bytes, to->room);
  }
  if (size)
    memcpy(to->bytes + to->size, bytes, size);
  to->size += size;
}

/* ---- what the host offers -------------------------------------------------- */

static void host_set_error(mr_ctx *c, mr_status code, const char *text, uint64_t size) {
  (void)code;
  snprintf(c->text, sizeof c->text, "%.*s", (int)size, text);
}
static void host_log(mr_ctx *c, mr_level level, const char *text, uint64_t size) {
  (void)c;
  fprintf(stderr, "log %d: %.*s\n", (int)level, (int)size, text);
}
static void *host_alloc(mr_ctx *c, uint64_t size, uint64_t align) {
  (void)c;
  return aligned_alloc(align, (size + align - 1) / align * align);
}
static void host_release(mr_ctx *c, void *p, uint64_t size, uint64_t align) {
  (void)c, (void)size, (void)align;
  free(p);
}
static int64_t host_now(mr_ctx *c, mr_clock which) {
  (void)c, (void)which;
  return 1;
}
static uint64_t host_random(mr_ctx *c) {
  (void)c;
  return 4;
}
static uint64_t host_hash(const void *key, uint64_t size) { /* a stand-in: any hash will do here */
  uint64_t h = 14695981039346656037u;
  for (uint64_t i = 0; i < size; i++)
    h = (h ^ ((const uint8_t *)key)[i]) * 1099511628211u;
  return h ^ h >> 29;
}
static void host_wake(mr_ctx *c) { (void)c; }

static uint64_t *counter(mr_ctx *c, const char *name, const char *unit, const char *help) {
  (void)c, (void)name, (void)unit, (void)help;
  return cell_count < 64 ? &cells[cell_count++] : NULL;
}
static int64_t *gauge(mr_ctx *c, const char *name, const char *unit, const char *help) {
  return (int64_t *)counter(c, name, unit, help);
}
static mr_histogram *histogram(mr_ctx *c, const char *name, const char *unit, const char *help) {
  return (mr_histogram *)counter(c, name, unit, help);
}
static void observe(mr_histogram *h, uint64_t value) { *(uint64_t *)h += value; }
static const mr_host_metrics metrics = {sizeof metrics, 64, counter, gauge, histogram, observe};

static const void *host_extension(const mr_host *h, const char *id) {
  (void)h;
  return strcmp(id, MR_EXT_METRICS) == 0 ? &metrics : NULL;
}

/* The table ends where an unreadable page begins: whoever reads a field that this host does not
 * have faults, instead of finding garbage. */
static const mr_host *host_table(void) {
  char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mr_host *h = (mr_host *)(void *)(pages + PAGE - sizeof *h);
  *h = (mr_host){.struct_size = sizeof *h,
                 .abi_version = MR_ABI_VERSION,
                 .name = "minihost",
                 .version = "1.0.0",
                 .extension = host_extension,
                 .set_error = host_set_error,
                 .log = host_log,
                 .alloc = host_alloc,
                 .release = host_release,
                 .now = host_now,
                 .random = host_random,
                 .hash = host_hash,
                 .wake = host_wake};
  mprotect(pages + PAGE, PAGE, PROT_NONE);
  return h;
}

/* ---- configuration: what was given, else the default ------------------------ */

static const char *parameter(const mr_config *c, const char *path) {
  const mr_operator *op = c->impl;
  const char *name = path + 1;
  size_t length = strlen(name);
  for (int i = 0; i < argument_count; i++)
    if (strncmp(arguments[i], name, length) == 0 && arguments[i][length] == '=')
      return arguments[i] + length + 1;
  for (uint32_t i = 0; i < op->param_count; i++)
    if (strcmp(op->params[i]->name, name) == 0)
      return op->params[i]->default_value;
  return NULL;
}
static mr_type config_type(const mr_config *c, const char *path) {
  return parameter(c, path) ? MR_T_STRING : MR_T_ABSENT;
}
static mr_status config_bool(const mr_config *c, const char *path, uint32_t *out) {
  const char *text = parameter(c, path);
  if (text)
    *out = strcmp(text, "true") == 0;
  return text ? MR_OK : MR_E_CONFIG;
}
static mr_status config_int(const mr_config *c, const char *path, int64_t *out) {
  const char *text = parameter(c, path);
  if (text)
    *out = strtoll(text, NULL, 10);
  return text ? MR_OK : MR_E_CONFIG;
}
static mr_status config_float(const mr_config *c, const char *path, double *out) {
  const char *text = parameter(c, path);
  if (text)
    *out = strtod(text, NULL);
  return text ? MR_OK : MR_E_CONFIG;
}
static mr_status config_string(const mr_config *c, const char *path, mr_str *out) {
  const char *text = parameter(c, path);
  if (text)
    *out = (mr_str){text, strlen(text)};
  return text ? MR_OK : MR_E_CONFIG;
}

/* ---- output: one window over one array, now and then said to be full --------- */

static mr_status out_grow(mr_out *o, uint64_t bytes) {
  (void)o, (void)bytes;
  return MR_AGAIN;
}
static mr_status out_forward(mr_out *o, const mr_batch *b, const uint32_t *which, uint32_t n) {
  uint32_t count = which ? n : b->count;
  if ((uint64_t)(o->iend - o->icur) < count)
    return MR_AGAIN;
  for (uint32_t i = 0; i < count; i++)
    *o->icur++ = b->index[which ? which[i] : i];
  return MR_OK;
}
static mr_status out_forward_as(mr_out *o, const mr_batch *b, uint32_t i, const mr_record *head) {
  return mr_emit(o, head, mr_payload(b, mr_at(b, i)));
}
static mr_status out_reserve(mr_out *o, uint32_t length, void **payload) {
  *payload = mr_reserve(o, length);
  return *payload ? MR_OK : o->status;
}
static mr_status out_commit(mr_out *o, const mr_record *head) {
  mr_commit(o, head);
  return MR_OK;
}
static const mr_out_ops out_ops = {sizeof out_ops, 0,           out_grow,  out_forward,
                                   out_forward_as, out_reserve, out_commit};

/* ---- state: bytes in memory, handed over a few at a time ---------------------- */

static int64_t state_write(mr_writer *w, const void *data, uint64_t size) {
  append(w->impl, data, size > 7 ? 7 : size);
  return size > 7 ? 7 : (int64_t)size;
}
static mr_status state_group(mr_writer *w, uint32_t group) {
  (void)w, (void)group;
  return MR_OK;
}
static int64_t state_read(mr_reader *r, void *into, uint64_t size) {
  buffer *from = r->impl;
  uint64_t left = from->size - from->at, n = size > 5 ? 5 : size;
  n = n < left ? n : left;
  if (n)
    memcpy(into, from->bytes + from->at, n);
  from->at += n;
  return (int64_t)n;
}

/* ---- one life of one operator -------------------------------------------------- */

typedef struct {
  const mr_operator *op;
  const mr_host *host;
  struct mr_ctx ctx;
  void *instance;
  mr_out out;
  mr_out *outs[1];
  uint32_t zero;
  uint32_t squeeze; /* 0: never full; else every so many calls there is room for half a batch */
  uint32_t calls;
  buffer result;
  mr_start facts; /* as long as the instance */
} life;

static void begin(life *l) {
  mr_config config = {.struct_size = sizeof config,
                      .impl = (void *)(uintptr_t)l->op,
                      .type = config_type,
                      .get_bool = config_bool,
                      .get_int = config_int,
                      .get_float = config_float,
                      .get_string = config_string};
  cell_count = 0;
  if (l->op->create(l->op, l->host, &l->ctx, &config, &l->instance) != MR_OK)
    fail("create", l->ctx.text);
}

static void start(life *l) {
  l->facts = (mr_start){.struct_size = sizeof l->facts,
                        .batch_limit = BATCH,
                        .out = l->outs,
                        .out_count = l->op->output_count,
                        .parallelism = 1,
                        .key_group_last = 1023,
                        .key_groups = 1024,
                        .log_level = &l->zero,
                        .cancel = &l->zero,
                        .in_schema = &l->zero,
                        .out_schema = &l->zero,
                        .job = "job",
                        .node = "node"};
  if (l->op->start(l->instance, &l->facts) != MR_OK)
    fail("start", l->ctx.text);
}

static void open_window(life *l, uint32_t room) {
  l->calls++;
  int full = l->squeeze && l->calls % l->squeeze == 0;
  l->out.iend = full ? l->out.icur + room / 2 : slots + SLOTS;
}

/* Writes down what the call emitted, as lines. */
static void harvest(life *l) {
  for (uint32_t *unit = slots; unit < l->out.icur; unit++) {
    const mr_record *r = (const void *)(arena + (uint64_t)*unit * MR_UNIT);
    const char *payload = (const char *)(r + 1);
    if (r->flags & ~MR_REC_USER)
      fail("output", "a record with flags of the host");
    if (r->key_length && r->key_hash != host_hash(payload, r->key_length))
      fail("output", "a record with a wrong key hash");
    append(&l->result, payload, r->key_length);
    append(&l->result, "\t", r->flags & MR_REC_UNKEYED ? 0 : 1);
    append(&l->result, payload + r->key_length, r->length - r->key_length);
    append(&l->result, "\n", 1);
  }
  l->out.icur = slots;
}

static void restart(life *l, const mr_state *state) {
  buffer saved = {0};
  mr_writer writer = {sizeof writer, 0, &saved, state_write, state_group};
  if (state->save(l->instance, 1, &writer) != MR_OK)
    fail("save", l->ctx.text);
  l->op->destroy(l->instance);
  begin(l);
  mr_reader reader = {sizeof reader, 0, &saved, state_read};
  mr_snapshot facts = {sizeof facts, l->op->state_version, 1, l->op->version, UINT32_MAX, 1};
  if (state->restore(l->instance, &facts, &reader) != MR_OK)
    fail("restore", l->ctx.text);
  free(saved.bytes);
  start(l);
}

static void feed(life *l, uint32_t batch, const mr_state *state) {
  uint32_t resumable = (l->op->flags & MR_OP_RESUMABLE) != 0, rounds = 0;
  for (uint32_t at = 0; at < record_count;) {
    uint32_t n = record_count - at < batch ? record_count - at : batch;
    mr_batch b = {sizeof b, n, arena, records + at, 0, 0, 0, 0, MR_TIME_NONE, at};
    mr_work w = {sizeof w, n, 0, 0, 0};
    if (++rounds > ROUNDS)
      fail("process", "no end in sight");
    open_window(l, n);
    mr_status status = l->op->process(l->instance, &b, &w);
    harvest(l);
    if (status == MR_OK) {
      at += n;
    } else if ((status == MR_AGAIN || status == MR_YIELD) && resumable && w.consumed <= n) {
      at += w.consumed;
    } else if (status == MR_E_DATA && w.bad < n) {
      append(&l->result, "! ", 2);
      append(&l->result, l->ctx.text, strlen(l->ctx.text));
      append(&l->result, "\n", 1);
      at += w.bad + 1;
    } else {
      fprintf(stderr, "minihost: process answers %d: %s\n", (int)status, l->ctx.text);
      exit(1);
    }
    if (state && state->save)
      restart(l, state);
  }
}

/* ---- splits: copies of what a source names ------------------------------------- */

typedef struct {
  mr_split *items;
  uint64_t count;
} split_list;

static mr_str copy_text(mr_str text) {
  char *copy = malloc(text.size + 1);
  if (text.size)
    memcpy(copy, text.data, text.size);
  return (mr_str){copy, text.size};
}
static mr_status split_put(mr_splits *s, const mr_split *split, uint64_t n) {
  split_list *list = s->impl;
  list->items = realloc(list->items, (list->count + n + 1) * sizeof *list->items);
  for (uint64_t i = 0; i < n; i++)
    list->items[list->count++] = (mr_split){copy_text(split[i].id), copy_text(split[i].position)};
  return MR_OK;
}
/* Hands a source its splits, then forgets them. */
static void assign(life *l, const mr_source *source, split_list *list) {
  if (source->assign(l->instance, list->items, list->count) != MR_OK)
    fail("assign", l->ctx.text);
  for (uint64_t i = 0; i < list->count; i++) {
    free((void *)(uintptr_t)list->items[i].id.data);
    free((void *)(uintptr_t)list->items[i].position.data);
  }
  free(list->items);
}
static void find_splits(life *l, const mr_source *source) {
  split_list found = {0};
  mr_splits table = {sizeof table, 0, &found, split_put};
  if (!source->discover || !source->assign)
    return;
  if (source->discover(l->instance, &table) != MR_OK)
    fail("discover", l->ctx.text);
  assign(l, source, &found);
}
/* Ends the instance; another one goes on from its positions. */
static void move_on(life *l, const mr_source *source) {
  split_list places = {0};
  mr_splits table = {sizeof table, 0, &places, split_put};
  if (source->positions(l->instance, l->calls, &table) != MR_OK)
    fail("positions", l->ctx.text);
  l->op->destroy(l->instance);
  begin(l);
  assign(l, source, &places);
  start(l);
}

static void drain(life *l, const mr_source *source, uint32_t credit, int restarts) {
  mr_poll poll = {sizeof poll, credit, 0, 0, MR_TIME_NONE};
  mr_work work = {sizeof work, 0, 0, 0, 0};
  for (uint32_t rounds = 0; rounds < ROUNDS; rounds++) {
    open_window(l, credit);
    mr_status status = source->poll(l->instance, &poll, &work);
    if (l->out.icur - slots > credit)
      fail("poll", "more records than there was credit for");
    harvest(l);
    l->out.cur = arena;
    if (status == MR_DONE)
      return;
    if (status < 0)
      fail("poll", l->ctx.text);
    if (restarts && source->positions && rounds % 3 == 0)
      move_on(l, source);
  }
  fail("poll", "no end in sight");
}

static buffer live(life *l, uint32_t batch, int restarts) {
  const mr_source *source = l->op->extension(l->op, MR_EXT_SOURCE);
  const mr_state *state = l->op->extension(l->op, MR_EXT_STATE);
  if (l->op->extension(l->op, "millrace.nothing/1"))
    fail("extension", "offers what does not exist");
  l->result = (buffer){0};
  l->out = (mr_out){.struct_size = sizeof l->out,
                    .base = arena,
                    .cur = arena + used,
                    .end = arena + ARENA,
                    .icur = slots,
                    .iend = slots + SLOTS,
                    .ops = &out_ops};
  l->outs[0] = &l->out;
  begin(l);
  if (l->op->kind == MR_KIND_SOURCE)
    find_splits(l, source);
  start(l);
  if (l->op->kind == MR_KIND_SOURCE)
    drain(l, source, batch, restarts);
  else
    feed(l, batch, restarts ? state : NULL);
  mr_status status = MR_AGAIN;
  for (uint32_t rounds = 0; l->op->stop && status == MR_AGAIN && rounds < ROUNDS; rounds++) {
    open_window(l, 4);
    status = l->op->stop(l->instance);
    harvest(l);
  }
  if (l->op->stop && status != MR_OK)
    fail("stop", l->ctx.text);
  l->op->destroy(l->instance);
  return l->result;
}

/* ---- input, and all lives ------------------------------------------------------- */

static void read_records(void) {
  char *line = NULL;
  size_t room = 0;
  ssize_t size;
  while ((size = getline(&line, &room, stdin)) >= 0) {
    size -= size > 0 && line[size - 1] == '\n';
    char *tab = memchr(line, '\t', (size_t)size);
    uint16_t key = (uint16_t)(tab ? tab - line : 0);
    if (tab)
      memmove(tab, tab + 1, (size_t)(size - key - 1));
    uint32_t length = (uint32_t)size - (tab != NULL);
    mr_record r = {length, tab ? 0 : MR_REC_UNKEYED, key, 0, tab ? host_hash(line, key) : 0, 0, 0};
    records = realloc(records, (record_count + 1) * sizeof *records);
    records[record_count++] = (uint32_t)(used / MR_UNIT);
    memcpy(arena + used, &r, sizeof r);
    memcpy(arena + used + sizeof r, line, length);
    used = (used + sizeof r + length + MR_UNIT - 1) / MR_UNIT * MR_UNIT;
  }
  free(line);
}

static const mr_plugin *load(const char *library, const mr_host *host) {
  void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!handle)
    fail("dlopen", dlerror());
  const mr_plugin *(*entry)(const mr_host *) = NULL;
  *(void **)&entry = dlsym(handle, MR_ENTRY_SYMBOL);
  if (!entry || !entry(host) || entry(host) != entry(host))
    fail(library, "no entry, or not the same table each time");
  const mr_plugin *plugin = entry(host);
  if (plugin->abi_version >> 16 != MR_ABI_MAJOR || plugin->min_abi_version > MR_ABI_VERSION)
    fail(library, "made for another ABI");
  return plugin;
}

/* Loads all libraries, as a real host does, and answers the operator of one of them. */
static const mr_operator *find(char *libraries, const char *id, const mr_host *host) {
  const mr_operator *found = NULL;
  for (char *library = strtok(libraries, ":"); library; library = strtok(NULL, ":")) {
    const mr_plugin *plugin = load(library, host);
    for (uint32_t i = 0; i < plugin->operator_count; i++)
      if (strcmp(plugin->operators[i]->id, id) == 0)
        found = plugin->operators[i];
  }
  if (!found)
    fail(id, "no such operator in these libraries");
  return found;
}

int main(int count, char **words) {
  if (count < 3) {
    fprintf(stderr,
            "usage: minihost LIBRARY[:LIBRARY...] OPERATOR [PARAMETER=VALUE ...] < RECORDS\n");
    return 2;
  }
  argument_count = count - 3;
  arguments = words + 3;
  arena = aligned_alloc(PAGE, ARENA);
  slots = malloc(SLOTS * sizeof *slots);
  life l = {.host = host_table()};
  l.op = find(words[1], words[2], l.host);
  if (l.op->kind != MR_KIND_SOURCE)
    read_records();

  static const uint32_t batches[] = {256, 1, 2, 3, 7, 17, 64};
  buffer first = live(&l, BATCH, 0);
  fwrite(first.bytes, 1, first.size, stdout);
  fflush(stdout);
  for (unsigned i = 0; i < sizeof batches / sizeof *batches; i++)
    for (unsigned way = 0; way < 3; way++) {
      /* A sink's output is outside: running it again would only write it again. */
      if (l.op->kind == MR_KIND_SINK)
        continue;
      l.squeeze = way && l.op->flags & MR_OP_RESUMABLE ? 2 : 0;
      buffer again = live(&l, batches[i], way == 2);
      if (again.size != first.size || memcmp(again.bytes, first.bytes, first.size) != 0) {
        fprintf(stderr, "minihost: another output with batches of %u%s:\n%.*s", batches[i],
                way == 2 ? " and restarts" : "", (int)again.size, again.bytes);
        return 1;
      }
      free(again.bytes);
    }
  return 0;
}
