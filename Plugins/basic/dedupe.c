// SPDX-License-Identifier: Apache-2.0
// `dedupe`: lets the first record of a key through, and another one when `ttl` is over.
//
// The host keeps the table `seen`: per key when its record passed. One call fetches the entries of
// a batch, made where they are missing; records of one key share an entry, so a key that comes
// twice in a batch is seen by its second record. A timer removes an entry when its time is over;
// where the host has no timers, it stays until its key comes again.
#include "basic.h"

typedef struct {
  int64_t passed; /* event time, or wall clock where the record has none */
  uint64_t seen;  /* 0: the entry is new */
} entry;
MR_STATIC_ASSERT(sizeof(entry) == 16, "as the table says");

typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  mr_out *out;
  const mr_host_keyed_state *keyed;
  const mr_host_time *time; /* NULL: the host has no timers */
  int64_t ttl;              /* ns; 0: for ever */
  uint32_t limit;           /* entries of the arrays */
  mr_kv *entries;
  uint32_t *chosen;
  mr_timer *timers;
} dedupe;

enum { TABLE = 0 };

static void dedupe_destroy(void *instance) {
  dedupe *op = instance;
  free(op->entries);
  free(op->chosen);
  free(op->timers);
  free(op);
}

static mr_status dedupe_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                               const mr_config *config, void **instance) {
  (void)self;
  const mr_host_keyed_state *keyed = basic_service(host, ctx, MR_EXT_KEYED_STATE);
  if (keyed == NULL)
    return MR_E_UNSUPPORTED;
  int64_t ttl = 0;
  mr_status status = basic_given(config, "/ttl") ? config->get_int(config, "/ttl", &ttl) : MR_OK;
  if (status != MR_OK)
    return status;
  dedupe *op = calloc(1, sizeof *op);
  if (op == NULL)
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  op->host = host;
  op->ctx = ctx;
  op->keyed = keyed;
  op->time = ttl > 0 ? host->extension(host, MR_EXT_TIME) : NULL;
  op->ttl = ttl;
  *instance = op;
  return MR_OK;
}

/* Timers come 1,000 at a time at most. */
#define DUE 1000u

static mr_status dedupe_start(void *instance, const mr_start *info) {
  dedupe *op = instance;
  op->out = info->out[0];
  op->limit = info->batch_limit > DUE ? info->batch_limit : DUE;
  op->entries = malloc(op->limit * sizeof *op->entries);
  op->chosen = malloc(op->limit * sizeof *op->chosen);
  op->timers = malloc(op->limit * sizeof *op->timers);
  return op->entries != NULL && op->chosen != NULL && op->timers != NULL
             ? MR_OK
             : mr_fail(op->host, op->ctx, MR_E_NOMEM, "out of memory");
}

static int64_t end_of(const dedupe *op, int64_t passed) {
  return passed > INT64_MAX - op->ttl ? INT64_MAX : passed + op->ttl;
}

static mr_kv kv_of(uint64_t hash, mr_str key) { return (mr_kv){.key_hash = hash, .key = key}; }

/* How many records at the front have a key; their keys go to `entries`. */
static uint32_t collect(dedupe *op, const mr_batch *batch) {
  uint32_t count = 0;
  for (; count < batch->count; count++) {
    const mr_record *record = mr_at(batch, count);
    mr_prefetch(batch, count + 4);
    if (record->flags & MR_REC_UNKEYED)
      break;
    mr_str key = {(const char *)mr_payload(batch, record), record->key_length};
    op->entries[count] = kv_of(record->key_hash, key);
  }
  return count;
}

/* Which of the first `count` records pass. Sets their timers too. */
static mr_status choose(dedupe *op, const mr_batch *batch, uint32_t count, uint32_t *passing) {
  int64_t now = op->host->now(op->ctx, MR_CLOCK_WALL);
  uint32_t n = 0;
  for (uint32_t i = 0; i < count; i++) {
    const mr_record *record = mr_at(batch, i);
    int has_time = record->event_time != MR_TIME_NONE;
    int64_t time = has_time ? record->event_time : now;
    entry *found = mr_kv_memory(&op->entries[i]);
    if (found->seen && (op->ttl == 0 || time < end_of(op, found->passed)))
      continue;
    *found = (entry){time, 1};
    op->timers[n] = (mr_timer){.time = end_of(op, time),
                               .key_hash = record->key_hash,
                               .key = op->entries[i].key,
                               .domain = has_time ? MR_EVENT_TIME : MR_PROCESSING_TIME};
    op->chosen[n++] = i;
  }
  *passing = n;
  return op->time != NULL && n > 0 ? op->time->set(op->ctx, op->timers, n) : MR_OK;
}

static mr_status dedupe_process(void *instance, const mr_batch *batch, mr_work *work) {
  dedupe *op = instance;
  uint32_t count = collect(op, batch), passing = 0;
  mr_status status = MR_OK;
  if (count > 0)
    status = op->keyed->edit(op->ctx, TABLE, op->entries, count);
  if (status == MR_OK && count > 0)
    status = choose(op, batch, count, &passing);
  if (status != MR_OK)
    return basic_fail(op->host, op->ctx, status, "the keys of a batch cannot be looked up");
  if (passing > 0)
    status = mr_forward(op->out, batch, op->chosen, passing);
  if (status != MR_OK || count == batch->count)
    return status;
  work->bad = count;
  return mr_fail(op->host, op->ctx, MR_E_DATA,
                 "a record has no key to know it by: put `key` before this node, or name one on "
                 "the edge");
}

/* Entries whose time is over. One that another record has renewed has a later timer. */
static mr_status dedupe_on_timers(void *instance, const mr_timer *due, uint64_t n, mr_work *work) {
  dedupe *op = instance;
  uint64_t gone = 0;
  (void)work;
  for (uint64_t i = 0; i < n; i++)
    op->entries[i] = kv_of(due[i].key_hash, due[i].key);
  mr_status status = op->keyed->get(op->ctx, TABLE, op->entries, n);
  for (uint64_t i = 0; i < n && status == MR_OK; i++) {
    entry found;
    if (op->entries[i].value.data == NULL)
      continue;
    memcpy(&found, op->entries[i].value.data, sizeof found);
    if (end_of(op, found.passed) <= due[i].time)
      op->entries[gone++] = kv_of(due[i].key_hash, due[i].key);
  }
  if (status == MR_OK && gone > 0)
    status = op->keyed->remove(op->ctx, TABLE, op->entries, gone);
  return status == MR_OK
             ? MR_OK
             : basic_fail(op->host, op->ctx, status, "keys that are over cannot be removed");
}

static const mr_time timing = {.struct_size = sizeof(mr_time), .on_timers = dedupe_on_timers};

static const mr_table seen = {
    .struct_size = sizeof(mr_table),
    .name = "seen",
    .doc = "When the last record of a key passed: event time or wall clock in ns, and 1; 8 bytes "
           "each, in the order of the machine.",
    .version = 1,
    .value_size = sizeof(entry)};
static const mr_table *const tables[] = {&seen};
static const mr_keyed_state state = {
    .struct_size = sizeof(mr_keyed_state), .table_count = 1, .tables = tables};

static const void *dedupe_extension(const mr_operator *self, const char *id) {
  (void)self;
  if (strcmp(id, MR_EXT_KEYED_STATE) == 0)
    return &state;
  return strcmp(id, MR_EXT_TIME) == 0 ? &timing : NULL;
}

static const mr_param ttl = {
    .struct_size = sizeof(mr_param),
    .type = MR_P_DURATION,
    .name = "ttl",
    .doc = "How long a key is remembered, from the record that passed: by event time where records "
           "have one, else by the clock. Absent: for ever, and the state grows with every key.",
    .example = "1h",
    .minimum = "1ms",
    .maximum = "3650d"};
static const mr_param *const params[] = {&ttl};

static const mr_port in = {.struct_size = sizeof(mr_port),
                           .name = "in",
                           .doc = "Records with a key, all of a key in one task.",
                           .schema = "any"};
static const mr_port out = {.struct_size = sizeof(mr_port),
                            .flags = MR_PORT_FORWARDS,
                            .name = "out",
                            .doc = "The first record of each key, in their order.",
                            .schema = "same(in)",
                            .max_records_per_input = 1};
static const mr_port *const inputs[] = {&in}, *const outputs[] = {&out};

const mr_operator basic_dedupe = {
    .struct_size = sizeof(mr_operator),
    .kind = MR_KIND_TRANSFORM,
    .id = "dedupe",
    .version = "1.0.0",
    .title = "Dedupe",
    .description = "Drops records whose key was seen before, or within a time. What it has seen is "
                   "part of a checkpoint.",
    .example = "{ use: dedupe, from: { node: orders, key: id, partition: hash }, "
               "with: { ttl: 1h } }",
    .params = params,
    .inputs = inputs,
    .outputs = outputs,
    .param_count = sizeof params / sizeof *params,
    .input_count = 1,
    .output_count = 1,
    .create = dedupe_create,
    .destroy = dedupe_destroy,
    .start = dedupe_start,
    .process = dedupe_process,
    .extension = dedupe_extension};
