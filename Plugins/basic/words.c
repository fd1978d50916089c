// SPDX-License-Identifier: Apache-2.0
// `words`: each run of bytes between white space becomes a record, the word both its key and its
// value. A record is complete in itself: a word ends where the record ends.
//
// White space is turned into a bit mask of 64 bytes; a word begins and ends where neighbouring bits
// differ. When the output is full in the middle of a record, `done` remembers how far it got: the
// same record comes again as the first of its lane's next batch, perhaps after one of another lane.
#include "basic.h"
#include "scan.h"

#define LONGEST UINT16_MAX /* key_length is 16 bits wide */
/* Copied at once for a short word; the space behind it is reserved, but not committed. */
#define SHORT 16u

typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  mr_out *out;
  uint64_t (*hash)(const void *key, uint64_t size);
  uint32_t schema;
  uint32_t lanes; /* entries of `done` */
  uint32_t *done; /* per lane: bytes of the first record that comes next that are words already */
} words;

static mr_status words_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                              const mr_config *config, void **instance) {
  (void)self;
  (void)config;
  words *op = calloc(1, sizeof *op);
  if (op == NULL)
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  op->host = host;
  op->ctx = ctx;
  op->hash = host->hash;
  *instance = op;
  return MR_OK;
}

static void words_destroy(void *instance) {
  free(((words *)instance)->done);
  free(instance);
}

static mr_status words_start(void *instance, const mr_start *info) {
  words *op = instance;
  op->out = info->out[0];
  op->schema = info->out_schema[0];
  return MR_OK;
}

static uint32_t *done_of(words *op, uint32_t lane) {
  if (MR_UNLIKELY(lane >= op->lanes)) {
    uint32_t *grown = realloc(op->done, (lane + 1u) * sizeof *grown);
    if (grown == NULL)
      return NULL;
    memset(grown + op->lanes, 0, (lane + 1u - op->lanes) * sizeof *grown);
    op->done = grown;
    op->lanes = lane + 1;
  }
  return &op->done[lane];
}

/* Emit the word [first, last) of a record of `size` bytes. */
static inline mr_status emit(const words *op, const mr_record *record, const uint8_t *value,
                             uint64_t size, uint64_t first, uint64_t last) {
  uint32_t length = (uint32_t)(last - first);
  uint8_t *to = mr_reserve(op->out, 2 * length + SHORT);
  if (MR_UNLIKELY(to == NULL))
    return op->out->status;
  if (MR_LIKELY(length <= SHORT && size - first >= SHORT)) {
    uint8_t word[SHORT];
    memcpy(word, value + first, SHORT);
    memcpy(to, word, SHORT);
    memcpy(to + length, word, SHORT);
  } else {
    memcpy(to, value + first, length);
    memcpy(to + length, value + first, length);
  }
  mr_record head = {.length = 2 * length,
                    .key_length = (uint16_t)length,
                    .event_time = record->event_time,
                    .key_hash = op->hash(to, length),
                    .schema = op->schema,
                    .trace = record->trace};
  mr_commit(op->out, &head);
  return MR_OK;
}

/* All words of a record, from *done on. MR_OK: *done is 0 again. */
static mr_status split(const words *op, uint32_t *done, const mr_record *record,
                       const uint8_t *value, uint64_t size) {
  uint8_t room[64];
  uint64_t start = 0;  /* of the word that is open */
  uint64_t before = 1; /* was the byte before this block white space? */
  for (uint64_t at = *done; at < size; at += 64) {
    uint64_t space = scan_spaces(scan_block(value + at, size - at, room));
    uint64_t edges = space ^ (space << 1 | before);
    before = space >> 63;
    for (; edges != 0; edges &= edges - 1) {
      uint32_t bit = (uint32_t)__builtin_ctzll(edges);
      if (!(space >> bit & 1)) {
        start = at + bit;
        continue;
      }
      mr_status status = emit(op, record, value, size, start, at + bit);
      if (status != MR_OK) {
        *done = (uint32_t)start;
        return status;
      }
    }
  }
  if (!before) {
    mr_status status = emit(op, record, value, size, start, size);
    if (status != MR_OK) {
      *done = (uint32_t)start;
      return status;
    }
  }
  *done = 0;
  return MR_OK;
}

/* Is there a word too long to be a key? Only records that are longer themselves are looked at. */
static int has_giant(const uint8_t *value, uint64_t size) {
  uint64_t length = 0;
  for (uint64_t i = 0; i < size && length <= LONGEST; i++)
    length = value[i] == ' ' || (uint8_t)(value[i] - 9) <= 4 ? 0 : length + 1;
  return length > LONGEST;
}

static mr_status words_process(void *instance, const mr_batch *batch, mr_work *work) {
  words *op = instance;
  uint32_t *done = done_of(op, batch->lane);
  if (done == NULL)
    return mr_fail(op->host, op->ctx, MR_E_NOMEM, "out of memory");
  for (uint32_t i = 0; i < batch->count; i++) {
    const mr_record *record = mr_at(batch, i);
    const uint8_t *value = mr_value(batch, record);
    uint32_t size = mr_value_size(record);
    mr_prefetch(batch, i + 1);
    if (MR_UNLIKELY(size > LONGEST && *done == 0 && has_giant(value, size))) {
      work->bad = i;
      return basic_fail(op->host, op->ctx, MR_E_DATA,
                        "a word is longer than %u bytes and cannot be a key", LONGEST);
    }
    mr_status status = split(op, done, record, value, size);
    if (status != MR_OK) {
      work->consumed = i;
      return status;
    }
  }
  return MR_OK;
}

static const mr_port in = {.struct_size = sizeof(mr_port),
                           .name = "in",
                           .doc = "Text. A word ends where a record ends.",
                           .schema = "bytes"};
static const mr_port out = {.struct_size = sizeof(mr_port),
                            .name = "out",
                            .doc = "One record per word: the word is its key and its value.",
                            .schema = "text"};
static const mr_port *const inputs[] = {&in}, *const outputs[] = {&out};

const mr_operator basic_words = {
    .struct_size = sizeof(mr_operator),
    .kind = MR_KIND_TRANSFORM,
    .flags = MR_OP_STATELESS | MR_OP_DETERMINISTIC | MR_OP_RESUMABLE,
    .id = "words",
    .version = "1.0.0",
    .title = "Words",
    .description = "Splits text at white space. Each word becomes a record of its own, keyed by "
                   "itself.",
    .example = "{ use: words, from: lines }",
    .inputs = inputs,
    .outputs = outputs,
    .input_count = 1,
    .output_count = 1,
    .create = words_create,
    .destroy = words_destroy,
    .start = words_start,
    .process = words_process,
    .extension = basic_no_extension};
