// SPDX-License-Identifier: Apache-2.0
// `assert`: passes records on and says when they are not as expected, for tests of topologies. What
// is wrong with one record is that record's failure; a wrong number of them is seen at the end.
#include "basic.h"
#include <millrace/draft/expression.h>

#include "../shared/packing.h"

typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  mr_out *out;
  uint64_t seen;
  uint64_t least, most;
  char *contains, *condition; /* as given; NULL: anything */
  uint64_t contains_size;
  const mr_host_expression *expressions;
  mr_expression *where;
} assertion;

static void assert_destroy(void *instance) {
  assertion *op = instance;
  if (op->expressions != NULL)
    op->expressions->release(op->where);
  free(op->contains);
  free(op->condition);
  free(op);
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

/* A text that its user gave, as long as `*size` says; left as it is when none was given. */
static mr_status read_text(assertion *op, const mr_config *config, const char *path, char **into,
                           uint64_t *size) {
  mr_str text;
  if (!basic_given(config, path))
    return MR_OK;
  mr_status status = config->get_string(config, path, &text);
  if (status != MR_OK)
    return status;
  *into = malloc(text.size + 1);
  if (*into == NULL)
    return mr_fail(op->host, op->ctx, MR_E_NOMEM, "out of memory");
  memcpy(*into, text.data, text.size);
  (*into)[text.size] = 0;
  *size = text.size;
  return MR_OK;
}

static mr_status read_condition(assertion *op, const mr_config *config) {
  uint64_t size = 0;
  mr_status status = read_text(op, config, "/where", &op->condition, &size);
  if (status != MR_OK || op->condition == NULL)
    return status;
  op->expressions = basic_service(op->host, op->ctx, MR_EXT_EXPRESSION);
  if (op->expressions == NULL)
    return MR_E_UNSUPPORTED;
  return op->expressions->compile(op->ctx, op->condition, size, MR_EXPRESSION_CONDITION,
                                  &op->where);
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
    status = read_text(op, config, "/contains", &op->contains, &op->contains_size);
  if (status == MR_OK)
    status = read_condition(op, config);
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

/* Of a record that is not as expected: MR_E_DATA, and what it is. */
static mr_status unlike(const assertion *op, const mr_batch *batch, const mr_record *record,
                        const char *before, const char *text, const char *behind) {
  int shown = mr_value_size(record) < 100 ? (int)mr_value_size(record) : 100;
  return basic_fail(op->host, op->ctx, MR_E_DATA, "expected a value %s \"%s\"%s, found \"%.*s\"",
                    before, text, behind, shown, (const char *)mr_value(batch, record));
}

static mr_status check(const assertion *op, const mr_batch *batch, uint32_t i) {
  const mr_record *record = mr_at(batch, i);
  if (op->contains != NULL && memmem(mr_value(batch, record), mr_value_size(record), op->contains,
                                     op->contains_size) == NULL)
    return unlike(op, batch, record, "with", op->contains, "");
  if (op->where == NULL)
    return MR_OK;
  mr_datum found;
  mr_status status = op->expressions->value(op->where, batch, record, &found);
  if (status != MR_OK || (found.kind == MR_DATUM_BOOL && found.integer != 0))
    return status;
  return unlike(op, batch, record, "for which", op->condition, " holds");
}

static mr_status assert_process(void *instance, const mr_batch *batch, mr_work *work) {
  assertion *op = instance;
  mr_status found = MR_OK;
  uint32_t good = 0;
  while (good < batch->count && (found = check(op, batch, good)) == MR_OK)
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
  op->seen += good < batch->count;
  work->bad = good;
  return found;
}

static mr_status assert_stop(void *instance) {
  assertion *op = instance;
  if (op->seen >= op->least)
    return MR_OK;
  return basic_fail(op->host, op->ctx, MR_E_INTERNAL, "expected %s%llu records, found %llu",
                    op->most == op->least ? "" : "at least ", (unsigned long long)op->least,
                    (unsigned long long)op->seen);
}

/* The state is how many were seen, in 8 bytes. */
static mr_status assert_save(void *instance, uint64_t epoch, mr_writer *writer) {
  const assertion *op = instance;
  packing packed = {0};
  (void)epoch;
  pack_number(&packed, op->seen, 8);
  return basic_saved(op->host, op->ctx, pack_send(&packed, writer));
}

static mr_status assert_restore(void *instance, const mr_snapshot *info, mr_reader *reader) {
  assertion *op = instance;
  packing piece = {0};
  (void)info;
  mr_status status = pack_receive(&piece, reader);
  unpacking from = unpack_from(&piece);
  op->seen += unpack_number(&from, 8);
  pack_free(&piece);
  return status == MR_OK && !from.failed && from.left == 0 ? MR_OK
                                                           : basic_damaged(op->host, op->ctx);
}

static const mr_state state = {
    .struct_size = sizeof(mr_state), .save = assert_save, .restore = assert_restore};

static const void *assert_extension(const mr_operator *self, const char *id) {
  (void)self;
  return strcmp(id, MR_EXT_STATE) == 0 ? &state : NULL;
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
static const mr_param where = {.struct_size = sizeof(mr_param),
                               .type = MR_P_EXPRESSION,
                               .name = "where",
                               .doc = "For every JSON value this condition holds.",
                               .example = "amount >= 0"};
static const mr_param *const params[] = {&count, &min, &max, &contains, &where};

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
    .version = "1.1.0",
    .title = "Assert",
    .description = "Passes records on and refuses those that are not as expected, which ends the "
                   "run with `on_error: fail`; fails when their number is not.",
    .example = "{ use: assert, from: results, with: { count: 1000 } }",
    .params = params,
    .inputs = inputs,
    .outputs = outputs,
    .param_count = sizeof params / sizeof *params,
    .input_count = 1,
    .output_count = 1,
    .max_parallelism = 1,
    .state_version = 1,
    .create = assert_create,
    .destroy = assert_destroy,
    .start = assert_start,
    .stop = assert_stop,
    .process = assert_process,
    .extension = assert_extension};
