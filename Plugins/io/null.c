// SPDX-License-Identifier: Apache-2.0
// `null`: takes records and forgets them. It reads eight bytes of each unless told not to, so that
// a measurement that ends here has moved the records and not only their numbers.
#include "io.h"

typedef struct {
  uint32_t touch;
  uint64_t sum;
  int64_t *gauge; /* NULL where the host keeps no metrics */
} null_sink;

static mr_status null_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                             const mr_config *config, void **op) {
  (void)self;
  uint32_t touch = 0;
  mr_status status = config->get_bool(config, "/touch", &touch);
  if (status != MR_OK)
    return status;
  null_sink *sink = calloc(1, sizeof *sink);
  if (sink == NULL)
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  sink->touch = touch;
  const mr_host_metrics *metrics = host->extension(host, MR_EXT_METRICS);
  if (touch && metrics != NULL)
    sink->gauge = metrics->gauge(ctx, "checksum", "", "sum of the first 8 bytes of all payloads");
  *op = sink;
  return MR_OK;
}

static void null_destroy(void *op) { free(op); }

static mr_status null_start(void *op, const mr_start *info) {
  (void)op;
  (void)info;
  return MR_OK;
}

static mr_status null_process(void *op, const mr_batch *batch, mr_work *work) {
  null_sink *sink = op;
  (void)work;
  if (!sink->touch)
    return MR_OK;
  uint64_t sum = sink->sum;
  for (uint32_t i = 0; i < batch->count; i++) {
    const mr_record *record = mr_at(batch, i);
    mr_prefetch(batch, i + 8);
    if (record->length < 8)
      continue;
    uint64_t first;
    memcpy(&first, mr_payload(batch, record), sizeof first);
    sum += first;
  }
  sink->sum = sum;
  if (sink->gauge != NULL)
    *sink->gauge = (int64_t)sum;
  return MR_OK;
}

static const void *null_extension(const mr_operator *self, const char *id) {
  (void)self;
  (void)id;
  return NULL;
}

static const mr_param touch = {
    .struct_size = sizeof(mr_param),
    .type = MR_P_BOOL,
    .name = "touch",
    .doc = "Read the first eight bytes of every payload. Their sum is the metric `checksum`.",
    .default_value = "true"};
static const mr_param *const params[] = {&touch};

static const mr_port in = {
    .struct_size = sizeof(mr_port), .name = "in", .doc = "Any record.", .schema = "any"};
static const mr_port *const inputs[] = {&in};

const mr_operator io_null = {.struct_size = sizeof(mr_operator),
                             .kind = MR_KIND_SINK,
                             .flags = MR_OP_STATELESS | MR_OP_DETERMINISTIC,
                             .id = "null",
                             .version = "1.0.0",
                             .title = "Null",
                             .description =
                                 "Takes records and forgets them. For measuring, and for "
                                 "outputs that nobody wants.",
                             .example = "{ use: null, from: source }",
                             .params = params,
                             .inputs = inputs,
                             .param_count = 1,
                             .input_count = 1,
                             .create = null_create,
                             .destroy = null_destroy,
                             .start = null_start,
                             .process = null_process,
                             .extension = null_extension};
