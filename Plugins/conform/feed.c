// SPDX-License-Identifier: Apache-2.0
// `conform.bytes`, `conform.text`, `conform.json`: records that look like much that exists, or,
// with `edges`, like what is often forgotten. The same parameters give the same records, whenever
// and in whatever portions they are asked for.
#include "conform.h"
#include <stdio.h>

/* Room for an ordinary record, and for an edge beside the largest. */
#define ORDINARY_MAX 4096u
#define KEY_MAX 65535u
#define EDGES 12u

typedef struct feed feed;
struct feed {
  const mr_host *host;
  mr_ctx *ctx;
  mr_out *out;
  /* Fills `payload`, which has room for ORDINARY_MAX bytes. */
  conform_shape (*ordinary)(const feed *op, uint64_t number, uint8_t *payload);
  uint64_t count, seed, sent; /* `sent` and `count` from `first` on */
  int64_t largest;
  int edges;
  uint32_t schema;
};

static void random_bytes(uint64_t *state, uint8_t *into, uint32_t size) {
  for (uint32_t i = 0; i < size; i++)
    into[i] = (uint8_t)(conform_next(state) >> 24);
}

static uint64_t state_of(const feed *op, uint64_t number) {
  return op->seed * UINT64_C(0xD1342543DE82EF95) + number;
}

static conform_shape bytes(const feed *op, uint64_t number, uint8_t *payload) {
  uint64_t state = state_of(op, number);
  uint32_t length = (uint32_t)(conform_next(&state) % 200);
  if (number % 97 == 0)
    length = (uint32_t)(conform_next(&state) % ORDINARY_MAX);
  random_bytes(&state, payload, length);
  uint16_t key = (uint16_t)(length < 2 ? length : 2);
  if (key == 2) /* few keys, so that each comes again */
    payload[0] = 'k', payload[1] = (uint8_t)('a' + number % 7);
  return (conform_shape){.length = length, .key_length = number % 3 == 0 ? 0 : key};
}

static conform_shape text(const feed *op, uint64_t number, uint8_t *payload) {
  static const char *const words[] = {"the",   "mill",   "turns",        "as",  "long", "water",
                                      "flows", "Wasser", "\xE6\xB0\xB4", "a-b", "x"};
  uint64_t state = state_of(op, number);
  uint32_t length = 0;
  for (uint64_t left = conform_next(&state) % 12; left > 0; left--) {
    const char *word = words[conform_next(&state) % (sizeof words / sizeof *words)];
    if (length > 0)
      payload[length++] = conform_next(&state) % 9 == 0 ? '\t' : ' ';
    memcpy(payload + length, word, strlen(word));
    length += (uint32_t)strlen(word);
  }
  return (conform_shape){.length = length};
}

static conform_shape json(const feed *op, uint64_t number, uint8_t *payload) {
  uint64_t state = state_of(op, number);
  int64_t amount = (int64_t)(conform_next(&state) % 2000) - 500;
  int size = snprintf((char *)payload, ORDINARY_MAX,
                      "{\"id\":%llu,\"amount\":%lld.%u,\"name\":\"n%llu\",\"ok\":%s,"
                      "\"tags\":[\"a\",null],\"customer\":{\"id\":\"c%llu\"}}",
                      (unsigned long long)number, (long long)amount,
                      (unsigned)(conform_next(&state) % 100), (unsigned long long)(number % 13),
                      number % 2 == 0 ? "true" : "false", (unsigned long long)(number % 7));
  return (conform_shape){.length = (uint32_t)size};
}

/* Beginning and end of the time that there is; a watermark behind it may mean nothing. */
static int64_t edge_time(uint64_t number) {
  static const int64_t times[] = {MR_TIME_NONE, 0, -1, INT64_MAX - 1, INT64_MIN + 1};
  return times[number % (sizeof times / sizeof *times)];
}

static conform_shape edge(const feed *op, uint64_t number) {
  conform_shape shape = {0, 0, 0, edge_time(number)};
  switch (number % EDGES) {
  case 0:
    return shape; /* nothing at all */
  case 1:
    shape.length = 1;
    return shape;
  case 2:
    shape.length = shape.key_length = 1;
    return shape;
  case 3:
    shape.length = shape.key_length = KEY_MAX;
    return shape;
  case 4:
    shape.length = KEY_MAX + 5u, shape.key_length = KEY_MAX;
    return shape;
  case 5:
    shape.length = (uint32_t)op->largest;
    return shape;
  case 6:
    shape.length = 300, shape.flags = MR_REC_RETRACT;
    return shape;
  case 7:
    shape.length = 15;
    return shape; /* around the unit of 16 bytes */
  case 8:
    shape.length = 16;
    return shape;
  case 9:
    shape.length = 17;
    return shape;
  case 10:
    shape.length = 65536u;
    return shape;
  default:
    shape.length = 4096;
    return shape;
  }
}

static void fill_edge(const feed *op, uint64_t number, uint8_t *payload, uint32_t length) {
  uint64_t state = state_of(op, number);
  switch (number / EDGES % 3) {
  case 0:
    memset(payload, 0, length);
    break;
  case 1:
    memset(payload, 0xFF, length);
    break; /* no UTF-8 */
  default:
    random_bytes(&state, payload, length);
  }
}

static mr_status send(feed *op, const uint8_t *from, conform_shape shape) {
  uint8_t *payload = mr_reserve(op->out, shape.length);
  if (payload == NULL)
    return op->out->status;
  if (from != NULL)
    memcpy(payload, from, shape.length);
  else
    fill_edge(op, op->sent, payload, shape.length);
  mr_record head = {.length = shape.length,
                    .flags = shape.flags,
                    .key_length = shape.key_length,
                    .event_time = shape.event_time,
                    .schema = op->schema};
  if (shape.key_length == 0)
    head.flags |= MR_REC_UNKEYED;
  else
    head.key_hash = op->host->hash(payload, shape.key_length);
  mr_commit(op->out, &head);
  op->sent++;
  return MR_OK;
}

static mr_status feed_poll(void *instance, mr_poll *poll, mr_work *work) {
  (void)work;
  feed *op = instance;
  uint8_t payload[ORDINARY_MAX];
  for (uint32_t left = poll->credit; left > 0 && op->sent < op->count; left--) {
    mr_status status;
    if (op->edges) {
      status = send(op, NULL, edge(op, op->sent));
    } else {
      conform_shape shape = op->ordinary(op, op->sent, payload);
      shape.event_time = (int64_t)op->sent * 1000000;
      status = send(op, payload, shape);
    }
    if (status != MR_OK)
      return status;
  }
  return op->sent < op->count ? MR_OK : MR_DONE;
}

static mr_status feed_start(void *instance, const mr_start *info) {
  feed *op = instance;
  op->out = info->out[0];
  op->schema = info->out_schema[0];
  return MR_OK;
}

static mr_status feed_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                             const mr_config *config, void **instance) {
  int64_t count = 0, seed = 0, first = 0;
  uint32_t edges = 0;
  feed *op = calloc(1, sizeof *op);
  if (op == NULL)
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  op->host = host;
  op->ctx = ctx;
  op->ordinary = self == &conform_bytes ? bytes : self == &conform_text ? text : json;
  mr_status status = config->get_int(config, "/count", &count);
  if (status == MR_OK)
    status = config->get_int(config, "/seed", &seed);
  if (status == MR_OK)
    status = config->get_int(config, "/first", &first);
  if (status == MR_OK)
    status = config->get_int(config, "/largest", &op->largest);
  if (status == MR_OK)
    status = config->get_bool(config, "/edges", &edges);
  if (status != MR_OK) {
    free(op);
    return status;
  }
  op->sent = (uint64_t)first;
  op->count = (uint64_t)first + (uint64_t)count;
  op->seed = (uint64_t)seed;
  op->edges = edges != 0;
  *instance = op;
  return MR_OK;
}

static void feed_destroy(void *instance) { free(instance); }

static const mr_source reading = {.struct_size = sizeof(mr_source), .poll = feed_poll};

static const void *feed_extension(const mr_operator *self, const char *id) {
  (void)self;
  return strcmp(id, MR_EXT_SOURCE) == 0 ? &reading : NULL;
}

static const mr_param count = {.struct_size = sizeof(mr_param),
                               .type = MR_P_INT,
                               .name = "count",
                               .doc = "How many records.",
                               .default_value = "1000",
                               .minimum = "0",
                               .maximum = "1000000000"};
static const mr_param seed = {.struct_size = sizeof(mr_param),
                              .type = MR_P_INT,
                              .name = "seed",
                              .doc = "Another number gives other records.",
                              .default_value = "1"};
static const mr_param first = {.struct_size = sizeof(mr_param),
                               .type = MR_P_INT,
                               .name = "first",
                               .doc = "The number of the first one; others before it are left out.",
                               .default_value = "0",
                               .minimum = "0"};
static const mr_param largest = {.struct_size = sizeof(mr_param),
                                 .type = MR_P_SIZE,
                                 .name = "largest",
                                 .doc = "Length of the largest edge.",
                                 .default_value = "1MiB",
                                 .minimum = "0",
                                 .maximum = "8MiB"};
static const mr_param edges = {.struct_size = sizeof(mr_param),
                               .type = MR_P_BOOL,
                               .name = "edges",
                               .doc = "Empty and large records, long keys, times at their ends.",
                               .default_value = "false"};
static const mr_param *const params[] = {&count, &seed, &first, &largest, &edges};

#define PORT(NAME, SCHEMA)                                                                         \
  static const mr_port NAME##_out = {                                                              \
      .struct_size = sizeof(mr_port), .name = "out", .doc = "The records.", .schema = SCHEMA};     \
  static const mr_port *const NAME##_outputs[] = {&NAME##_out}
PORT(bytes, "bytes");
PORT(text, "text");
PORT(json, "json");

#define FEED(NAME)                                                                                 \
  const mr_operator conform_##NAME = {                                                             \
      .struct_size = sizeof(mr_operator),                                                          \
      .kind = MR_KIND_SOURCE,                                                                      \
      .flags = MR_OP_RESUMABLE | MR_OP_DETERMINISTIC,                                              \
      .id = "conform." #NAME,                                                                      \
      .version = "1.0.0",                                                                          \
      .title = "Records to check an operator with",                                                \
      .description = "Sends the same records in every run; `millrace plugin check` feeds them to " \
                     "the operator that it checks.",                                               \
      .example = "{ use: conform." #NAME ", with: { count: 100 } }",                               \
      .params = params,                                                                            \
      .outputs = NAME##_outputs,                                                                   \
      .param_count = 5,                                                                            \
      .output_count = 1,                                                                           \
      .max_parallelism = 1,                                                                        \
      .create = feed_create,                                                                       \
      .destroy = feed_destroy,                                                                     \
      .start = feed_start,                                                                         \
      .extension = feed_extension}
FEED(bytes);
FEED(text);
FEED(json);
