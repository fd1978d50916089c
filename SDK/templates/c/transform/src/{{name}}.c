// SPDX-License-Identifier: Apache-2.0
// Puts a greeting before each value. Values without anything in them are dropped and counted.
//
// From top to bottom: an instance, the calls of its life, and the tables that describe it to
// everybody: `millrace explain`, the checker of topologies, editors.
#include <millrace/millrace.h>
#include <stdlib.h>

#define GREETING_BYTES_MAX 400 // 100 characters of UTF-8

// One instance: calls of it never overlap, so nothing here needs a lock.
typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  mr_out *out;
  uint64_t *dropped; // a metric: the host reads it, we add to it
  uint32_t size;
  char greeting[GREETING_BYTES_MAX];
} instance;

// Reads the parameters. The host has checked them against the table below.
static mr_status create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                        const mr_config *config, void **op) {
  (void)self;
  mr_str greeting;
  mr_status status = config->get_string(config, "/greeting", &greeting);
  if (status != MR_OK)
    return status; // the host has said why
  instance *o = calloc(1, sizeof *o);
  if (o == NULL)
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  o->host = host;
  o->ctx = ctx;
  o->size = (uint32_t)greeting.size;
  memcpy(o->greeting, greeting.data, o->size); // texts of the host are gone after this call
  static uint64_t unread;                      // counts of hosts without metrics end here
  const mr_host_metrics *metrics = host->extension(host, MR_EXT_METRICS);
  o->dropped = metrics ? metrics->counter(ctx, "dropped", "records", "Empty values.") : NULL;
  if (o->dropped == NULL)
    o->dropped = &unread;
  *op = o;
  return MR_OK;
}

static void destroy(void *op) { free(op); }

static mr_status start(void *op, const mr_start *facts) {
  ((instance *)op)->out = facts->out[0];
  return MR_OK;
}

// Called with up to a few hundred records, which are read where they lie.
static mr_status process(void *op, const mr_batch *batch, mr_work *work) {
  instance *o = op;
  for (uint32_t i = 0; i < batch->count; i++) {
    const mr_record *record = mr_at(batch, i);
    if (mr_value_size(record) == 0) {
      ++*o->dropped;
      continue;
    }
    // Room in memory that the receiver reads. The bound below promises that there is some.
    uint32_t key = record->key_length;
    char *room = mr_reserve(o->out, record->length + o->size);
    if (room == NULL) {
      work->consumed = i;
      return o->out->status;
    }
    memcpy(room, mr_payload(batch, record), key);
    memcpy(room + key, o->greeting, o->size);
    memcpy(room + key + o->size, mr_value(batch, record), mr_value_size(record));
    mr_record head = *record; // the same key and time
    head.flags &= MR_REC_USER;
    head.length = record->length + o->size;
    mr_commit(o->out, &head);
  }
  return MR_OK;
}

static const void *extension(const mr_operator *self, const char *id) {
  (void)self;
  (void)id;
  return NULL;
}

static const mr_param greeting = {
    .struct_size = sizeof greeting,
    .type = MR_P_STRING,
    .name = "greeting",
    .doc = "What to put before each value.",
    .default_value = "hello, ",
    .maximum = "100",
};
static const mr_port in = {
    .struct_size = sizeof in, .name = "in", .doc = "Any text.", .schema = "text"};
static const mr_port out = {
    .struct_size = sizeof out,
    .name = "out",
    .doc = "The same with a greeting.",
    .schema = "text",
    // What one record can cause at most. The host sees to it that there is room for it.
    .max_records_per_input = 1,
    .max_bytes_per_input = GREETING_BYTES_MAX,
    .max_times_input = 1,
};
static const mr_param *const params[] = {&greeting};
static const mr_port *const inputs[] = {&in};
static const mr_port *const outputs[] = {&out};
static const mr_operator description = {
    .struct_size = sizeof description,
    .kind = MR_KIND_TRANSFORM,
    .flags = MR_OP_STATELESS | MR_OP_DETERMINISTIC,
    .id = "{{id}}",
    .version = "1.0.0",
    .title = "{{name}}",
    .description = "Puts a greeting before each value.",
    .example = "{ use: {{id}}, with: { greeting: \"hej, \" } }",
    .params = params,
    .inputs = inputs,
    .outputs = outputs,
    .param_count = 1,
    .input_count = 1,
    .output_count = 1,
    .create = create,
    .destroy = destroy,
    .start = start,
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
