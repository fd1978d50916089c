// SPDX-License-Identifier: Apache-2.0
// `generate`: parameters, pace and life. The loops over records are in generate_write.c.
#include "generate.h"
#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define SECOND 1000000000
/* Above a thousand records a second several are due at once: no timer is set for each of them. */
#define TICK 1000000
#define FAR 1e6 /* seconds; a timer that fires too early is set again */
#define NO_END UINT64_MAX

static void generate_destroy(void *instance) {
  generate *op = instance;
  if (op->timer >= 0)
    close(op->timer);
  generate_keys_free(&op->keys);
  free(op->image.image);
  free((void *)(uintptr_t)op->value.data);
  free(op);
}

static mr_status read_number(const mr_config *config, const char *path, uint64_t *into) {
  int64_t number = 0;
  mr_status status = io_given(config, path) ? config->get_int(config, path, &number) : MR_OK;
  *into = (uint64_t)number;
  return status;
}

static mr_status read_value(generate *op, const mr_config *config) {
  mr_str value;
  if (!io_given(config, "/value"))
    return MR_OK;
  mr_status status = config->get_string(config, "/value", &value);
  if (status != MR_OK)
    return status;
  char *copy = malloc(value.size + 1);
  if (copy == NULL)
    return mr_fail(op->host, op->ctx, MR_E_NOMEM, "out of memory");
  memcpy(copy, value.data, value.size);
  op->value = (mr_str){copy, value.size};
  return MR_OK;
}

static mr_status read_parameters(generate *op, const mr_config *config) {
  mr_str spread;
  mr_status status = read_number(config, "/count", &op->count);
  if (status == MR_OK)
    status = read_number(config, "/size", &op->size);
  if (status == MR_OK)
    status = read_number(config, "/keys", &op->keys.count);
  if (status == MR_OK)
    status = read_number(config, "/seed", &op->keys.seed);
  if (status == MR_OK)
    status = read_number(config, "/spacing", &op->spacing);
  if (status == MR_OK && io_given(config, "/rate"))
    status = config->get_float(config, "/rate", &op->rate);
  else
    op->rate = -1;
  if (status == MR_OK)
    status = config->get_string(config, "/spread", &spread);
  if (status != MR_OK)
    return status;
  op->keys.zipf = spread.size == strlen("zipf") && op->keys.count > 0;
  op->count = op->count == 0 ? NO_END : op->count;
  return read_value(op, config);
}

static mr_status check_parameters(generate *op) {
  if (op->rate == 0)
    return mr_fail(op->host, op->ctx, MR_E_CONFIG,
                   "rate: expected more than 0; leave it out for as fast as possible");
  op->rate = op->rate < 0 ? 0 : op->rate;
  if (op->size > 0 && op->value.data != NULL)
    return mr_fail(op->host, op->ctx, MR_E_CONFIG,
                   "size and value: expected one of them; a value has the size it has");
  uint64_t least = op->keys.count > 0 ? 16 : 8;
  if (op->size > 0 && op->size < least)
    return io_fail(op->host, op->ctx, MR_E_CONFIG,
                   "size: expected at least %llu bytes, which %s, found %llu",
                   (unsigned long long)least,
                   op->keys.count > 0 ? "the key and the number take" : "the number takes",
                   (unsigned long long)op->size);
  return MR_OK;
}

static mr_status make_timer(generate *op) {
  if (op->rate == 0)
    return MR_OK;
  op->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (op->timer < 0)
    return io_fail(op->host, op->ctx, MR_E_NOMEM, "no timer for `rate`: %s", strerror(errno));
  return MR_OK;
}

static mr_status generate_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                                 const mr_config *config, void **instance) {
  (void)self;
  generate *op = calloc(1, sizeof *op);
  if (op == NULL)
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  op->host = host;
  op->ctx = ctx;
  op->timer = -1;
  mr_status status = read_parameters(op, config);
  if (status == MR_OK)
    status = check_parameters(op);
  if (status == MR_OK) {
    status = generate_keys_make(&op->keys, host, op->size == 0);
    if (status != MR_OK)
      io_fail(host, ctx, status, "out of memory for %llu keys", (unsigned long long)op->keys.count);
  }
  if (status == MR_OK)
    status = make_timer(op);
  if (status != MR_OK) {
    generate_destroy(op);
    return status;
  }
  *instance = op;
  return MR_OK;
}

/* Records of `size`, and values without a key, are copies of one image. */
static mr_status make_image(generate *op) {
  int literal = op->value.data != NULL && op->keys.count == 0;
  if (op->size == 0 && !literal)
    return MR_OK;
  uint64_t length = literal ? op->value.size : op->size;
  generate_image *image = &op->image;
  image->stride = (sizeof(mr_record) + length + MR_UNIT - 1) & ~(uint64_t)(MR_UNIT - 1);
  image->image = calloc(1, image->stride);
  if (image->image == NULL)
    return mr_fail(op->host, op->ctx, MR_E_NOMEM, "out of memory");
  op->head.length = (uint32_t)length;
  op->head.key_length = op->keys.count > 0 ? sizeof(uint64_t) : 0;
  memcpy(image->image, &op->head, sizeof op->head);
  uint8_t *payload = image->image + sizeof(mr_record);
  if (literal) {
    memcpy(payload, op->value.data, length);
    return MR_OK;
  }
  for (uint64_t i = 0; i < length; i++)
    payload[i] = (uint8_t)('a' + i % 26);
  image->stamped = 1;
  return MR_OK;
}

static mr_status generate_start(void *instance, const mr_start *info) {
  generate *op = instance;
  op->out = info->out[0];
  if (op->restored != 0 && op->restored != info->parallelism)
    return io_fail(op->host, op->ctx, MR_E_STATE,
                   "the saved numbers are those of %llu tasks, and there are %u now\n"
                   "run it with as many tasks as before",
                   (unsigned long long)op->restored, info->parallelism);
  /* After a restore the next record is due at once: what was missed meanwhile is not made up. */
  op->first = op->restored != 0 ? op->next : 0;
  op->next = op->restored != 0 ? op->next : info->instance;
  op->step = info->parallelism;
  op->head = io_head(0, info->out_schema[0]);
  if (op->keys.count > 0)
    op->head.flags = 0;
  return make_image(op);
}

/* How many records are due by now; none: the timer is set for the next one, which also takes back
 * that it had fired. */
static uint32_t due(generate *op, uint32_t limit) {
  int64_t now = op->host->now(op->ctx, MR_CLOCK_MONOTONIC);
  if (op->began == 0)
    op->began = now;
  double elapsed = (double)(now - op->began) / SECOND;
  double last = (double)op->first + elapsed * op->rate; /* records up to `last` are due */
  if (last >= (double)op->next) {
    double many = (last - (double)op->next) / (double)op->step + 1;
    return many < limit ? (uint32_t)many : limit;
  }
  double wait = (double)(op->next - op->first) / op->rate - elapsed;
  wait = wait < FAR ? wait : FAR;
  int64_t at = now + (int64_t)(wait * SECOND) + 1;
  at = at < now + TICK ? now + TICK : at;
  struct itimerspec when = {.it_value = {.tv_sec = at / SECOND, .tv_nsec = at % SECOND}};
  timerfd_settime(op->timer, TFD_TIMER_ABSTIME, &when, NULL);
  return 0;
}

/* The host had no room. A failure drops the output of its call: it shall not have any. */
static mr_status refused(const generate *op, uint32_t done) {
  mr_status status = op->out->status;
  if (status < 0 && done > 0)
    return MR_OK;
  if (status == MR_E_TOO_LARGE)
    return io_fail(op->host, op->ctx, status, "no room for a record of %llu bytes",
                   (unsigned long long)(op->size > 0 ? op->size : op->value.size));
  return status;
}

static mr_status generate_poll(void *instance, mr_poll *poll, mr_work *work) {
  generate *op = instance;
  (void)work;
  if (op->next >= op->count)
    return MR_DONE;
  uint32_t limit = poll->credit;
  if (op->count != NO_END) {
    uint64_t left = (op->count - op->next + op->step - 1) / op->step;
    limit = left < limit ? (uint32_t)left : limit;
  }
  if (limit > 0 && op->rate > 0 && (limit = due(op, limit)) == 0)
    return MR_AGAIN;
  uint32_t done =
      op->image.image != NULL ? generate_write_images(op, limit) : generate_write_text(op, limit);
  if (done < limit)
    return refused(op, done);
  return op->next >= op->count ? MR_DONE : MR_OK;
}

static uint32_t generate_descriptors(void *instance, int32_t *files, uint32_t capacity) {
  generate *op = instance;
  if (op->timer < 0 || capacity == 0)
    return 0;
  files[0] = op->timer;
  return 1;
}

static const mr_source reading = {.struct_size = sizeof(mr_source),
                                  .flags = MR_SOURCE_OFFSET,
                                  .poll = generate_poll,
                                  .descriptors = generate_descriptors};

static const void *generate_extension(const mr_operator *self, const char *id) {
  (void)self;
  if (strcmp(id, MR_EXT_SOURCE) == 0)
    return &reading;
  return strcmp(id, MR_EXT_STATE) == 0 ? &generate_state : NULL;
}

static const mr_param count = {.struct_size = sizeof(mr_param),
                               .type = MR_P_INT,
                               .name = "count",
                               .doc = "How many records, over all tasks. 0 or absent: no end.",
                               .example = "1000",
                               .minimum = "0"};
static const mr_param rate = {
    .struct_size = sizeof(mr_param),
    .type = MR_P_RATE,
    .name = "rate",
    .doc = "How many records in a time, over all tasks. Absent: as fast as they are taken.",
    .example = "1k/s"};
static const mr_param size = {
    .struct_size = sizeof(mr_param),
    .type = MR_P_SIZE,
    .name = "size",
    .doc = "Payload bytes of a record, its key included. The value then begins with the number of "
           "the record in 8 bytes. Absent: as long as the value is.",
    .example = "100",
    .minimum = "8",
    .maximum = "8388576"};
static const mr_param keys = {.struct_size = sizeof(mr_param),
                              .type = MR_P_INT,
                              .name = "keys",
                              .doc = "How many different keys. 0 or absent: records have no key.",
                              .example = "1000",
                              .minimum = "0",
                              .maximum = "1000000"};
static const mr_choice spreads[] = {{"round_robin", "one key after the other"},
                                    {"zipf", "the k-th key comes 1/k times as often as the first"}};
static const mr_param spread = {.struct_size = sizeof(mr_param),
                                .type = MR_P_ENUM,
                                .choice_count = 2,
                                .name = "spread",
                                .doc = "How records share the keys.",
                                .default_value = "round_robin",
                                .choices = spreads};
static const mr_param seed = {.struct_size = sizeof(mr_param),
                              .type = MR_P_INT,
                              .name = "seed",
                              .doc = "Another seed, other keys. The same seed, the same records.",
                              .default_value = "0"};
static const mr_param value = {
    .struct_size = sizeof(mr_param),
    .type = MR_P_STRING,
    .name = "value",
    .doc = "The value of every record. Absent: its number, from 0, in decimal digits.",
    .example = "'{\"x\": 2}'",
    .maximum = "1048576"};
static const mr_param spacing = {
    .struct_size = sizeof(mr_param),
    .type = MR_P_DURATION,
    .name = "spacing",
    .doc = "How far the time of a record is behind that of the one before it; the first has the "
           "begin of 1970. Absent: records have no time.",
    .example = "1s"};
static const mr_param *const params[] = {&count,  &rate, &size,  &keys,
                                         &spread, &seed, &value, &spacing};

static const mr_port out = {.struct_size = sizeof(mr_port),
                            .name = "out",
                            .doc = "The records, in the order of their numbers.",
                            .schema = "bytes"};
static const mr_port *const outputs[] = {&out};

const mr_operator io_generate = {
    .struct_size = sizeof(mr_operator),
    .kind = MR_KIND_SOURCE,
    .flags = MR_OP_DETERMINISTIC | MR_OP_RESUMABLE,
    .id = "generate",
    .version = "1.1.0",
    .title = "Generate",
    .description =
        "Makes up records, the same ones in each run, and goes on with the next one after a "
        "restart. It keeps the number of tasks that it began with. For trying things "
        "out, for tests and for measuring.",
    .example = "{ use: generate, with: { count: 1000, rate: 100/s, keys: 10 } }",
    .params = params,
    .outputs = outputs,
    .param_count = sizeof params / sizeof *params,
    .output_count = 1,
    .state_version = 1,
    .create = generate_create,
    .destroy = generate_destroy,
    .start = generate_start,
    .extension = generate_extension};
