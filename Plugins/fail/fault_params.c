// SPDX-License-Identifier: Apache-2.0
// The parameters of `fail` and `fail.sink`: what they say, and how they are read.
#include "fail.h"

static const mr_choice manners[] = {
    {"error", "answers that it has a bug; of a commit, that its epoch is lost"},
    {"panic", "answers that an exception was caught; of a commit, that its epoch is lost"},
    {"transient", "answers that the same batch, or commit, may work later"},
    {"unavailable", "answers that something outside is down; of a commit, to try again"},
    {"data", "refuses the record; of a commit, that it will never be accepted"},
    {"segv", "writes to an address that is not mapped"},
    {"abort", "calls abort"},
    {"ill", "executes an instruction that does not exist, as a Swift trap does"},
    {"fpe", "raises SIGFPE"},
    {"trap", "runs into a breakpoint"},
    {"exit", "calls exit"},
    {"hang", "never returns"},
    {"sleep", "sleeps before it goes on"},
    {"leak", "takes memory and never gives it back, then goes on; fails where it gets none"},
    {"unknown_status", "answers a number that means nothing"},
    {"overrun", "writes past the end of its output window"}};

static const mr_choice calls[CALLS] = {{"process", "at a record"},
                                       {"stop", "when the input has ended"},
                                       {"save", "when it saves its state"},
                                       {"restore", "when it restores its state"},
                                       {"open", "when it becomes a writer"},
                                       {"fence", "when it shuts out earlier attempts"},
                                       {"prepare", "when it prepares an epoch"},
                                       {"commit", "when it commits an epoch"},
                                       {"abort", "when it gives up an epoch that was prepared"}};

static const mr_param how = {.struct_size = sizeof(mr_param),
                             .type = MR_P_ENUM,
                             .choice_count = sizeof manners / sizeof *manners,
                             .name = "how",
                             .doc = "What it does.",
                             .default_value = "error",
                             .choices = manners};
static const mr_param where = {.struct_size = sizeof(mr_param),
                               .type = MR_P_ENUM,
                               .choice_count = CALL_RESTORE + 1,
                               .name = "call",
                               .doc = "In which of its calls it does so.",
                               .default_value = "process",
                               .choices = calls};
static const mr_param where_of_sink = {.struct_size = sizeof(mr_param),
                                       .type = MR_P_ENUM,
                                       .choice_count = CALLS,
                                       .name = "call",
                                       .doc = "In which of its calls it does so.",
                                       .default_value = "process",
                                       .choices = calls};
static const mr_param after = {
    .struct_size = sizeof(mr_param),
    .type = MR_P_INT,
    .name = "after",
    .doc = "The record at which it does so, counted from 1 in each task and, with checkpoints, on "
           "over restarts. With `call`, the call of that kind, counted from 1 in each life.",
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
static const mr_param contains = {
    .struct_size = sizeof(mr_param),
    .type = MR_P_STRING,
    .name = "contains",
    .doc = "Only records count whose value has this text in it. Such a record is poison: it does "
           "the same each time it comes.",
    .example = "poison",
    .minimum = "1"};
static const mr_param once = {
    .struct_size = sizeof(mr_param),
    .type = MR_P_STRING,
    .name = "once",
    .doc = "A file that is made when it happens, and where it is already it does not: once over "
           "all lives of a job. Absent: in each life again.",
    .example = "failed-once",
    .minimum = "1",
    .maximum = "4095"};
static const mr_param size = {.struct_size = sizeof(mr_param),
                              .type = MR_P_SIZE,
                              .name = "leak",
                              .doc = "How much `how: leak` takes each time.",
                              .default_value = "64MiB",
                              .minimum = "1"};

const mr_param *const fault_params[FAULT_PARAMS] = {&how,      &where,    &after, &times,
                                                    &duration, &contains, &once,  &size};
const mr_param *const fault_sink_params[FAULT_PARAMS] = {&how,      &where_of_sink, &after, &times,
                                                         &duration, &contains,      &once,  &size};

/* The position of the value among the choices. */
static mr_status read_choice(const mr_config *config, const char *path, const mr_choice *choices,
                             uint32_t count, uint32_t *into) {
  mr_str value;
  mr_status status = config->get_string(config, path, &value);
  for (uint32_t i = 0; status == MR_OK && i < count; i++)
    if (strlen(choices[i].value) == value.size &&
        memcmp(choices[i].value, value.data, value.size) == 0)
      *into = i;
  return status;
}

/* A text that its user gave; left as it is when none was given. */
static mr_status read_text(fault *op, const mr_config *config, const char *path, char **into,
                           uint64_t *length) {
  mr_str value;
  mr_type type = config->type(config, path);
  if (type == MR_T_ABSENT || type == MR_T_NULL)
    return MR_OK;
  mr_status status = config->get_string(config, path, &value);
  if (status != MR_OK)
    return status;
  *into = calloc(1, value.size + 1);
  if (*into == NULL)
    return mr_fail(op->host, op->ctx, MR_E_NOMEM, "out of memory");
  memcpy(*into, value.data, value.size);
  *length = value.size;
  return MR_OK;
}

static mr_status read_numbers(fault *op, const mr_config *config) {
  int64_t first = 0, often = 0, leaked = 0;
  mr_status status = config->get_int(config, "/after", &first);
  if (status == MR_OK)
    status = config->get_int(config, "/times", &often);
  if (status == MR_OK)
    status = config->get_int(config, "/sleep", &op->sleep);
  if (status == MR_OK)
    status = config->get_int(config, "/leak", &leaked);
  op->after = (uint64_t)first;
  op->times = (uint64_t)often;
  op->leak = (uint64_t)leaked;
  return status;
}

mr_status fault_create(const mr_host *host, mr_ctx *ctx, const mr_config *config, fault **made) {
  uint32_t chosen = 0, place = 0;
  uint64_t ignored;
  fault *op = calloc(1, sizeof *op);
  if (op == NULL)
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  op->host = host;
  op->ctx = ctx;
  mr_status status = read_numbers(op, config);
  if (status == MR_OK)
    status = read_choice(config, "/how", manners, sizeof manners / sizeof *manners, &chosen);
  if (status == MR_OK)
    status = read_choice(config, "/call", calls, CALLS, &place);
  if (status == MR_OK)
    status = read_text(op, config, "/contains", &op->contains, &op->contains_size);
  if (status == MR_OK)
    status = read_text(op, config, "/once", &op->once, &ignored);
  if (status != MR_OK) {
    fault_destroy(op);
    return status;
  }
  op->how = (manner)chosen;
  op->where = (call)place;
  *made = op;
  return MR_OK;
}
