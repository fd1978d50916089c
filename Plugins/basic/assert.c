// SPDX-License-Identifier: Apache-2.0
// `assert`: passes records on and says when they are not as expected, for tests of topologies. What
// is wrong with one record is that record's failure; a wrong number of them is seen at the end.
#include "basic.h"

typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  mr_out *out;
  uint64_t seen;
  uint64_t least, most;
  char *contains; /* NULL: anything */
  uint64_t contains_size;
} assertion;

static void assert_destroy(void *instance) {
  free(((assertion *)instance)->contains);
  free(instance);
}

static mr_status read_bounds(assertion *op, const mr_config *config) {
  int64_t count = -1, least = 0, most = INT64_MAX;
  mr_status status = MR_OK;
  if (basic_given(config, "/count"))
    status = config->get_int(config, "/count", &count);
  if (status == MR_OK && basic_given(config, "/min"))
    status = config->get_int(config, "/min", &least);
  if (status == MR_OK && basic_given(config, "/max"))
    status = config->get_int(config, "/max", &most);
  if (status != MR_OK)
    return status;
  if (count >= 0 && (basic_given(config, "/min") || basic_given(config, "/max")))
    return mr_fail(op->host, op->ctx, MR_E_CONFIG,
                   "count with min or max: expected either count or bounds");
  if (least > most)
    return basic_fail(op->host, op->ctx, MR_E_CONFIG, "min %lld is above max %lld",
                      (long long)least, (long long)most);
  op->least = (uint64_t)(count >= 0 ? count : least);
  op->most = (uint64_t)(count >= 0 ? count : most);
  return MR_OK;
}

static mr_status read_text(assertion *op, const mr_config *config) {
  mr_str text;
  if (!basic_given(config, "/contains"))
    return MR_OK;
  mr_status status = config->get_string(config, "/contains", &text);
  if (status != MR_OK)
    return status;
  op->contains = malloc(text.size + 1);
  if (op->contains == NULL)
    return mr_fail(op->host, op->ctx, MR_E_NOMEM, "out of memory");
  memcpy(op->contains, text.data, text.size);
  op->contains_size = text.size;
  return MR_OK;
}

static mr_status assert_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                               const mr_config *config, void **instance) {
  (void)self;
  assertion *op = calloc(1, sizeof *op);
  if (op == NULL)
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  op->host = host;
  op->ctx = ctx;
  mr_status status = read_bounds(op, config);
  if (status == MR_OK)
    status = read_text(op, config);
  if (status != MR_OK) {
    assert_destroy(op);
    return status;
  }
  *instance = op;
  return MR_OK;
}

static mr_status assert_start(void *instance, const mr_start *info) {
  ((assertion *)instance)->out = info->out[0];
  return MR_OK;
}

static int holds(const assertion *op, const mr_batch *batch, uint32_t i) {
  const mr_record *record = mr_at(batch, i);
  return op->contains == NULL || memmem(mr_value(batch, record), mr_value_size(record),
                                        op->contains, op->contains_size) != NULL;
}

static mr_status assert_process(void *instance, const mr_batch *batch, mr_work *work) {
  assertion *op = instance;
  uint32_t good = 0;
  while (good < batch->count && holds(op, batch, good))
    good++;
  mr_status status = MR_OK;
  for (uint32_t first = 0; first < good && status == MR_OK;) {
    uint32_t which[256], n = 0;
    while (n < 256 && first < good)
      which[n++] = first++;
    status = mr_forward(op->out, batch, which, n);
  }
  if (status != MR_OK)
    return status;
  op->seen += good;
  if (op->seen > op->most)
    return basic_fail(op->host, op->ctx, MR_E_INTERNAL,
                      "expected at most %llu records, found record %llu",
                      (unsigned long long)op->most, (unsigned long long)op->most + 1);
  if (good == batch->count)
    return MR_OK;
  const mr_record *record = mr_at(batch, good);
  int shown = mr_value_size(record) < 100 ? (int)mr_value_size(record) : 100;
  work->bad = good;
  op->seen++;
  return basic_fail(op->host, op->ctx, MR_E_DATA, "expected a value with \"%.*s\", found \"%.*s\"",
                    (int)op->contains_size, op->contains, shown,
                    (const char *)mr_value(batch, record));
}

static mr_status assert_stop(void *instance) {
  assertion *op = instance;
  if (op->seen >= op->least)
    return MR_OK;
  return basic_fail(op->host, op->ctx, MR_E_INTERNAL, "expected %s%llu records, found %llu",
                    op->most == op->least ? "" : "at least ", (unsigned long long)op->least,
                    (unsigned long long)op->seen);
}

static const mr_param count = {.struct_size = sizeof(mr_param),
                               .type = MR_P_INT,
                               .name = "count",
                               .doc = "Exactly so many records come.",
                               .example = "1000",
                               .minimum = "0"};
static const mr_param min = {.struct_size = sizeof(mr_param),
                             .type = MR_P_INT,
                             .name = "min",
                             .doc = "At least so many records come.",
                             .example = "1",
                             .minimum = "0"};
static const mr_param max = {.struct_size = sizeof(mr_param),
                             .type = MR_P_INT,
                             .name = "max",
                             .doc = "No more records come than this.",
                             .example = "1000",
                             .minimum = "0"};
static const mr_param contains = {.struct_size = sizeof(mr_param),
                                  .type = MR_P_STRING,
                                  .name = "contains",
                                  .doc = "Every value has this text in it.",
                                  .example = "amount",
                                  .minimum = "1"};
static const mr_param *const params[] = {&count, &min, &max, &contains};

static const mr_port in = {
    .struct_size = sizeof(mr_port), .name = "in", .doc = "Any record.", .schema = "any"};
static const mr_port out = {.struct_size = sizeof(mr_port),
                            .flags = MR_PORT_FORWARDS | MR_PORT_OPTIONAL,
                            .name = "out",
                            .doc = "The same records.",
                            .schema = "same(in)",
                            .max_records_per_input = 1};
static const mr_port *const inputs[] = {&in}, *const outputs[] = {&out};

const mr_operator basic_assert = {
    .struct_size = sizeof(mr_operator),
    .kind = MR_KIND_TRANSFORM,
    .flags = MR_OP_DETERMINISTIC,
    .id = "assert",
    .version = "1.0.0",
    .title = "Assert",
    .description = "Passes records on and fails when they are not as expected.",
    .example = "{ use: assert, from: results, with: { count: 1000 } }",
    .params = params,
    .inputs = inputs,
    .outputs = outputs,
    .param_count = sizeof params / sizeof *params,
    .input_count = 1,
    .output_count = 1,
    .max_parallelism = 1,
    .create = assert_create,
    .destroy = assert_destroy,
    .start = assert_start,
    .stop = assert_stop,
    .process = assert_process,
    .extension = basic_no_extension};
