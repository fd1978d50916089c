// SPDX-License-Identifier: Apache-2.0
// libffi: structs by value, more arguments than registers, variadic functions, and machines on
// which the trampoline does not work.
#include "lane_parts.h"
#include <stdlib.h>

static ffi_type *foreign(c_type type) {
  switch (type) {
  case C_BOOL:
  case C_U8:
    return &ffi_type_uint8;
  case C_I8:
    return &ffi_type_sint8;
  case C_I16:
    return &ffi_type_sint16;
  case C_I32:
    return &ffi_type_sint32;
  case C_I64:
    return &ffi_type_sint64;
  case C_U16:
    return &ffi_type_uint16;
  case C_U32:
    return &ffi_type_uint32;
  case C_U64:
    return &ffi_type_uint64;
  case C_F32:
    return &ffi_type_float;
  case C_F64:
    return &ffi_type_double;
  case C_POINTER:
    return &ffi_type_pointer;
  case C_VOID:
  case C_STRUCT:
    break;
  }
  return &ffi_type_void;
}

static void run_libffi(const call *c, const uint64_t *slots, uint64_t *result) {
  void *values[CALL_ARGUMENTS_MAX + 1];
  uint64_t returned[2] = {0, 0};
  for (uint32_t i = 0; i < c->passed_count; i++) {
    uint32_t slot = c->passed[i].slot;
    values[i] = c->passed[i].is_address ? (uint8_t *)(uintptr_t)slots[slot] + c->passed[i].offset
                                        : (void *)(uintptr_t)(slots + slot);
  }
  // The description is only read.
  ffi_call((ffi_cif *)(uintptr_t)&c->cif, c->function, returned, values);
  *result = c_extend(c->result, returned[0]);
}

static ffi_type *foreign_struct(const call_type *type) {
  ffi_type *made = calloc(1, sizeof *made + (type->member_count + 1) * sizeof(ffi_type *));
  if (made == NULL)
    return NULL;
  made->type = FFI_TYPE_STRUCT;
  made->elements = (ffi_type **)(void *)(made + 1);
  for (uint32_t i = 0; i < type->member_count; i++)
    made->elements[i] = foreign(type->members[i]);
  return made;
}

/* libffi 3.4.4 and older copy too much of a struct that fills the last integer register and goes
 * on in a floating-point one: the first of those is overwritten. Such a struct is the same call as
 * its two halves one by one, and is made as that. */
typedef struct {
  uint32_t integers, floats;
} registers;

/* What the halves of a struct are passed in, as two bits each: 1 integer, 2 floating point. */
static uint32_t halves(const call_type *type) {
  uint32_t at = 0, found = 0;
  for (uint32_t i = 0; i < type->member_count; i++) {
    uint32_t bytes = c_size(type->members[i]);
    at = (at + bytes - 1) / bytes * bytes;
    if (at >= 16)
      return 0; // in memory
    found |= (c_is_float(type->members[i]) ? 2u : 1u) << (at / 8 * 2);
    at += bytes;
  }
  return found;
}

static uint32_t class_of(uint32_t half) { return half & 1 ? 1 : half; }

static int must_split(registers *used, const call_type *type) {
#if defined(__x86_64__)
  if (type->type != C_STRUCT) {
    used->floats += c_is_float(type->type) ? 1u : 0u;
    used->integers += c_is_float(type->type) ? 0u : 1u;
    return 0;
  }
  uint32_t both = halves(type), first = class_of(both & 3), second = class_of(both >> 2);
  uint32_t integers = (first == 1) + (second == 1), floats = (first == 2) + (second == 2);
  if (both == 0 || used->integers + integers > 6 || used->floats + floats > 8)
    return 0;
  used->integers += integers;
  used->floats += floats;
  return used->integers == 6 && first == 1 && second == 2;
#else
  (void)used;
  (void)type;
  (void)halves;
  (void)class_of;
  return 0;
#endif
}

static void add_passed(call *c, ffi_type *type, uint32_t slot, uint8_t offset, int is_address) {
  uint32_t at = c->passed_count++;
  c->types[at] = type;
  c->passed[at].slot = (uint8_t)slot;
  c->passed[at].offset = offset;
  c->passed[at].is_address = (uint8_t)is_address;
}

int call_make_libffi(call *c, const call_shape *shape) {
  registers used = {0, 0};
  uint32_t fixed = 0;
  for (uint32_t i = 0; i < shape->count; i++) {
    const call_type *type = &shape->arguments[i];
    if (i == shape->fixed)
      fixed = c->passed_count;
    if (must_split(&used, type)) {
      add_passed(c, &ffi_type_uint64, i, 0, 1);
      add_passed(c, &ffi_type_double, i, 8, 1);
      continue;
    }
    if (type->type == C_STRUCT && (c->structs[i] = foreign_struct(type)) == NULL)
      return -1;
    int is_struct = type->type == C_STRUCT;
    add_passed(c, is_struct ? c->structs[i] : foreign(type->type), i, 0, is_struct);
  }
  ffi_type *result = foreign(shape->result);
  ffi_status status =
      shape->fixed < shape->count
          ? ffi_prep_cif_var(&c->cif, FFI_DEFAULT_ABI, fixed, c->passed_count, result, c->types)
          : ffi_prep_cif(&c->cif, FFI_DEFAULT_ABI, c->passed_count, result, c->types);
  c->run = run_libffi;
  c->lane = LANE_LIBFFI;
  return status == FFI_OK ? 0 : -1;
}
