// SPDX-License-Identifier: Apache-2.0
// `filter`: lets records through for which a condition holds. The host reads and tests it; here is
// only what becomes of the answer. Records are passed on, not copied, in their order.
#include "basic.h"
#include <millrace/draft/expression.h>

typedef struct {
  const mr_host_expression *expressions;
  const mr_host *host;
  mr_ctx *ctx;
  mr_expression *where;
  mr_out *out, *rest; /* rest is NULL when nobody reads it */
  uint32_t *chosen, *others;
} filter;

static void filter_destroy(void *instance) {
  filter *op = instance;
  op->expressions->release(op->where);
  free(op->chosen);
  free(op->others);
  free(op);
}

static mr_status read_parameters(filter *op, const mr_config *config) {
  mr_str where, missing;
  mr_status status = config->get_string(config, "/where", &where);
  if (status == MR_OK)
    status = config->get_string(config, "/missing", &missing);
  if (status != MR_OK)
    return status;
  uint32_t flags = MR_EXPRESSION_CONDITION;
  if (missing.size == 4)
    flags |= memcmp(missing.data, "drop", 4) == 0   ? MR_EXPRESSION_ABSENT_FALSE
             : memcmp(missing.data, "pass", 4) == 0 ? MR_EXPRESSION_ABSENT_TRUE
                                                    : 0;
  return op->expressions->compile(op->ctx, where.data, where.size, flags, &op->where);
}

static mr_status filter_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                               const mr_config *config, void **instance) {
  (void)self;
  const mr_host_expression *expressions = basic_service(host, ctx, MR_EXT_EXPRESSION);
  if (expressions == NULL)
    return MR_E_UNSUPPORTED;
  filter *op = calloc(1, sizeof *op);
  if (op == NULL)
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  op->expressions = expressions;
  op->host = host;
  op->ctx = ctx;
  mr_status status = read_parameters(op, config);
  if (status != MR_OK) {
    filter_destroy(op);
    return status;
  }
  *instance = op;
  return MR_OK;
}

static mr_status filter_start(void *instance, const mr_start *info) {
  filter *op = instance;
  op->out = info->out[0];
  op->rest = info->out[1]->flags & MR_OUT_UNUSED ? NULL : info->out[1];
  op->chosen = malloc(info->batch_limit * sizeof *op->chosen);
  op->others = malloc(info->batch_limit * sizeof *op->others);
  if (op->chosen == NULL || op->others == NULL)
    return mr_fail(op->host, op->ctx, MR_E_NOMEM, "out of memory");
  return MR_OK;
}

/* The places before `tested` that were not chosen. */
static uint32_t not_chosen(const filter *op, uint32_t tested, uint32_t count) {
  uint32_t others = 0, next = 0;
  for (uint32_t i = 0; i < tested; i++) {
    int is_chosen = next < count && op->chosen[next] == i;
    next += (uint32_t)is_chosen;
    op->others[others] = i;
    others += (uint32_t)!is_chosen;
  }
  return others;
}

static mr_status filter_process(void *instance, const mr_batch *batch, mr_work *work) {
  filter *op = instance;
  uint32_t tested = 0, count = 0;
  mr_status status = op->expressions->select(op->where, batch, &tested, op->chosen, &count);
  work->bad = tested;
  mr_status forwarded = count > 0 ? mr_forward(op->out, batch, op->chosen, count) : MR_OK;
  if (forwarded == MR_OK && op->rest != NULL && count < tested)
    forwarded = mr_forward(op->rest, batch, op->others, not_chosen(op, tested, count));
  return forwarded != MR_OK ? forwarded : status;
}

static const mr_param where = {
    .struct_size = sizeof(mr_param),
    .type = MR_P_EXPRESSION,
    .flags = MR_PARAM_REQUIRED,
    .name = "where",
    .doc = "The condition, an expression over the JSON value that comes to true or false.",
    .example = "amount > 100 and country in [\"DE\", \"AT\"]"};
static const mr_choice reactions[] = {{"fail", "the record is refused"},
                                      {"drop", "the condition does not hold"},
                                      {"pass", "the condition holds"}};
static const mr_param missing = {.struct_size = sizeof(mr_param),
                                 .type = MR_P_ENUM,
                                 .choice_count = 3,
                                 .name = "missing",
                                 .doc = "When a field of the condition is not in the record.",
                                 .default_value = "fail",
                                 .choices = reactions};
static const mr_param *const params[] = {&where, &missing};

static const mr_port in = {.struct_size = sizeof(mr_port),
                           .name = "in",
                           .doc = "Records with JSON values; others for a condition on `$key` and "
                                  "`$time` only.",
                           .schema = "any"};
static const mr_port out = {.struct_size = sizeof(mr_port),
                            .flags = MR_PORT_FORWARDS,
                            .name = "out",
                            .doc = "Those for which the condition holds.",
                            .schema = "same(in)",
                            .max_records_per_input = 1};
static const mr_port rest = {.struct_size = sizeof(mr_port),
                             .flags = MR_PORT_FORWARDS | MR_PORT_OPTIONAL,
                             .name = "rest",
                             .doc = "All others.",
                             .schema = "same(in)",
                             .max_records_per_input = 1};
static const mr_port *const inputs[] = {&in}, *const outputs[] = {&out, &rest};

const mr_operator basic_filter = {
    .struct_size = sizeof(mr_operator),
    .kind = MR_KIND_TRANSFORM,
    .flags = MR_OP_STATELESS | MR_OP_DETERMINISTIC,
    .id = "filter",
    .version = "1.0.0",
    .title = "Filter",
    .description = "Lets records through for which a condition holds. It reads no more of a record "
                   "than the condition needs; put `json.decode` in front of it to have whole "
                   "records checked.",
    .example = "{ use: filter, from: orders, with: { where: amount > 100 } }",
    .params = params,
    .inputs = inputs,
    .outputs = outputs,
    .param_count = sizeof params / sizeof *params,
    .input_count = 1,
    .output_count = sizeof outputs / sizeof *outputs,
    .create = filter_create,
    .destroy = filter_destroy,
    .start = filter_start,
    .process = filter_process,
    .extension = basic_no_extension};
