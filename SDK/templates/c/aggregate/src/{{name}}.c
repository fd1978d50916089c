// SPDX-License-Identifier: Apache-2.0
// Reads whole numbers and, when its input ends, writes how many there were, the smallest, the
// largest and the sum. What it knows so far is saved with the job.
//
// From top to bottom: an instance, the calls of its life, its extension, and the tables that
// describe it to everybody: `millrace explain`, the checker of topologies, editors.
#include <inttypes.h>
#include <millrace/millrace.h>
#include <stdio.h>
#include <stdlib.h>

// What is known so far; saved as it is.
typedef struct {
  int64_t count, smallest, largest, sum;
} totals;

// One instance: calls of it never overlap, so nothing here needs a lock.
typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  mr_out *out;
  uint32_t schema;
  totals totals;
} instance;

static mr_status create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                        const mr_config *config, void **op) {
  (void)self;
  (void)config;
  instance *o = calloc(1, sizeof *o);
  if (o == NULL)
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  o->host = host;
  o->ctx = ctx;
  o->totals = (totals){.smallest = INT64_MAX, .largest = INT64_MIN};
  *op = o;
  return MR_OK;
}

static void destroy(void *op) { free(op); }

static mr_status start(void *op, const mr_start *facts) {
  instance *o = op;
  o->out = facts->out[0];
  o->schema = facts->out_schema[0];
  return MR_OK;
}

// Adds two totals; 0 if the sum is too large to be told.
static int add(totals *into, const totals *more) {
  if (__builtin_add_overflow(into->sum, more->sum, &into->sum))
    return 0;
  into->count += more->count;
  into->smallest = more->smallest < into->smallest ? more->smallest : into->smallest;
  into->largest = more->largest > into->largest ? more->largest : into->largest;
  return 1;
}

// A whole number and nothing else: digits, perhaps after a minus sign.
static int read_number(const uint8_t *text, uint32_t size, int64_t *number) {
  int is_negative = size > 0 && text[0] == '-';
  uint32_t i = is_negative ? 1 : 0;
  *number = 0;
  if (i == size)
    return 0;
  for (; i < size; i++) {
    int digit = text[i] - '0';
    if (digit < 0 || digit > 9 || __builtin_mul_overflow(*number, 10, number) ||
        __builtin_add_overflow(*number, is_negative ? -digit : digit, number))
      return 0;
  }
  return 1;
}

// Called with up to a few hundred records, which are read where they lie.
static mr_status process(void *op, const mr_batch *batch, mr_work *work) {
  instance *o = op;
  for (uint32_t i = 0; i < batch->count; i++) {
    const mr_record *record = mr_at(batch, i);
    int64_t number = 0;
    if (!read_number(mr_value(batch, record), mr_value_size(record), &number)) {
      work->bad = i; // the records before it are done, and the others come again
      return mr_fail(o->host, o->ctx, MR_E_DATA, "expected a whole number");
    }
    totals one = {.count = 1, .smallest = number, .largest = number, .sum = number};
    if (!add(&o->totals, &one)) {
      work->bad = i;
      return mr_fail(o->host, o->ctx, MR_E_DATA, "the sum is larger than 64 bits hold");
    }
  }
  return MR_OK;
}

// The input has ended. Called again while it answers MR_AGAIN, which is: there was no room.
static mr_status stop(void *op) {
  instance *o = op;
  char text[160];
  if (o->totals.count == 0)
    return MR_OK;
  int size = snprintf(text, sizeof text,
                      "{\"count\": %" PRId64 ", \"smallest\": %" PRId64 ", \"largest\": %" PRId64
                      ", \"sum\": %" PRId64 "}",
                      o->totals.count, o->totals.smallest, o->totals.largest, o->totals.sum);
  mr_record head = {
      .length = (uint32_t)size,
      .flags = MR_REC_UNKEYED,
      .event_time = MR_TIME_NONE,
      .schema = o->schema,
  };
  return mr_emit(o->out, &head, text);
}

// A checkpoint: the totals. The streams may move fewer bytes than they are asked to.
static mr_status save(void *op, uint64_t epoch, mr_writer *writer) {
  instance *o = op;
  (void)epoch;
  const char *bytes = (const char *)&o->totals;
  for (uint64_t done = 0; done < sizeof o->totals;) {
    int64_t moved = writer->write(writer, bytes + done, sizeof o->totals - done);
    if (moved <= 0)
      return moved < 0 ? (mr_status)moved : MR_E_IO;
    done += (uint64_t)moved;
  }
  return MR_OK;
}

// Merges one piece of what was saved; there may be several.
static mr_status restore(void *op, const mr_snapshot *info, mr_reader *reader) {
  instance *o = op;
  (void)info;
  totals saved;
  for (uint64_t done = 0; done < sizeof saved;) {
    int64_t moved = reader->read(reader, (char *)&saved + done, sizeof saved - done);
    if (moved <= 0)
      return moved < 0 ? (mr_status)moved : MR_E_STATE;
    done += (uint64_t)moved;
  }
  return add(&o->totals, &saved) ? MR_OK : MR_E_STATE;
}

static const mr_state state = {.struct_size = sizeof state, .save = save, .restore = restore};

static const void *extension(const mr_operator *self, const char *id) {
  (void)self;
  return strcmp(id, MR_EXT_STATE) == 0 ? &state : NULL;
}

static const mr_port in = {
    .struct_size = sizeof in, .name = "in", .doc = "Whole numbers, in decimal.", .schema = "text"};
static const mr_port out = {
    .struct_size = sizeof out, .name = "out", .doc = "One JSON object.", .schema = "json"};
static const mr_port *const inputs[] = {&in};
static const mr_port *const outputs[] = {&out};
static const mr_operator description = {
    .struct_size = sizeof description,
    .kind = MR_KIND_TRANSFORM,
    .flags = MR_OP_DETERMINISTIC,
    .id = "{{id}}",
    .version = "1.0.0",
    .title = "{{name}}",
    .description = "Counts and adds up numbers, and says so when its input ends.",
    .example = "{ use: {{id}} }",
    .inputs = inputs,
    .outputs = outputs,
    .input_count = 1,
    .output_count = 1,
    .max_parallelism = 1,
    .state_version = 1,
    .create = create,
    .destroy = destroy,
    .start = start,
    .stop = stop,
    .process = process,
    .extension = extension,
};
static const mr_operator *const operators[] = {&description};
static const mr_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_version = MR_ABI_VERSION,
    .min_abi_version = 0x00010000,
    .operator_count = 1,
    .operators = operators,
    .name = "{{name}}",
    .version = "1.0.0",
};

// What can be known without running anything of this library.
MR_MANIFEST("{\"millrace\":1,\"abi\":\"1.0\",\"name\":\"{{name}}\",\"version\":\"1.0.0\","
            "\"operators\":[\"{{id}}\"]}");

// The one symbol that the library exports.
MR_EXPORT const mr_plugin *millrace_plugin_v1(const mr_host *host) {
  (void)host;
  return &plugin;
}
