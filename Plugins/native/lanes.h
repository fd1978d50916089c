/* SPDX-License-Identifier: Apache-2.0
 * Three ways to call a C function whose type is only known at run time. */
#ifndef MR_NATIVE_LANES_H
#define MR_NATIVE_LANES_H

#include "types.h"
#include <ffi.h>

enum { CALL_ARGUMENTS_MAX = 64 };

typedef enum {
  LANE_TYPED,      /* a function of ours that has this very type */
  LANE_TRAMPOLINE, /* all registers at once, in two fixed types */
  LANE_LIBFFI      /* everything else */
} lane_kind;

/* The type of an argument; of a struct also the types of its members. */
typedef struct {
  c_type type;
  uint32_t member_count; /* C_STRUCT */
  const c_type *members;
} call_type;

typedef struct {
  c_type result;
  uint32_t count;
  uint32_t fixed; /* fewer than `count`: the rest is variadic */
  const call_type *arguments;
} call_shape;

typedef struct call call;
struct call {
  /* Calls the function. One slot per argument; of a struct it holds the address of its bytes.
   * `*result` becomes a slot of the result's type. */
  void (*run)(const call *self, const uint64_t *slots, uint64_t *result);
  void (*function)(void);
  lane_kind lane;
  c_type result;
  uint32_t count;
  /* LANE_TRAMPOLINE: which slot goes into which register. */
  uint8_t integer_count, float_count, integers[8], floats[8];
  /* LANE_LIBFFI: what it passes, and where that comes from. A struct may be passed in two. */
  ffi_cif cif;
  uint32_t passed_count;
  ffi_type *types[CALL_ARGUMENTS_MAX + 1];
  struct {
    uint8_t slot, offset, is_address;
  } passed[CALL_ARGUMENTS_MAX + 1];
  ffi_type *structs[CALL_ARGUMENTS_MAX]; /* to be freed */
};

/* Chooses a lane and prepares it. 0, or -1 when nothing can call this shape here, or there is no
 * memory. The variadic arguments of `shape` are promoted already. */
int call_make(call *c, void (*function)(void), const call_shape *shape);

/* The same in a lane of the caller's choice; -1 when that lane cannot. For tests and figures. */
int call_make_in(call *c, lane_kind lane, void (*function)(void), const call_shape *shape);
void call_free(call *c);

/* What C makes of a variadic argument of this type. */
c_type call_promoted(c_type type);

/* Whether trampoline and libffi agree on this machine; looked at once per process. */
int call_trampoline_works(void);

#endif
