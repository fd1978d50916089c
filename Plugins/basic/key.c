// SPDX-License-Identifier: Apache-2.0
// `key`: gives each record a key, taken from its value. The value stays as it is.
//
// One field: the key is its text without quotes and escapes, or the number or boolean as it is
// written. Several fields: a JSON array of them, without spaces, `["eu",7]`. Texts in it are
// escaped in one way only, however the record wrote them: `\"`, `\\`, \b \f \n \r \t, \u00XX for
// other bytes below 0x20, all else as it is. So two keys are equal if and only if their fields
// are, and no text in one field looks like two fields.
#include "basic.h"
#include <millrace/draft/expression.h>

enum { KEY_FIELDS_MAX = 16, KEY_BYTES_MAX = UINT16_MAX };

typedef struct {
  mr_expression *path;
  char *name; /* the path as its user wrote it */
} key_field;

typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  mr_out *out;
  const mr_host_expression *expressions;
  uint32_t prefix; /* without a field */
  uint32_t count;  /* of fields; 0: prefix */
  key_field fields[KEY_FIELDS_MAX];
  uint8_t *array;  /* room for the longest key; NULL: the key is no array */
  char number[24]; /* a number that stands nowhere in the record */
} key_setter;

static void key_destroy(void *instance) {
  key_setter *op = instance;
  for (uint32_t i = 0; i < op->count; i++) {
    op->expressions->release(op->fields[i].path);
    free(op->fields[i].name);
  }
  free(op->array);
  free(op);
}

static mr_status add_field(key_setter *op, const mr_config *config, const char *pointer) {
  mr_str text;
  mr_status status = config->get_string(config, pointer, &text);
  if (status != MR_OK)
    return status;
  key_field *field = &op->fields[op->count];
  field->name = malloc(text.size + 1);
  if (field->name == NULL)
    return mr_fail(op->host, op->ctx, MR_E_NOMEM, "out of memory");
  memcpy(field->name, text.data, text.size);
  field->name[text.size] = 0;
  op->count++;
  for (uint32_t i = 0; i + 1 < op->count; i++) {
    if (strcmp(op->fields[i].name, field->name) == 0)
      return basic_fail(op->host, op->ctx, MR_E_CONFIG, "%s: `%s` is named twice", pointer + 1,
                        field->name);
  }
  return op->expressions->compile(op->ctx, text.data, text.size, MR_EXPRESSION_PATH, &field->path);
}

static mr_status read_fields(key_setter *op, const mr_config *config) {
  uint64_t count = config->length(config, "/fields");
  if (count < 1 || count > KEY_FIELDS_MAX)
    return basic_fail(op->host, op->ctx, MR_E_CONFIG, "fields: expected 1 to %d, found %llu",
                      KEY_FIELDS_MAX, (unsigned long long)count);
  op->array = malloc(KEY_BYTES_MAX);
  if (op->array == NULL)
    return mr_fail(op->host, op->ctx, MR_E_NOMEM, "out of memory");
  mr_status status = MR_OK;
  for (uint64_t i = 0; i < count && status == MR_OK; i++) {
    char pointer[24];
    snprintf(pointer, sizeof pointer, "/fields/%u", (unsigned)i);
    status = add_field(op, config, pointer);
  }
  return status;
}

static mr_status read_parameters(key_setter *op, const mr_config *config) {
  int field = basic_given(config, "/field"), fields = basic_given(config, "/fields");
  int prefix = basic_given(config, "/prefix");
  if (field + fields + prefix != 1)
    return basic_fail(op->host, op->ctx, MR_E_CONFIG,
                      "expected one of `field`, `fields` and `prefix`, found %s",
                      field + fields + prefix > 1 ? "several" : "none");
  if (prefix) {
    int64_t bytes = 0;
    mr_status status = config->get_int(config, "/prefix", &bytes);
    op->prefix = (uint32_t)bytes;
    return status;
  }
  op->expressions = basic_service(op->host, op->ctx, MR_EXT_EXPRESSION);
  if (op->expressions == NULL)
    return MR_E_UNSUPPORTED;
  return field ? add_field(op, config, "/field") : read_fields(op, config);
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

static mr_status refuse(const key_setter *op, const key_field *field, const char *what) {
  return basic_fail(op->host, op->ctx, MR_E_DATA, "no key at %s: %s", field->name, what);
}

/* The text of one field, in the record or in memory that the next call overwrites. */
static mr_status read_field(key_setter *op, const key_field *field, const mr_batch *batch,
                            const mr_record *record, const uint8_t **text, uint64_t *size,
                            int *is_text) {
  mr_datum found;
  mr_status status = op->expressions->value(field->path, batch, record, &found);
  if (status != MR_OK)
    return status;
  if (found.kind == MR_DATUM_ABSENT)
    return refuse(op, field, "the value is not a JSON object with this field");
  if (found.kind == MR_DATUM_NULL || found.kind == MR_DATUM_JSON)
    return refuse(op, field, "expected a text, a number or a boolean");
  *is_text = found.kind == MR_DATUM_TEXT;
  if (*is_text) {
    *text = found.text;
    *size = found.size;
  } else if (found.length == 0) { /* `$time` */
    int length = snprintf(op->number, sizeof op->number, "%lld", (long long)found.integer);
    *text = (const uint8_t *)op->number;
    *size = (uint64_t)length;
  } else {
    *text = mr_value(batch, record) + found.at;
    *size = found.length;
  }
  return *size <= KEY_BYTES_MAX ? MR_OK : refuse(op, field, "it is longer than 65535 bytes");
}

/* What a byte of a text is in the array: 1 to 6 bytes at `into`. */
static uint32_t escape(uint8_t byte, uint8_t *into) {
  static const char hex[] = "0123456789abcdef", from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
  const char *letter = byte != 0 ? strchr(from, byte) : NULL;
  into[0] = byte;
  if (letter != NULL) {
    into[0] = '\\';
    into[1] = (uint8_t)to[letter - from];
    return 2;
  }
  if (byte >= 0x20)
    return 1;
  memcpy(into, "\\u00", 4);
  into[4] = (uint8_t)hex[byte >> 4];
  into[5] = (uint8_t)hex[byte & 15];
  return 6;
}

/* Add bytes to the array at *length. 0: there is no room. */
static int put(key_setter *op, uint64_t *length, const void *bytes, uint64_t size) {
  if (size > KEY_BYTES_MAX - *length)
    return 0;
  memcpy(op->array + *length, bytes, size);
  *length += size;
  return 1;
}

static int put_text(key_setter *op, uint64_t *length, const uint8_t *text, uint64_t size) {
  int fits = put(op, length, "\"", 1);
  for (uint64_t i = 0; i < size && fits; i++) {
    uint8_t escaped[6];
    fits = put(op, length, escaped, escape(text[i], escaped));
  }
  return fits && put(op, length, "\"", 1);
}

static mr_status build_array(key_setter *op, const mr_batch *batch, const mr_record *record,
                             uint64_t *length) {
  *length = 0;
  for (uint32_t i = 0; i < op->count; i++) {
    const key_field *field = &op->fields[i];
    const uint8_t *text;
    uint64_t size;
    int is_text;
    mr_status status = read_field(op, field, batch, record, &text, &size, &is_text);
    if (status != MR_OK)
      return status;
    int fits = put(op, length, i == 0 ? "[" : ",", 1);
    fits = fits && (is_text ? put_text(op, length, text, size) : put(op, length, text, size));
    if (!fits || (i + 1 == op->count && !put(op, length, "]", 1)))
      return refuse(op, field, "the key is longer than 65535 bytes");
  }
  return MR_OK;
}

/* The bytes of the key. MR_OK, or MR_E_DATA with its text. */
static mr_status find_key(key_setter *op, const mr_batch *batch, const mr_record *record,
                          const uint8_t **key, uint64_t *length) {
  if (op->array != NULL) {
    *key = op->array;
    return build_array(op, batch, record, length);
  }
  if (op->count > 0) {
    int is_text;
    return read_field(op, &op->fields[0], batch, record, key, length, &is_text);
  }
  *key = mr_value(batch, record);
  *length = op->prefix;
  if (mr_value_size(record) >= op->prefix)
    return MR_OK;
  return basic_fail(op->host, op->ctx, MR_E_DATA,
                    "expected a value of at least %u bytes for the key, found %u", op->prefix,
                    mr_value_size(record));
}

static mr_status key_process(void *instance, const mr_batch *batch, mr_work *work) {
  key_setter *op = instance;
  for (uint32_t i = 0; i < batch->count; i++) {
    const mr_record *record = mr_at(batch, i);
    uint32_t size = mr_value_size(record);
    const uint8_t *key;
    uint64_t length;
    mr_prefetch(batch, i + 4);
    mr_status status = find_key(op, batch, record, &key, &length);
    if (status != MR_OK) {
      work->bad = i;
      return status;
    }
    uint8_t *to = mr_reserve(op->out, (uint32_t)length + size);
    if (to == NULL) {
      work->consumed = i;
      return op->out->status;
    }
    memcpy(to, key, length);
    memcpy(to + length, mr_value(batch, record), size);
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
    .type = MR_P_FIELD,
    .name = "field",
    .doc = "The field of the JSON value that is the key, such as `customer.id` or `items[0].sku`. "
           "The key is the text itself, or a number or boolean as it is written.",
    .example = "customer.id"};
static const mr_param one_field = {.struct_size = sizeof(mr_param),
                                   .type = MR_P_FIELD,
                                   .name = "field",
                                   .doc = "A field, as in `field`.",
                                   .example = "customer.id"};
static const mr_param fields = {
    .struct_size = sizeof(mr_param),
    .type = MR_P_LIST,
    .name = "fields",
    .doc = "Several fields that are the key together: a JSON array of them, such as [\"eu\",7]. "
           "Unlike the key of one field it tells the text \"7\" from the number 7.",
    .example = "[region, customer.id]",
    .minimum = "1",
    .maximum = "16",
    .item = &one_field};
static const mr_param prefix = {.struct_size = sizeof(mr_param),
                                .type = MR_P_INT,
                                .name = "prefix",
                                .doc = "The first bytes of the value are the key: so many.",
                                .example = "8",
                                .minimum = "1",
                                .maximum = "65535"};
static const mr_param *const params[] = {&field, &fields, &prefix};

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
    .description =
        "Gives records a key, from one or several fields or from the first bytes of their value. "
        "Records with the same key can then be brought together by `partition: hash`.",
    .example = "{ use: key, from: orders, with: { field: customer.id } }",
    .params = params,
    .inputs = inputs,
    .outputs = outputs,
    .param_count = 3,
    .input_count = 1,
    .output_count = 1,
    .create = key_create,
    .destroy = key_destroy,
    .start = key_start,
    .process = key_process,
    .extension = basic_no_extension};
