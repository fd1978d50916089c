// SPDX-License-Identifier: Apache-2.0
// Making an instance of `native`: its program, its function, and everything about its arguments
// that is the same for all records.
#include "native.h"
#include <stdlib.h>

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

void native_destroy(void *instance) {
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

mr_status native_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
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

mr_status native_start(void *instance, const mr_start *info) {
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
