/* SPDX-License-Identifier: Apache-2.0
 * Counts down to 1, a record for each number. A source writes what is ready, never more than
 * there is credit for, and never waits. */
#include <millrace/millrace.h>
#include <stdio.h>
#include <stdlib.h>

MR_MANIFEST("{\"millrace\":1,\"abi\":\"1.0\",\"name\":\"countdown\",\"version\":\"1.0.0\","
            "\"operators\":[\"example.countdown\"]}");

typedef struct {
  mr_out *out;
  int64_t next;
  uint32_t schema;
} countdown;

static mr_status countdown_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                                  const mr_config *config, void **op) {
  (void)self;
  int64_t from;
  mr_status status = config->get_int(config, "/from", &from);
  if (status != MR_OK)
    return status; /* the host has said why */
  countdown *c = calloc(1, sizeof *c);
  if (!c)
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  c->next = from;
  *op = c;
  return MR_OK;
}

static void countdown_destroy(void *op) { free(op); }

static mr_status countdown_start(void *op, const mr_start *facts) {
  countdown *c = op;
  c->out = facts->out[0];
  c->schema = facts->out_schema[0];
  return MR_OK;
}

static mr_status countdown_poll(void *op, mr_poll *poll, mr_work *work) {
  countdown *c = op;
  (void)work;
  for (uint32_t i = 0; i < poll->credit && c->next > 0; i++) {
    char text[24];
    int size = snprintf(text, sizeof text, "%lld", (long long)c->next);
    mr_record head = {.length = (uint32_t)size,
                      .flags = MR_REC_UNKEYED,
                      .event_time = MR_TIME_NONE,
                      .schema = c->schema};
    mr_status status = mr_emit(c->out, &head, text);
    if (status != MR_OK)
      return status; /* MR_AGAIN: full; the host polls again when there is room */
    c->next--;
  }
  return c->next > 0 ? MR_OK : MR_DONE;
}

static const mr_source source = {.struct_size = sizeof source, .poll = countdown_poll};

static const void *countdown_extension(const mr_operator *self, const char *id) {
  (void)self;
  return strcmp(id, MR_EXT_SOURCE) == 0 ? &source : NULL;
}

static const mr_param from = {.struct_size = sizeof from,
                              .type = MR_P_INT,
                              .name = "from",
                              .doc = "The first number.",
                              .default_value = "10",
                              .minimum = "0"};
static const mr_port out = {
    .struct_size = sizeof out, .name = "out", .doc = "The numbers, as text.", .schema = "text"};
static const mr_param *const params[] = {&from};
static const mr_port *const outputs[] = {&out};
static const mr_operator countdown_operator = {.struct_size = sizeof countdown_operator,
                                               .kind = MR_KIND_SOURCE,
                                               .flags = MR_OP_DETERMINISTIC | MR_OP_RESUMABLE,
                                               .id = "example.countdown",
                                               .version = "1.0.0",
                                               .title = "Countdown",
                                               .description = "Counts down to 1.",
                                               .example = "{ use: example.countdown }",
                                               .params = params,
                                               .outputs = outputs,
                                               .param_count = 1,
                                               .output_count = 1,
                                               .max_parallelism = 1,
                                               .create = countdown_create,
                                               .destroy = countdown_destroy,
                                               .start = countdown_start,
                                               .extension = countdown_extension};
static const mr_operator *const operators[] = {&countdown_operator};
static const mr_plugin plugin = {.struct_size = sizeof plugin,
                                 .abi_version = MR_ABI_VERSION,
                                 .min_abi_version = 0x00010000u,
                                 .operator_count = 1,
                                 .operators = operators,
                                 .name = "countdown",
                                 .version = "1.0.0",
                                 .license = "Apache-2.0"};

MR_EXPORT const mr_plugin *millrace_plugin_v1(const mr_host *host) {
  (void)host;
  return &plugin;
}
