// SPDX-License-Identifier: Apache-2.0
// `native`: calls a C function of any library. What the function gets and what becomes of what
// it gives is in the program (program.c), which the checker of topologies writes.
//
// Every record is given to the function once: this operator never answers MR_AGAIN, so nothing
// comes again that the function has already seen.
#include "native.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

mr_status native_fail(const native *n, mr_status code, const char *format, ...) {
  char text[1024];
  va_list values;
  va_start(values, format);
  int size = vsnprintf(text, sizeof text, format, values);
  va_end(values);
  if (size < 0)
    return mr_fail(n->host, n->ctx, code, format);
  n->host->set_error(n->ctx, code, text,
                     (uint64_t)size < sizeof text ? (uint64_t)size : sizeof text - 1);
  return code;
}

const char *native_shown(char into[SHOWN_MAX], const uint8_t *text, uint64_t size) {
  static const char more[] = "...";
  uint64_t at = 0, shown = size > 40 ? 40 : size;
  // Not in the middle of a character.
  while (shown < size && shown > 0 && (text[shown] & 0xC0) == 0x80)
    shown--;
  into[at++] = '"';
  for (uint64_t i = 0; i < shown; i++)
    into[at++] = text[i] < 32 || text[i] == 127 ? '?' : (char)text[i];
  if (shown < size) {
    memcpy(into + at, more, sizeof more - 1);
    at += sizeof more - 1;
  }
  into[at++] = '"';
  into[at] = 0;
  return into;
}

const char *native_type_name(c_type type) {
  static const char *const names[] = {"void", "bool", "i8",  "i16", "i32", "i64",     "u8",
                                      "u16",  "u32",  "u64", "f32", "f64", "pointer", "struct"};
  return names[type];
}

// ---- making one

static mr_status read_configuration(native *n, const mr_config *config) {
  mr_str text;
  char fault[512];
  mr_status status = config->get_string(config, "/program", &text);
  if (status != MR_OK)
    return status;
  if (program_read(&n->program, text.data, text.size, fault, sizeof fault) != 0)
    return native_fail(n, MR_E_CONFIG, "program: %s", fault);
  return MR_OK;
}

static int needs_fields(const program *p) {
  int needed = p->result_place.kind == PLACE_FIELD;
  for (uint32_t i = 0; i < p->argument_count; i++)
    needed |= p->arguments[i].place.kind == PLACE_FIELD;
  return needed;
}

static mr_status find_expressions(native *n) {
  if (!needs_fields(&n->program))
    return MR_OK;
  n->expressions = (const mr_host_expression *)n->host->extension(n->host, MR_EXT_EXPRESSION);
  if (n->expressions == NULL)
    return mr_fail(n->host, n->ctx, MR_E_UNSUPPORTED,
                   "this host does not read fields (" MR_EXT_EXPRESSION ")");
  return MR_OK;
}

/* Types of the call, and which argument of the program is which of the call. */
static uint32_t shape_of(native *n, call_type types[CALL_ARGUMENTS_MAX],
                         c_type members[PROGRAM_ARGUMENTS_MAX], call_shape *shape) {
  const program *p = &n->program;
  shape->result = p->result;
  shape->arguments = types;
  for (uint32_t i = 0; i < p->argument_count; i++) {
    const argument *a = &p->arguments[i];
    members[i] = a->type;
    if (a->member)
      continue;
    uint32_t at = n->call_count++;
    n->first[at] = i;
    int indirect = a->kind == TAKE_SCALAR || a->kind == TAKE_COLUMN || a->kind == GIVE_COLUMN;
    types[at] = (call_type){indirect ? C_POINTER : a->type, 0, NULL};
    if (a->kind == GIVE_STRUCT)
      types[at] = (call_type){C_STRUCT, a->size, &members[i + 1]};
    if (i >= p->fixed_count)
      types[at].type = call_promoted(types[at].type);
    else
      shape->fixed = n->call_count;
  }
  return shape->count = n->call_count;
}

static mr_status keep_memory(native *n, uint32_t at, uint64_t size) {
  n->memory[at] = calloc(1, size);
  n->room[at] = size;
  if (n->memory[at] == NULL)
    return mr_fail(n->host, n->ctx, MR_E_NOMEM, "out of memory");
  n->slots[at] = (uint64_t)(uintptr_t)n->memory[at];
  return MR_OK;
}

/* Everything about argument `at` of the call that is the same for all records. */
static mr_status prepare(native *n, uint32_t at) {
  const argument *a = &n->program.arguments[n->first[at]];
  switch (a->kind) {
  case GIVE_NUMBER:
    n->slots[at] = a->number;
    if (a->type == C_F32 && n->first[at] >= n->program.fixed_count) {
      float narrow;
      memcpy(&narrow, &a->number, sizeof narrow);
      double wide = narrow;
      memcpy(&n->slots[at], &wide, sizeof wide);
    }
    return MR_OK;
  case GIVE_TEXT:
    n->slots[at] = (uint64_t)(uintptr_t)a->text;
    return MR_OK;
  case GIVE_STATE:
    return keep_memory(n, at, a->size);
  case GIVE_STRUCT: {
    mr_status status = keep_memory(n, at, PROGRAM_STRUCT_BYTES_MAX);
    return status == MR_OK && n->program.vector ? fields_struct(n, at, NULL, NULL) : status;
  }
  case GIVE_BUFFER:
    if (guarded_make(&n->buffer, a->size) != 0)
      return mr_fail(n->host, n->ctx, MR_E_NOMEM, "there is no memory for the buffer");
    n->slots[at] = (uint64_t)(uintptr_t)n->buffer.start;
    return MR_OK;
  case TAKE_SCALAR:
    n->slots[at] = (uint64_t)(uintptr_t)&n->cells[at];
    return MR_OK;
  default:
    return MR_OK;
  }
}

static mr_status find_function(native *n) {
  const program *p = &n->program;
  char fault[512];
  n->library = library_open(p->library, fault, sizeof fault);
  if (n->library == NULL)
    return native_fail(n, MR_E_CONFIG, "%s cannot be loaded: %s", p->library, fault);
  void (*function)(void) = library_function(n->library, p->symbol, fault, sizeof fault);
  if (function == NULL)
    return native_fail(n, MR_E_CONFIG, "%s: %s", p->library, fault);
  call_type types[CALL_ARGUMENTS_MAX];
  c_type members[PROGRAM_ARGUMENTS_MAX];
  call_shape shape = {0};
  shape_of(n, types, members, &shape);
  if (call_make(&n->call, function, &shape) != 0)
    return native_fail(n, MR_E_CONFIG, "%s!%s cannot be called on this machine", p->library,
                       p->symbol);
  return MR_OK;
}

static mr_status make(native *n, const mr_config *config) {
  mr_status status = read_configuration(n, config);
  if (status == MR_OK)
    status = find_expressions(n);
  if (status == MR_OK)
    status = fields_make(n);
  if (status == MR_OK)
    status = targets_make(n);
  if (status == MR_OK)
    status = find_function(n);
  for (uint32_t i = 0; i < n->call_count && status == MR_OK; i++)
    status = prepare(n, i);
  return status;
}

static void native_destroy(void *instance) {
  native *n = instance;
  fields_free(n);
  targets_free(n);
  guarded_free(&n->buffer);
  call_free(&n->call);
  for (uint32_t i = 0; i < CALL_ARGUMENTS_MAX; i++)
    free(n->memory[i]);
  free(n->written);
  free(n->chosen);
  program_free(&n->program);
  free(n);
}

static mr_status native_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                               const mr_config *config, void **instance) {
  (void)self;
  native *n = calloc(1, sizeof *n);
  if (n == NULL)
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  n->host = host;
  n->ctx = ctx;
  mr_status status = make(n, config);
  if (status != MR_OK) {
    native_destroy(n);
    return status;
  }
  *instance = n;
  return MR_OK;
}

static mr_status native_start(void *instance, const mr_start *info) {
  native *n = instance;
  n->out = info->out[0];
  n->schema = info->out_schema[0];
  n->batch_limit = info->batch_limit;
  n->chosen = malloc(info->batch_limit * sizeof *n->chosen);
  if (n->chosen == NULL)
    return mr_fail(n->host, n->ctx, MR_E_NOMEM, "out of memory");
  for (uint32_t i = 0; i < n->call_count; i++) {
    const argument *a = &n->program.arguments[n->first[i]];
    mr_status status = MR_OK;
    if (a->kind == GIVE_COLUMN || a->kind == TAKE_COLUMN)
      status = keep_memory(n, i, (uint64_t)info->batch_limit * c_size(a->type));
    if (status != MR_OK)
      return status;
  }
  return MR_OK;
}

// ---- calling

static mr_status invoke(native *n, uint64_t *result) {
  int alone = !n->program.pure, error = 0;
  if (alone)
    library_lock(n->library);
  errno = 0;
  n->call.run(&n->call, n->slots, result);
  error = errno;
  if (alone)
    library_unlock(n->library);
  return results_check(n, *result, error);
}

static mr_status refused(mr_work *work, mr_status status, uint32_t position) {
  if (status == MR_E_DATA)
    work->bad = position;
  return status;
}

/* A new value for each record. */
static mr_status change(native *n, const mr_batch *b, mr_work *work) {
  for (uint32_t i = 0; i < b->count; i++) {
    const mr_record *r = mr_at(b, i);
    mr_prefetch(b, i + 4);
    uint64_t result = 0;
    mr_status status = fields_gather(n, b, r);
    if (status == MR_OK)
      status = invoke(n, &result);
    if (status == MR_OK)
      status = results_deliver(n, b, r, result, 0);
    if (status != MR_OK)
      return refused(work, status, i);
  }
  return MR_OK;
}

/* Records go on as they are, or not at all. */
static mr_status pass(native *n, const mr_batch *b, mr_work *work) {
  int filters = n->program.result_sink == SINK_FILTER;
  uint32_t count = 0, i = 0;
  mr_status status = MR_OK;
  for (; i < b->count; i++) {
    uint64_t result = 0;
    mr_prefetch(b, i + 4);
    status = fields_gather(n, b, mr_at(b, i));
    if (status == MR_OK)
      status = invoke(n, &result);
    if (status != MR_OK)
      break;
    n->chosen[count] = i;
    count += !filters || result != 0;
  }
  if (status != MR_OK && status != MR_E_DATA)
    return status;
  mr_status sent = count > 0 ? mr_forward(n->out, b, n->chosen, count) : MR_OK;
  return sent != MR_OK ? sent : refused(work, status, i);
}

static mr_status gather_row(native *n, const mr_batch *b, const mr_record *r, uint32_t row) {
  n->record++;
  for (uint32_t i = 0; i < n->call_count; i++) {
    const argument *a = &n->program.arguments[n->first[i]];
    if (a->kind != GIVE_COLUMN)
      continue;
    uint64_t slot = 0;
    mr_status status = fields_scalar(n, n->first[i], b, r, &slot);
    if (status != MR_OK)
      return status;
    memcpy(n->memory[i] + (uint64_t)row * c_size(a->type), &slot, c_size(a->type));
  }
  return MR_OK;
}

static mr_status invoke_rows(native *n, uint32_t rows) {
  for (uint32_t i = 0; i < n->call_count; i++) {
    const argument *a = &n->program.arguments[n->first[i]];
    if (a->kind == GIVE_COUNT)
      n->slots[i] = rows;
    if (a->kind == TAKE_COLUMN)
      memset(n->memory[i], 0, (uint64_t)rows * c_size(a->type));
  }
  uint64_t result = 0;
  return invoke(n, &result);
}

/* One call for the records up to the first whose columns cannot be read. */
static mr_status change_many(native *n, const mr_batch *b, mr_work *work) {
  uint32_t rows = 0;
  mr_status gathered = MR_OK;
  while (rows < b->count) {
    gathered = gather_row(n, b, mr_at(b, rows), rows);
    if (gathered != MR_OK)
      break;
    rows++;
  }
  if (rows > 0) {
    mr_status status = invoke_rows(n, rows);
    // What it says about many cannot be held against one.
    if (status == MR_E_DATA)
      status = MR_E_INTERNAL;
    if (status != MR_OK)
      return status;
  }
  int changes = results_change_value(&n->program);
  for (uint32_t i = 0; i < rows && changes; i++) {
    mr_status status = results_deliver(n, b, mr_at(b, i), 0, i);
    if (status != MR_OK)
      return refused(work, status, i);
  }
  if (!changes && rows > 0) {
    for (uint32_t i = 0; i < rows; i++)
      n->chosen[i] = i;
    mr_status status = mr_forward(n->out, b, n->chosen, rows);
    if (status != MR_OK)
      return status;
  }
  return refused(work, gathered, rows);
}

static mr_status native_process(void *instance, const mr_batch *b, mr_work *work) {
  native *n = instance;
  if (b->count == 0)
    return MR_OK;
  arithmetic before = arithmetic_now();
  mr_status status = n->program.vector                   ? change_many(n, b, work)
                     : results_change_value(&n->program) ? change(n, b, work)
                                                         : pass(n, b, work);
  if (!arithmetic_restore(before))
    return native_fail(n, MR_E_INTERNAL,
                       "%s changed how floating point rounds, or flushes tiny numbers to zero",
                       n->program.symbol);
  return status;
}

// ---- the descriptor

static const void *no_extension(const mr_operator *self, const char *id) {
  (void)self;
  (void)id;
  return NULL;
}

static const mr_param program_text = {
    .struct_size = sizeof(mr_param),
    .type = MR_P_STRING,
    .flags = MR_PARAM_REQUIRED | MR_PARAM_ADVANCED | MR_PARAM_MULTILINE,
    .name = "program",
    .doc = "What to call, with what. Written by the checker from the C function in `use`."};
static const mr_param *const params[] = {&program_text};

static const mr_port in = {.struct_size = sizeof(mr_port),
                           .name = "in",
                           .doc = "Records the function is called for.",
                           .schema = "any"};
static const mr_port out = {.struct_size = sizeof(mr_port),
                            .name = "out",
                            .doc = "What the function makes of them.",
                            .schema = "same(in)",
                            .max_records_per_input = 1};
static const mr_port *const inputs[] = {&in}, *const outputs[] = {&out};

const mr_operator native_operator = {
    .struct_size = sizeof(mr_operator),
    .kind = MR_KIND_TRANSFORM,
    .id = "native",
    .version = "1.0.0",
    .title = "C function",
    .description = "Calls a function of a C library for each record. It is not named itself: "
                   "write the function in `use`, as in "
                   "`libm.so.6!sqrt(f64 = $value) -> f64 = $value`.",
    .example = "{ use: \"libm.so.6!sqrt(f64 = $value.x) -> f64 = $value.y\", from: numbers }",
    .params = params,
    .inputs = inputs,
    .outputs = outputs,
    .param_count = 1,
    .input_count = 1,
    .output_count = 1,
    .create = native_create,
    .destroy = native_destroy,
    .start = native_start,
    .process = native_process,
    .extension = no_extension};
