// SPDX-License-Identifier: Apache-2.0
// Chooses the task that each record goes to: values that begin with the same byte go to the same
// task, comments to none.
//
// An edge of a topology names it: `from: {node: lines, partition: {use: {{id}}}}`.
#include <millrace/millrace.h>

// It keeps nothing, so all instances are this one.
static uint8_t instance;

static mr_status create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                        const mr_config *config, void **op) {
  (void)self;
  (void)host;
  (void)ctx;
  (void)config;
  *op = &instance;
  return MR_OK;
}

static void destroy(void *op) { (void)op; }

static mr_status start(void *op, const mr_start *facts) {
  (void)op;
  (void)facts;
  return MR_OK;
}

// Writes a number below `count`, MR_TARGET_ALL or MR_TARGET_NONE for every record.
static mr_status route(void *op, const mr_batch *batch, uint32_t count, uint32_t *targets) {
  (void)op;
  for (uint32_t i = 0; i < batch->count; i++) {
    const mr_record *record = mr_at(batch, i);
    const uint8_t *value = mr_value(batch, record);
    if (mr_value_size(record) == 0)
      targets[i] = 0;
    else
      targets[i] = value[0] == '#' ? MR_TARGET_NONE : value[0] % count;
  }
  return MR_OK;
}

static const mr_partition partition = {.struct_size = sizeof partition, .route = route};

static const void *extension(const mr_operator *self, const char *id) {
  (void)self;
  return strcmp(id, MR_EXT_PARTITION) == 0 ? &partition : NULL;
}

static const mr_operator description = {
    .struct_size = sizeof description,
    .kind = MR_KIND_PARTITIONER,
    .flags = MR_OP_STATELESS | MR_OP_DETERMINISTIC,
    .id = "{{id}}",
    .version = "1.0.0",
    .title = "{{name}}",
    .description = "Values that begin with the same byte go to the same task.",
    .create = create,
    .destroy = destroy,
    .start = start,
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
