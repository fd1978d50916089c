// SPDX-License-Identifier: Apache-2.0
// `key`: gives each record a key, taken from its value. The value stays as it is.
#include "basic.h"
#include "json_field.h"

typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  mr_out *out;
  uint32_t prefix; /* without a field */
  char *field;     /* NULL: prefix */
} key_setter;

static void key_destroy(void *instance) {
  free(((key_setter *)instance)->field);
  free(instance);
}

static mr_status read_field(key_setter *op, const mr_config *config) {
  mr_str field;
  mr_status status = config->get_string(config, "/field", &field);
  if (status != MR_OK)
    return status;
  op->field = malloc(field.size + 1);
  if (op->field == NULL)
    return mr_fail(op->host, op->ctx, MR_E_NOMEM, "out of memory");
  memcpy(op->field, field.data, field.size);
  op->field[field.size] = 0;
  int empty = field.size == 0 || op->field[0] == '.' || op->field[field.size - 1] == '.' ||
              strstr(op->field, "..") != NULL || strlen(op->field) != field.size;
  if (empty)
    return basic_fail(op->host, op->ctx, MR_E_CONFIG,
                      "field: expected names with dots between, found \"%s\"", op->field);
  return MR_OK;
}

static mr_status read_parameters(key_setter *op, const mr_config *config) {
  int field = basic_given(config, "/field"), prefix = basic_given(config, "/prefix");
  if (field == prefix)
    return basic_fail(op->host, op->ctx, MR_E_CONFIG,
                      "expected either `field` or `prefix`, found %s", field ? "both" : "neither");
  if (field)
    return read_field(op, config);
  int64_t bytes = 0;
  mr_status status = config->get_int(config, "/prefix", &bytes);
  op->prefix = (uint32_t)bytes;
  return status;
}

static mr_status key_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                            const mr_config *config, void **instance) {
  (void)self;
  key_setter *op = calloc(1, sizeof *op);
  if (op == NULL)
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  op->host = host;
  op->ctx = ctx;
  mr_status status = read_parameters(op, config);
  if (status != MR_OK) {
    key_destroy(op);
    return status;
  }
  *instance = op;
  return MR_OK;
}

static mr_status key_start(void *instance, const mr_start *info) {
  ((key_setter *)instance)->out = info->out[0];
  return MR_OK;
}

static mr_status refuse(const key_setter *op, const char *what) {
  return basic_fail(op->host, op->ctx, MR_E_DATA, "no key at %s: %s", op->field, what);
}

/* Write the key at `into`. MR_OK, or MR_E_DATA with its text. */
static mr_status find_key(const key_setter *op, const uint8_t *value, uint64_t size, uint8_t *into,
                          uint64_t *length) {
  if (op->field == NULL) {
    if (size < op->prefix)
      return basic_fail(op->host, op->ctx, MR_E_DATA,
                        "expected a value of at least %u bytes for the key, found %llu", op->prefix,
                        (unsigned long long)size);
    memcpy(into, value, op->prefix);
    *length = op->prefix;
    return MR_OK;
  }
  switch (json_field(value, size, op->field, into, length)) {
  case JSON_FIELD_MISSING:
    return refuse(op, "the value is not a JSON object with this field");
  case JSON_FIELD_BROKEN:
    return refuse(op, "the value is not JSON");
  case JSON_FIELD_NO_SCALAR:
    return refuse(op, "expected a text, a number or a boolean");
  default:
    return *length <= UINT16_MAX ? MR_OK : refuse(op, "it is longer than 65535 bytes");
  }
}

static mr_status key_process(void *instance, const mr_batch *batch, mr_work *work) {
  key_setter *op = instance;
  for (uint32_t i = 0; i < batch->count; i++) {
    const mr_record *record = mr_at(batch, i);
    const uint8_t *value = mr_value(batch, record);
    uint32_t size = mr_value_size(record);
    mr_prefetch(batch, i + 4);
    uint8_t *to = mr_reserve(op->out, 2 * size);
    if (to == NULL) {
      work->consumed = i;
      return op->out->status;
    }
    uint64_t length = 0;
    mr_status status = find_key(op, value, size, to, &length);
    if (status != MR_OK) {
      work->bad = i;
      return status;
    }
    memcpy(to + length, value, size);
    mr_record head = *record;
    head.flags = (uint16_t)(head.flags & MR_REC_RETRACT);
    head.length = (uint32_t)length + size;
    head.key_length = (uint16_t)length;
    head.key_hash = op->host->hash(to, length);
    mr_commit(op->out, &head);
  }
  return MR_OK;
}

static const mr_param field = {
    .struct_size = sizeof(mr_param),
    .type = MR_P_STRING,
    .name = "field",
    .doc = "The field of the JSON value that is the key, names with dots between. The key is the "
           "text itself, or a number or boolean as it is written.",
    .example = "customer.id"};
static const mr_param prefix = {.struct_size = sizeof(mr_param),
                                .type = MR_P_INT,
                                .name = "prefix",
                                .doc = "The first bytes of the value are the key: so many.",
                                .example = "8",
                                .minimum = "1",
                                .maximum = "65535"};
static const mr_param *const params[] = {&field, &prefix};

static const mr_port in = {.struct_size = sizeof(mr_port),
                           .name = "in",
                           .doc = "Records; what key they have is dropped.",
                           .schema = "any"};
static const mr_port out = {.struct_size = sizeof(mr_port),
                            .name = "out",
                            .doc = "The same values with their key.",
                            .schema = "same(in)",
                            .max_records_per_input = 1,
                            .max_times_input = 2};
static const mr_port *const inputs[] = {&in}, *const outputs[] = {&out};

const mr_operator basic_key = {
    .struct_size = sizeof(mr_operator),
    .kind = MR_KIND_TRANSFORM,
    .flags = MR_OP_STATELESS | MR_OP_DETERMINISTIC | MR_OP_RESUMABLE,
    .id = "key",
    .version = "1.0.0",
    .title = "Key",
    .description = "Gives records a key, from a field or from the first bytes of their value. "
                   "Records with the same key can then be brought together by `partition: hash`.",
    .example = "{ use: key, from: orders, with: { field: customer.id } }",
    .params = params,
    .inputs = inputs,
    .outputs = outputs,
    .param_count = 2,
    .input_count = 1,
    .output_count = 1,
    .create = key_create,
    .destroy = key_destroy,
    .start = key_start,
    .process = key_process,
    .extension = basic_no_extension};
