// SPDX-License-Identifier: Apache-2.0
// One instance from create to its end, and what a checkpoint has of it.
#include "host.h"

enum { ARENA = 1 << 20, SLOTS = 4096 };

void forget(checkpoint *one) {
  for (uint32_t i = 0; i < one->count; i++)
    drop(&one->pieces[i].bytes);
  free(one->pieces);
  for (uint64_t i = 0; i < one->places.count; i++) {
    free((void *)(uintptr_t)one->places.items[i].id.data);
    free((void *)(uintptr_t)one->places.items[i].position.data);
  }
  free(one->places.items);
  drop(&one->keyed);
  *one = (checkpoint){0};
}

/* ---- parameters: what was given, else the default ------------------------------------- */

static const char *parameter(const mr_config *c, const char *path) {
  const mr_operator *op = c->impl;
  size_t length = strlen(path + 1);
  for (int i = 0; i < parameter_count; i++)
    if (strncmp(parameters[i], path + 1, length) == 0 && parameters[i][length] == '=')
      return parameters[i] + length + 1;
  for (uint32_t i = 0; i < op->param_count; i++)
    if (strcmp(op->params[i]->name, path + 1) == 0)
      return op->params[i]->default_value;
  return NULL;
}
static mr_type type_of(const mr_config *c, const char *path) {
  return parameter(c, path) != NULL ? MR_T_STRING : MR_T_ABSENT;
}
static mr_status get_bool(const mr_config *c, const char *path, uint32_t *out) {
  const char *words = parameter(c, path);
  if (words != NULL)
    *out = strcmp(words, "true") == 0;
  return words != NULL ? MR_OK : MR_E_CONFIG;
}
static mr_status get_int(const mr_config *c, const char *path, int64_t *out) {
  static const struct {
    const char *unit;
    int64_t size;
  } units[] = {{"", 1},
               {"KiB", 1024},
               {"MiB", 1 << 20},
               {"ms", 1000000},
               {"s", 1000000000},
               {"m", 60 * 1000000000ll},
               {"h", 3600 * 1000000000ll}};
  const char *words = parameter(c, path);
  char *unit;
  if (words == NULL)
    return MR_E_CONFIG;
  int64_t number = strtoll(words, &unit, 10);
  for (unsigned i = 0; i < sizeof units / sizeof *units; i++)
    if (strcmp(units[i].unit, unit) == 0) {
      *out = number * units[i].size;
      return MR_OK;
    }
  fail("no number: %s", words);
}
static mr_status get_float(const mr_config *c, const char *path, double *out) {
  const char *words = parameter(c, path);
  if (words != NULL)
    *out = strtod(words, NULL);
  return words != NULL ? MR_OK : MR_E_CONFIG;
}
static mr_status get_string(const mr_config *c, const char *path, mr_str *out) {
  const char *words = parameter(c, path);
  if (words != NULL)
    *out = (mr_str){words, strlen(words)};
  return words != NULL ? MR_OK : MR_E_CONFIG;
}

/* ---- output --------------------------------------------------------------------------- */

static mr_status out_grow(mr_out *o, uint64_t bytes) {
  (void)o, (void)bytes;
  return MR_AGAIN;
}
static mr_status out_forward(mr_out *o, const mr_batch *b, const uint32_t *which, uint32_t n) {
  uint8_t *cur = o->cur;
  uint32_t *icur = o->icur;
  for (uint32_t i = 0; i < (which != NULL ? n : b->count); i++) {
    const mr_record *r = mr_at(b, which != NULL ? which[i] : i);
    mr_record head = *r;
    if (mr_emit(o, &head, mr_payload(b, r)) != MR_OK) {
      o->cur = cur;
      o->icur = icur;
      return MR_AGAIN;
    }
  }
  return MR_OK;
}
static mr_status out_forward_as(mr_out *o, const mr_batch *b, uint32_t i, const mr_record *head) {
  return mr_emit(o, head, mr_payload(b, mr_at(b, i)));
}
static mr_status out_reserve(mr_out *o, uint32_t length, void **payload) {
  *payload = mr_reserve(o, length);
  return *payload != NULL ? MR_OK : o->status;
}
static mr_status out_commit(mr_out *o, const mr_record *head) {
  mr_commit(o, head);
  return MR_OK;
}
static const mr_out_ops out_ops = {sizeof out_ops, 0,           out_grow,  out_forward,
                                   out_forward_as, out_reserve, out_commit};

/* Sometimes there is little room, for those who can go on later. */
static void open_window(life *l) {
  int little = (l->op->flags & MR_OP_RESUMABLE) != 0 && one_in(3);
  l->out.base = l->out.cur = l->arena;
  l->out.end = l->arena + (little ? 40000 : ARENA);
  l->out.icur = l->slots;
  l->out.iend = l->slots + (little ? 1 + chance() % BATCH : SLOTS);
}

static void harvest(life *l) {
  for (uint32_t *unit = l->slots; unit < l->out.icur; unit++) {
    const mr_record *r = (const void *)(l->arena + (uint64_t)*unit * MR_UNIT);
    const char *payload = (const char *)(r + 1);
    if (r->key_length > 0 && r->key_hash != the_host.hash(payload, r->key_length))
      fail("a record with a wrong key hash");
    add(l->result, payload, r->key_length);
    add(l->result, "\t", r->flags & MR_REC_UNKEYED ? 0 : 1);
    add(l->result, payload + r->key_length, r->length - r->key_length);
    add(l->result, "\n", 1);
  }
}

/* ---- calls -------------------------------------------------------------------------------- */

static int64_t piece_read(mr_reader *r, void *into, uint64_t size) {
  text *from = r->impl;
  uint64_t left = from->size - from->at, n = size > 500 ? 500 : size;
  n = n < left ? n : left;
  if (n > 0)
    memcpy(into, from->bytes + from->at, n);
  from->at += n;
  return (int64_t)n;
}

mr_status begin(life *l, const mr_operator *op, const checkpoint *from) {
  text *result = l->result;
  *l = (life){.op = op, .result = result};
  l->state = op->extension(op, MR_EXT_STATE);
  l->source = op->kind == MR_KIND_SOURCE ? op->extension(op, MR_EXT_SOURCE) : NULL;
  l->sink = op->kind == MR_KIND_SINK ? op->extension(op, MR_EXT_SINK) : NULL;
  mr_config config = {.struct_size = sizeof config,
                      .impl = (void *)(uintptr_t)op,
                      .type = type_of,
                      .get_bool = get_bool,
                      .get_int = get_int,
                      .get_float = get_float,
                      .get_string = get_string};
  keyed_state_declare(op);
  if (from != NULL)
    keyed_state_restore(from->keyed);
  mr_status status = op->create(op, &the_host, &l->ctx, &config, &l->instance);
  return status == MR_OK && from != NULL ? restore(l, from) : status;
}

mr_status restore(life *l, const checkpoint *from) {
  mr_status status = MR_OK;
  for (uint32_t i = 0; i < from->count && status == MR_OK; i++) {
    text bytes = from->pieces[i].bytes;
    mr_reader reader = {sizeof reader, 0, &bytes, piece_read};
    mr_snapshot info = {sizeof info,    l->op->state_version,  from->epoch,
                        l->op->version, from->pieces[i].group, from->count};
    status = l->state->restore(l->instance, &info, &reader);
  }
  return status;
}

static mr_str copy_bytes(mr_str from) {
  char *copy = malloc(from.size + 1);
  if (from.size > 0)
    memcpy(copy, from.data, from.size);
  return (mr_str){copy, from.size};
}

static mr_status put_split(mr_splits *s, const mr_split *split, uint64_t n) {
  splits *list = s->impl;
  list->items = realloc(list->items, (list->count + n) * sizeof *list->items);
  for (uint64_t i = 0; i < n; i++)
    list->items[list->count++] = (mr_split){copy_bytes(split[i].id), copy_bytes(split[i].position)};
  return MR_OK;
}

mr_status assign(life *l, const checkpoint *from) {
  if (l->source == NULL || l->source->assign == NULL)
    return MR_OK;
  if (from->epoch != 0)
    return l->source->assign(l->instance, from->places.items, from->places.count);
  checkpoint fresh = {0};
  mr_splits table = {sizeof table, 0, &fresh.places, put_split};
  mr_status status = l->source->discover(l->instance, &table);
  if (status == MR_OK)
    status = l->source->assign(l->instance, fresh.places.items, fresh.places.count);
  forget(&fresh);
  return status;
}

mr_status start(life *l, uint64_t restored_epoch) {
  l->arena = aligned_alloc(4096, ARENA);
  l->slots = malloc(SLOTS * sizeof *l->slots);
  l->out = (mr_out){.struct_size = sizeof l->out, .ops = &out_ops};
  l->outs[0] = l->outs[1] = &l->out;
  open_window(l);
  l->facts = (mr_start){.struct_size = sizeof l->facts,
                        .batch_limit = BATCH,
                        .out = l->outs,
                        .out_count = l->op->output_count,
                        .parallelism = 1,
                        .key_group_last = 1023,
                        .key_groups = 1024,
                        .restored_epoch = restored_epoch,
                        .log_level = &l->zero,
                        .cancel = &l->zero,
                        .in_schema = &l->zero,
                        .out_schema = &l->zero,
                        .job = "job",
                        .node = "node"};
  return l->op->start(l->instance, &l->facts);
}

mr_status process(life *l, const uint32_t *records, uint32_t count, uint64_t sequence,
                  uint32_t *taken) {
  mr_batch b = {sizeof b, count, input_arena, records, 0, 0, 0, 0, MR_TIME_NONE, sequence};
  b.flags = one_in(2) ? MR_BATCH_MORE : 0;
  mr_work w = {sizeof w, count, 0, 0, 0};
  open_window(l);
  mr_status status = l->op->process(l->instance, &b, &w);
  l->parked = status == MR_AGAIN || status == MR_YIELD;
  if (status == MR_E_DATA) {
    harvest(l);
    add(l->result, "! ", 2);
    add(l->result, l->ctx.text, strlen(l->ctx.text));
    add(l->result, "\n", 1);
    *taken = w.bad + 1;
    return MR_OK;
  }
  *taken = status == MR_OK ? count : status > 0 ? w.consumed : 0;
  if (status >= 0)
    harvest(l);
  return status;
}

mr_status poll_source(life *l, uint32_t credit) {
  mr_poll poll = {sizeof poll, credit, 0, 0, MR_TIME_NONE};
  mr_work work = {sizeof work, 0, 0, 0, 0};
  open_window(l);
  mr_status status = l->source->poll(l->instance, &poll, &work);
  if (l->out.icur - l->slots > credit)
    fail("more records than there was credit for");
  if (status >= 0)
    harvest(l);
  return status;
}

mr_status stop(life *l) {
  mr_status status = MR_OK;
  do {
    open_window(l);
    status = l->op->stop != NULL ? l->op->stop(l->instance) : MR_OK;
    if (status >= 0)
      harvest(l);
  } while (status == MR_AGAIN);
  return status;
}

static int64_t piece_write(mr_writer *w, const void *data, uint64_t size) {
  checkpoint *into = w->impl;
  uint64_t n = size > 700 ? 700 : size;
  if (into->count == 0)
    w->key_group(w, UINT32_MAX);
  add(&into->pieces[into->count - 1].bytes, data, n);
  return (int64_t)n;
}
static mr_status piece_group(mr_writer *w, uint32_t group) {
  checkpoint *into = w->impl;
  if (into->count > 0 && into->pieces[into->count - 1].group >= group)
    fail("key groups that do not ascend");
  into->pieces = realloc(into->pieces, (into->count + 1) * sizeof *into->pieces);
  into->pieces[into->count++] = (piece){.group = group};
  return MR_OK;
}

mr_status take_checkpoint(life *l, uint64_t epoch, checkpoint *into) {
  mr_status status = MR_OK;
  *into = (checkpoint){.epoch = epoch};
  mr_splits table = {sizeof table, 0, &into->places, put_split};
  mr_writer writer = {sizeof writer, 0, into, piece_write, piece_group};
  if (l->source != NULL && l->source->positions != NULL)
    status = l->source->positions(l->instance, epoch, &table);
  if (status == MR_OK && l->state != NULL)
    status = l->state->save(l->instance, epoch, &writer);
  keyed_state_save(&into->keyed);
  return status;
}

void crash(life *l) {
  free(l->arena);
  free(l->slots);
  l->arena = NULL;
  l->slots = NULL;
  l->instance = NULL;
}

void end(life *l) {
  l->op->destroy(l->instance);
  crash(l);
}
