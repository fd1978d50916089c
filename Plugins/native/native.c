// SPDX-License-Identifier: Apache-2.0
// `native`: calls a C function of any library. What the function gets and what becomes of what
// it gives is in the program (program.c), which the checker of topologies writes.
//
// Every record is given to the function once: this operator never answers MR_AGAIN, so nothing
// comes again that the function has already seen.
#include "native.h"
#include <errno.h>

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
