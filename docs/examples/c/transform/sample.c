/* SPDX-License-Identifier: Apache-2.0
 * Passes every n-th record on without copying it, and counts those it drops. Written against the
 * tables themselves: a parameter, a metric, a port with a bound. */
#include <millrace/millrace.h>
#include <stdlib.h>

MR_MANIFEST("{\"millrace\":1,\"abi\":\"1.0\",\"name\":\"sample\",\"version\":\"1.0.0\","
            "\"operators\":[\"example.sample\"]}");

typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  mr_out *out;
  uint32_t *picked; /* positions in the batch */
  uint64_t *dropped;
  uint64_t every;
  uint64_t seen;
} sample;

static mr_status sample_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                               const mr_config *config, void **op) {
  (void)self;
  int64_t every;
  mr_status status = config->get_int(config, "/every", &every);
  if (status != MR_OK)
    return status; /* the host has said why */
  sample *s = calloc(1, sizeof *s);
  if (!s)
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  s->host = host;
  s->ctx = ctx;
  s->every = (uint64_t)every;
  static uint64_t unmeasured; /* where counts go that no host shows */
  const mr_host_metrics *metrics = host->extension(host, MR_EXT_METRICS);
  if (metrics)
    s->dropped = metrics->counter(ctx, "dropped", "records", "Records not passed on.");
  if (!s->dropped)
    s->dropped = &unmeasured;
  *op = s;
  return MR_OK;
}

static void sample_destroy(void *op) {
  free(((sample *)op)->picked);
  free(op);
}

static mr_status sample_start(void *op, const mr_start *facts) {
  sample *s = op;
  s->out = facts->out[0];
  s->picked = malloc(facts->batch_limit * sizeof *s->picked);
  return s->picked ? MR_OK : mr_fail(s->host, s->ctx, MR_E_NOMEM, "out of memory");
}

static mr_status sample_process(void *op, const mr_batch *batch, mr_work *work) {
  sample *s = op;
  (void)work;
  uint32_t n = 0;
  for (uint32_t i = 0; i < batch->count; i++)
    if ((s->seen + i) % s->every == 0)
      s->picked[n++] = i;
  if (n > 0) {
    /* One call for the batch. The port only forwards and has a bound: this cannot be refused. */
    mr_status status = mr_forward(s->out, batch, s->picked, n);
    if (status != MR_OK)
      return status;
  }
  s->seen += batch->count;
  *s->dropped += batch->count - n;
  return MR_OK;
}

static const void *sample_extension(const mr_operator *self, const char *id) {
  (void)self;
  (void)id;
  return NULL;
}

static const mr_param every = {.struct_size = sizeof every,
                               .type = MR_P_INT,
                               .name = "every",
                               .doc = "Passes one record of so many, beginning with the first.",
                               .default_value = "10",
                               .minimum = "1"};
static const mr_port in = {
    .struct_size = sizeof in, .name = "in", .doc = "Any records.", .schema = "any"};
static const mr_port out = {.struct_size = sizeof out,
                            .flags = MR_PORT_FORWARDS,
                            .name = "out",
                            .doc = "The records passed on, unchanged.",
                            .schema = "same(in)",
                            .max_records_per_input = 1};
static const mr_param *const params[] = {&every};
static const mr_port *const inputs[] = {&in};
static const mr_port *const outputs[] = {&out};
static const mr_operator sample_operator = {.struct_size = sizeof sample_operator,
                                            .kind = MR_KIND_TRANSFORM,
                                            .flags = MR_OP_DETERMINISTIC,
                                            .id = "example.sample",
                                            .version = "1.0.0",
                                            .title = "Sample",
                                            .description = "Passes every n-th record on.",
                                            .example =
                                                "{ use: example.sample, with: { every: 3 } }",
                                            .params = params,
                                            .inputs = inputs,
                                            .outputs = outputs,
                                            .param_count = 1,
                                            .input_count = 1,
                                            .output_count = 1,
                                            .create = sample_create,
                                            .destroy = sample_destroy,
                                            .start = sample_start,
                                            .process = sample_process,
                                            .extension = sample_extension};
static const mr_operator *const operators[] = {&sample_operator};
static const mr_plugin plugin = {.struct_size = sizeof plugin,
                                 .abi_version = MR_ABI_VERSION,
                                 .min_abi_version = 0x00010000u,
                                 .operator_count = 1,
                                 .operators = operators,
                                 .name = "sample",
                                 .version = "1.0.0",
                                 .license = "Apache-2.0"};

MR_EXPORT const mr_plugin *millrace_plugin_v1(const mr_host *host) {
  (void)host;
  return &plugin;
}
