/* SPDX-License-Identifier: Apache-2.0
 * What the lanes have in common: slots of floating point, and how each lane is prepared. */
#ifndef MR_NATIVE_LANE_PARTS_H
#define MR_NATIVE_LANE_PARTS_H

#include "lanes.h"
#include <string.h>

static inline uint64_t call_of_f64(double value) {
  uint64_t slot;
  memcpy(&slot, &value, sizeof slot);
  return slot;
}

static inline uint64_t call_of_f32(float value) {
  uint32_t slot;
  memcpy(&slot, &value, sizeof slot);
  return slot;
}

/* One letter per type, for shapes: result, then arguments. */
extern const char call_letters[];

/* -1: the lane cannot make this call. lane_typed.c, lane_trampoline.c, lane_libffi.c. */
int call_make_typed(call *c, const call_shape *shape);
int call_make_trampoline(call *c, const call_shape *shape);
int call_make_libffi(call *c, const call_shape *shape);

#endif
