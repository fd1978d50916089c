// SPDX-License-Identifier: Apache-2.0
// Which lane makes a call: typed (lane_typed.c) where there is one of that very type, else the
// trampoline (lane_trampoline.c) where it works, else libffi (lane_libffi.c).
#include "lane_parts.h"
#include <stdlib.h>

int call_make_in(call *c, lane_kind lane, void (*function)(void), const call_shape *shape) {
  memset(c, 0, sizeof *c);
  c->function = function;
  c->result = shape->result;
  c->count = shape->count;
  if (shape->count > CALL_ARGUMENTS_MAX || shape->result == C_STRUCT)
    return -1;
  int made = lane == LANE_TYPED        ? call_make_typed(c, shape)
             : lane == LANE_TRAMPOLINE ? call_make_trampoline(c, shape)
                                       : call_make_libffi(c, shape);
  if (made != 0)
    call_free(c);
  return made;
}

int call_make(call *c, void (*function)(void), const call_shape *shape) {
  if (call_make_in(c, LANE_TYPED, function, shape) == 0)
    return 0;
  if (call_trampoline_works() && call_make_in(c, LANE_TRAMPOLINE, function, shape) == 0)
    return 0;
  return call_make_in(c, LANE_LIBFFI, function, shape);
}

void call_free(call *c) {
  for (uint32_t i = 0; i < CALL_ARGUMENTS_MAX; i++) {
    free(c->structs[i]);
    c->structs[i] = NULL;
  }
}

c_type call_promoted(c_type type) {
  switch (type) {
  case C_BOOL:
  case C_I8:
  case C_I16:
  case C_U8:
  case C_U16:
    return C_I32;
  case C_F32:
    return C_F64;
  default:
    return type;
  }
}
