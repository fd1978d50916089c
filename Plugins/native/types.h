/* SPDX-License-Identifier: Apache-2.0
 * The C types of the notation. A value of any of them lies in a slot of 64 bits: integers
 * extended by their sign, `f64` as its bits, `f32` in the lower half. */
#ifndef MR_NATIVE_TYPES_H
#define MR_NATIVE_TYPES_H

#include <stdint.h>

/* isize and usize are i64 and u64 on the machines that are served. */
typedef enum {
  C_VOID = 0,
  C_BOOL,
  C_I8,
  C_I16,
  C_I32,
  C_I64,
  C_U8,
  C_U16,
  C_U32,
  C_U64,
  C_F32,
  C_F64,
  C_POINTER,
  C_STRUCT
} c_type;

static inline int c_is_float(c_type type) { return type == C_F32 || type == C_F64; }
static inline int c_is_integer(c_type type) { return type >= C_I8 && type <= C_U64; }

static inline uint32_t c_size(c_type type) {
  static const uint8_t sizes[] = {0, 1, 1, 2, 4, 8, 1, 2, 4, 8, 4, 8, 8, 0};
  return sizes[type];
}

/* What a register or a narrow memory cell of `type` holds, as a slot. */
static inline uint64_t c_extend(c_type type, uint64_t bits) {
  switch (type) {
  case C_BOOL:
    return (uint8_t)bits != 0;
  case C_I8:
    return (uint64_t)(int64_t)(int8_t)bits;
  case C_I16:
    return (uint64_t)(int64_t)(int16_t)bits;
  case C_I32:
    return (uint64_t)(int64_t)(int32_t)bits;
  case C_U8:
    return (uint8_t)bits;
  case C_U16:
    return (uint16_t)bits;
  case C_U32:
  case C_F32:
    return (uint32_t)bits;
  case C_VOID:
    return 0;
  case C_I64:
  case C_U64:
  case C_F64:
  case C_POINTER:
  case C_STRUCT:
    break;
  }
  return bits;
}

/* Tables and slots are written as the machines that are served do it. */
#if !defined(__LP64__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "64-bit little-endian machines only"
#endif

#endif
