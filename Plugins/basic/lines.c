// SPDX-License-Identifier: Apache-2.0
// `lines`: cuts a stream of bytes at its newlines. Records are pieces of the stream, cut anywhere:
// what follows the last newline waits for the next record of the same lane, and the end.
#include "lines.h"

static mr_status lines_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                              const mr_config *config, void **instance) {
  (void)self;
  int64_t longest = 0;
  mr_status status = config->get_int(config, "/max_length", &longest);
  if (status != MR_OK)
    return status;
  lines *op = calloc(1, sizeof *op);
  if (op == NULL)
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  op->host = host;
  op->ctx = ctx;
  op->longest = (uint64_t)longest;
  op->cut = cut_lines_fastest();
  *instance = op;
  return MR_OK;
}

static void lines_destroy(void *instance) {
  lines *op = instance;
  for (uint32_t i = 0; i < op->lanes; i++)
    free(op->lane[i].rest);
  free(op->lane);
  free(op);
}

static mr_status lines_start(void *instance, const mr_start *info) {
  lines *op = instance;
  op->out = info->out[0];
  op->schema = info->out_schema[0];
  return MR_OK;
}

lines_piece *lines_piece_of(lines *op, uint32_t lane) {
  if (MR_UNLIKELY(lane >= op->lanes)) {
    lines_piece *grown = realloc(op->lane, (lane + 1u) * sizeof *grown);
    if (grown == NULL)
      return NULL;
    memset(grown + op->lanes, 0, (lane + 1u - op->lanes) * sizeof *grown);
    op->lane = grown;
    op->lanes = lane + 1;
  }
  return &op->lane[lane];
}

int lines_hold(lines_piece *held, const uint8_t *bytes, uint64_t size) {
  if (held->room - held->used < size) {
    uint64_t room = 2 * (held->used + size);
    uint8_t *rest = realloc(held->rest, room);
    if (rest == NULL)
      return 0;
    held->rest = rest;
    held->room = room;
  }
  memcpy(held->rest + held->used, bytes, size);
  held->used += size;
  return 1;
}

static mr_status no_memory(const lines *op) {
  return mr_fail(op->host, op->ctx, MR_E_NOMEM, "out of memory");
}

static mr_record head_of(const lines *op, const mr_record *from, uint64_t length) {
  return (mr_record){.length = (uint32_t)length,
                     .flags = MR_REC_UNKEYED,
                     .event_time = from->event_time,
                     .schema = op->schema,
                     .trace = from->trace};
}

static void commit(const lines *op, const mr_record *from, uint64_t length) {
  mr_record head = head_of(op, from, length);
  mr_commit(op->out, &head);
}

/* Emit a line that began in earlier records. */
static mr_status emit_joined(const lines *op, const lines_piece *held, const mr_record *from,
                             const uint8_t *bytes, uint64_t size) {
  uint8_t *to = mr_reserve(op->out, (uint32_t)(held->used + size));
  if (to == NULL)
    return op->out->status;
  memcpy(to, held->rest, held->used);
  if (size > 0)
    memcpy(to + held->used, bytes, size);
  commit(op, from, held->used + size);
  return MR_OK;
}

/* Emit a line that lies in one record and is not short. */
static mr_status emit(const lines *op, const mr_record *from, const uint8_t *bytes, uint64_t size) {
  uint8_t *to = mr_reserve(op->out, (uint32_t)size);
  if (to == NULL)
    return op->out->status;
  if (size > 0)
    memcpy(to, bytes, size);
  commit(op, from, size);
  return MR_OK;
}

/* Keep [bytes, bytes + size) until the end of the line comes. */
static mr_status keep(lines *op, lines_piece *held, const mr_record *record, const uint8_t *bytes,
                      uint64_t size) {
  if (held->skipping || size == 0)
    return MR_OK;
  if (!lines_hold(held, bytes, size))
    return no_memory(op);
  held->head = *record;
  return MR_OK;
}

/* One complete line, with what is kept of its beginning. */
static mr_status finish(const lines *op, lines_piece *held, const mr_record *record,
                        const uint8_t *bytes, uint64_t size) {
  if (held->used == 0 && !held->skipping)
    return emit(op, record, bytes, size);
  mr_status status = held->skipping ? MR_OK : emit_joined(op, held, record, bytes, size);
  if (status == MR_OK) {
    held->skipping = 0;
    held->used = 0;
  }
  return status;
}

/* All lines of a record, from `done` on. MR_OK: `done` is 0 again. */
static mr_status split(lines *op, lines_piece *held, const mr_record *record, const uint8_t *value,
                       uint64_t size) {
  cut text = {.out = op->out,
              .head = head_of(op, record, 0),
              .bytes = value,
              .size = size,
              .start = held->done < size ? held->done : size, /* a damaged state has any */
              .most = UINT32_MAX};
  /* A line that began in an earlier record comes first. */
  int plain = held->used == 0 && !held->skipping;
  while (text.start < size) {
    if (plain)
      op->cut(&text);
    const uint8_t *from = value + text.start;
    const uint8_t *newline = memchr(from, '\n', size - text.start);
    if (newline == NULL)
      break;
    uint64_t length = (uint64_t)(newline - from);
    mr_status status = finish(op, held, record, from, length);
    if (MR_UNLIKELY(status != MR_OK)) {
      held->done = text.start;
      return status;
    }
    plain = 1;
    text.start += length + 1;
  }
  mr_status status = keep(op, held, record, value + text.start, size - text.start);
  if (status == MR_OK)
    held->done = 0;
  return status;
}

/* Does a line become too long with this record? 0: no. Otherwise its length so far. */
static uint64_t too_long(const lines *op, const lines_piece *held, const uint8_t *value,
                         uint64_t size) {
  uint64_t length = held->used;
  if (held->skipping || MR_LIKELY(length + size <= op->longest))
    return 0;
  for (uint64_t at = 0; at < size;) {
    const uint8_t *newline = memchr(value + at, '\n', size - at);
    uint64_t end = newline != NULL ? (uint64_t)(newline - value) : size;
    length += end - at;
    if (length > op->longest)
      return length;
    length = 0;
    at = end + 1;
  }
  return 0;
}

/* The record goes to the dead letters; so does the line that it begins or continues. */
static mr_status refuse(const lines *op, lines_piece *held, const uint8_t *value, uint64_t size,
                        uint64_t length) {
  held->used = 0;
  held->skipping = size > 0 && value[size - 1] != '\n';
  return basic_fail(op->host, op->ctx, MR_E_DATA,
                    "a line has %llu bytes or more, expected at most %llu: raise max_length",
                    (unsigned long long)length, (unsigned long long)op->longest);
}

static mr_status explained(const lines *op, mr_status status) {
  if (status != MR_E_TOO_LARGE)
    return status;
  return mr_fail(op->host, op->ctx, status,
                 "a line is larger than the output may hold: lower max_length, or give the node "
                 "more output memory");
}

static mr_status lines_process(void *instance, const mr_batch *batch, mr_work *work) {
  lines *op = instance;
  lines_piece *held = lines_piece_of(op, batch->lane);
  if (held == NULL)
    return no_memory(op);
  for (uint32_t i = 0; i < batch->count; i++) {
    const mr_record *record = mr_at(batch, i);
    const uint8_t *value = mr_value(batch, record);
    uint64_t size = mr_value_size(record);
    mr_prefetch(batch, i + 1);
    uint64_t length = held->done == 0 ? too_long(op, held, value, size) : 0;
    if (MR_UNLIKELY(length > 0)) {
      work->bad = i;
      return refuse(op, held, value, size, length);
    }
    mr_status status = split(op, held, record, value, size);
    if (status != MR_OK) {
      work->consumed = i;
      return explained(op, status);
    }
  }
  return MR_OK;
}

/* The end: a last line needs no newline. */
static mr_status lines_stop(void *instance) {
  lines *op = instance;
  for (uint32_t i = 0; i < op->lanes; i++) {
    lines_piece *held = &op->lane[i];
    if (held->used == 0)
      continue;
    mr_status status = emit_joined(op, held, &held->head, NULL, 0);
    if (status != MR_OK)
      return status;
    held->used = 0;
  }
  return MR_OK;
}

static const void *lines_extension(const mr_operator *self, const char *id) {
  (void)self;
  return strcmp(id, MR_EXT_STATE) == 0 ? &lines_state : NULL;
}

static const mr_param max_length = {
    .struct_size = sizeof(mr_param),
    .type = MR_P_SIZE,
    .name = "max_length",
    .doc = "The longest line in bytes. The record in which a line gets longer is refused, and the "
           "rest of that line is dropped.",
    .default_value = "1MiB",
    .minimum = "1",
    .maximum = "8388576"};
static const mr_param *const params[] = {&max_length};

static const mr_port in = {.struct_size = sizeof(mr_port),
                           .name = "in",
                           .doc = "Pieces of a stream of bytes, cut anywhere.",
                           .schema = "bytes"};
static const mr_port out = {.struct_size = sizeof(mr_port),
                            .name = "out",
                            .doc = "One record per line, without its newline and without a key.",
                            .schema = "text"};
static const mr_port *const inputs[] = {&in}, *const outputs[] = {&out};

const mr_operator basic_lines = {
    .struct_size = sizeof(mr_operator),
    .kind = MR_KIND_TRANSFORM,
    .flags = MR_OP_DETERMINISTIC | MR_OP_RESUMABLE,
    .id = "lines",
    .version = "1.1.0",
    .title = "Lines",
    .description = "Makes a record of each line of a stream of bytes. Lines may span records; the "
                   "last one needs no newline.",
    .example = "{ use: lines, from: file }",
    .params = params,
    .inputs = inputs,
    .outputs = outputs,
    .param_count = 1,
    .input_count = 1,
    .output_count = 1,
    .state_version = 1,
    .create = lines_create,
    .destroy = lines_destroy,
    .start = lines_start,
    .stop = lines_stop,
    .process = lines_process,
    .extension = lines_extension};
