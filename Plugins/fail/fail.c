// SPDX-License-Identifier: Apache-2.0
// `fail`: passes records on, and at the one it was told to misbehaves as it was told to. For seeing
// what a job does when an operator fails, without writing one that does.
#include "fail.h"
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

typedef enum {
  HOW_ERROR,
  HOW_PANIC,
  HOW_TRANSIENT,
  HOW_UNAVAILABLE,
  HOW_DATA,
  HOW_SEGV,
  HOW_ABORT,
  HOW_ILL,
  HOW_FPE,
  HOW_TRAP,
  HOW_EXIT,
  HOW_HANG,
  HOW_SLEEP,
  HOW_UNKNOWN_STATUS,
  HOW_OVERRUN
} manner;

static const mr_choice manners[] = {
    {"error", "answers that it has a bug"},
    {"panic", "answers that an exception was caught"},
    {"transient", "answers that the same batch may work later"},
    {"unavailable", "answers that something outside is down"},
    {"data", "refuses the record"},
    {"segv", "writes to an address that is not mapped"},
    {"abort", "calls abort"},
    {"ill", "executes an instruction that does not exist, as a Swift trap does"},
    {"fpe", "raises SIGFPE"},
    {"trap", "runs into a breakpoint"},
    {"exit", "calls exit"},
    {"hang", "never returns"},
    {"sleep", "sleeps before it passes the record on"},
    {"unknown_status", "answers a number that means nothing"},
    {"overrun", "writes past the end of its output window"}};

typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  mr_out *out;
  manner how;
  uint64_t after; /* the first record that fails, counted from 1 */
  uint64_t times; /* how often it still fails */
  uint64_t seen;  /* records that are done */
  int64_t sleep;  /* ns */
} failing;

static mr_status fail_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                             const mr_config *config, void **instance) {
  (void)self;
  int64_t after = 0, times = 0, sleep = 0;
  mr_str how;
  mr_status status = config->get_int(config, "/after", &after);
  if (status == MR_OK)
    status = config->get_int(config, "/times", &times);
  if (status == MR_OK)
    status = config->get_int(config, "/sleep", &sleep);
  if (status == MR_OK)
    status = config->get_string(config, "/how", &how);
  if (status != MR_OK)
    return status;
  failing *op = calloc(1, sizeof *op);
  if (op == NULL)
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  op->host = host;
  op->ctx = ctx;
  op->after = (uint64_t)after;
  op->times = (uint64_t)times;
  op->sleep = sleep;
  for (uint32_t i = 0; i < sizeof manners / sizeof *manners; i++)
    if (strlen(manners[i].value) == how.size && memcmp(manners[i].value, how.data, how.size) == 0)
      op->how = (manner)i;
  *instance = op;
  return MR_OK;
}

static void fail_destroy(void *instance) { free(instance); }

static mr_status fail_start(void *instance, const mr_start *info) {
  ((failing *)instance)->out = info->out[0];
  return MR_OK;
}

/* Where the record is, or what it is, does not matter to these: most of them end the process. */
static mr_status misbehave(failing *op) {
  volatile uintptr_t nowhere = 16;
  struct timespec pause_for = {op->sleep / 1000000000, op->sleep % 1000000000};
  switch (op->how) {
  case HOW_SEGV:
    *(volatile int *)nowhere = 1;
    break;
  case HOW_ABORT:
    abort();
  case HOW_ILL:
    __builtin_trap();
  case HOW_FPE:
    raise(SIGFPE);
    break;
  case HOW_TRAP:
    raise(SIGTRAP);
    break;
  case HOW_EXIT:
    exit(3);
  case HOW_HANG:
    for (;;)
      pause();
  case HOW_SLEEP:
    nanosleep(&pause_for, NULL);
    return MR_OK;
  case HOW_OVERRUN:
    op->out->cur = op->out->end + 4096;
    return MR_OK;
  case HOW_UNKNOWN_STATUS:
    return (mr_status)77;
  case HOW_PANIC:
    return mr_fail(op->host, op->ctx, MR_E_PANIC, "asked to panic at this record");
  case HOW_TRANSIENT:
    return mr_fail(op->host, op->ctx, MR_E_TRANSIENT, "asked to fail for now at this record");
  case HOW_UNAVAILABLE:
    return mr_fail(op->host, op->ctx, MR_E_UNAVAILABLE, "asked to be unavailable at this record");
  case HOW_DATA:
    return mr_fail(op->host, op->ctx, MR_E_DATA, "asked to refuse this record");
  case HOW_ERROR:
    break;
  }
  return mr_fail(op->host, op->ctx, MR_E_INTERNAL, "asked to fail at this record");
}

static mr_status pass_on(failing *op, const mr_batch *batch, uint32_t count) {
  uint32_t which[256];
  mr_status status = MR_OK;
  if (count == batch->count && count > 0)
    return mr_forward(op->out, batch, NULL, count);
  for (uint32_t at = 0; at < count && status == MR_OK;) {
    uint32_t n = 0;
    while (n < 256 && at < count)
      which[n++] = at++;
    status = mr_forward(op->out, batch, which, n);
  }
  return status;
}

static mr_status fail_process(void *instance, const mr_batch *batch, mr_work *work) {
  failing *op = instance;
  int fails = op->times > 0 && op->seen + batch->count >= op->after;
  uint32_t first = op->seen >= op->after ? 0 : (uint32_t)(op->after - op->seen - 1);
  if (!fails || batch->count == 0) {
    mr_status status = pass_on(op, batch, batch->count);
    op->seen += status == MR_OK ? batch->count : 0;
    return status;
  }
  op->times--;
  /* Of these, only a refused record keeps what the call has written. */
  if (op->how == HOW_DATA && pass_on(op, batch, first) == MR_OK) {
    op->seen += first + 1u;
    work->bad = first;
  }
  mr_status status = misbehave(op);
  if (status != MR_OK || op->how == HOW_OVERRUN)
    return status;
  status = pass_on(op, batch, batch->count);
  op->seen += status == MR_OK ? batch->count : 0;
  return status;
}

static const void *fail_extension(const mr_operator *self, const char *id) {
  (void)self;
  (void)id;
  return NULL;
}

static const mr_param how = {.struct_size = sizeof(mr_param),
                             .type = MR_P_ENUM,
                             .choice_count = sizeof manners / sizeof *manners,
                             .name = "how",
                             .doc = "What it does.",
                             .default_value = "error",
                             .choices = manners};
static const mr_param after = {.struct_size = sizeof(mr_param),
                               .type = MR_P_INT,
                               .name = "after",
                               .doc =
                                   "The record at which it does so, counted from 1 in each task.",
                               .default_value = "1",
                               .minimum = "1"};
static const mr_param times = {
    .struct_size = sizeof(mr_param),
    .type = MR_P_INT,
    .name = "times",
    .doc = "How often it does so, from that record on, where it lives to do it again.",
    .default_value = "1",
    .minimum = "1"};
static const mr_param duration = {.struct_size = sizeof(mr_param),
                                  .type = MR_P_DURATION,
                                  .name = "sleep",
                                  .doc = "How long `how: sleep` sleeps.",
                                  .default_value = "1s",
                                  .minimum = "0s"};
static const mr_param *const params[] = {&how, &after, &times, &duration};

static const mr_port in = {
    .struct_size = sizeof(mr_port), .name = "in", .doc = "Any record.", .schema = "any"};
static const mr_port out = {.struct_size = sizeof(mr_port),
                            .flags = MR_PORT_FORWARDS | MR_PORT_OPTIONAL,
                            .name = "out",
                            .doc = "The records up to there.",
                            .schema = "same(in)",
                            .max_records_per_input = 1};
static const mr_port *const inputs[] = {&in}, *const outputs[] = {&out};

const mr_operator fail_operator = {
    .struct_size = sizeof(mr_operator),
    .kind = MR_KIND_TRANSFORM,
    .id = "fail",
    .version = "1.0.0",
    .title = "Fail",
    .description = "Passes records on and misbehaves at one of them. For seeing what a job does "
                   "when an operator fails.",
    .example = "{ use: fail, from: source, with: { how: segv, after: 1000 } }",
    .params = params,
    .inputs = inputs,
    .outputs = outputs,
    .param_count = sizeof params / sizeof *params,
    .input_count = 1,
    .output_count = 1,
    .create = fail_create,
    .destroy = fail_destroy,
    .start = fail_start,
    .process = fail_process,
    .extension = fail_extension};
