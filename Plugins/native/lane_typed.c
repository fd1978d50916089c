// SPDX-License-Identifier: Apache-2.0
// Typed lane: a table of functions, one per common shape, that call through a pointer of exactly
// that type. Nothing but a call and an indirect call.
#include "lane_parts.h"

static double as_f64(uint64_t slot) {
  double value;
  memcpy(&value, &slot, sizeof value);
  return value;
}

static float as_f32(uint64_t slot) {
  float value;
  memcpy(&value, &slot, sizeof value);
  return value;
}

static uint64_t of_int(int64_t value) { return (uint64_t)value; }

/* NAME, C result, how it becomes a slot, C parameters, how they come from slots */
#define TYPED(NAME, RESULT, OF, PARAMETERS, VALUES)                                                \
  static void typed_##NAME(const call *c, const uint64_t *s, uint64_t *result) {                   \
    RESULT(*function) PARAMETERS = (RESULT(*) PARAMETERS)c->function;                              \
    *result = OF(function VALUES);                                                                 \
  }
#define POINTER(i) ((void *)(uintptr_t)s[i])

TYPED(d_d, double, call_of_f64, (double), (as_f64(s[0])))
TYPED(d_dd, double, call_of_f64, (double, double), (as_f64(s[0]), as_f64(s[1])))
TYPED(d_ddd, double, call_of_f64, (double, double, double),
      (as_f64(s[0]), as_f64(s[1]), as_f64(s[2])))
TYPED(d_di, double, call_of_f64, (double, int32_t), (as_f64(s[0]), (int32_t)s[1]))
TYPED(f_f, float, call_of_f32, (float), (as_f32(s[0])))
TYPED(f_ff, float, call_of_f32, (float, float), (as_f32(s[0]), as_f32(s[1])))
TYPED(i_i, int32_t, of_int, (int32_t), ((int32_t)s[0]))
TYPED(i_ii, int32_t, of_int, (int32_t, int32_t), ((int32_t)s[0], (int32_t)s[1]))
TYPED(i_d, int32_t, of_int, (double), (as_f64(s[0])))
TYPED(l_l, int64_t, of_int, (int64_t), ((int64_t)s[0]))
TYPED(l_ll, int64_t, of_int, (int64_t, int64_t), ((int64_t)s[0], (int64_t)s[1]))
TYPED(l_d, int64_t, of_int, (double), (as_f64(s[0])))
TYPED(i_p, int32_t, of_int, (const void *), (POINTER(0)))
TYPED(l_p, int64_t, of_int, (const void *), (POINTER(0)))
TYPED(L_p, uint64_t, of_int, (const void *), (POINTER(0)))
TYPED(d_p, double, call_of_f64, (const void *), (POINTER(0)))
TYPED(i_pp, int32_t, of_int, (const void *, const void *), (POINTER(0), POINTER(1)))
TYPED(b_pL, _Bool, of_int, (const void *, uint64_t), (POINTER(0), s[1]))
TYPED(i_pL, int32_t, of_int, (const void *, uint64_t), (POINTER(0), s[1]))
TYPED(I_pL, uint32_t, of_int, (const void *, uint64_t), (POINTER(0), s[1]))
TYPED(l_pL, int64_t, of_int, (const void *, uint64_t), (POINTER(0), s[1]))
TYPED(L_pL, uint64_t, of_int, (const void *, uint64_t), (POINTER(0), s[1]))
TYPED(d_pL, double, call_of_f64, (const void *, uint64_t), (POINTER(0), s[1]))
TYPED(L_LpI, uint64_t, of_int, (uint64_t, const void *, uint32_t),
      (s[0], POINTER(1), (uint32_t)s[2]))
TYPED(i_pLpp, int32_t, of_int, (const void *, uint64_t, void *, void *),
      (POINTER(0), s[1], POINTER(2), POINTER(3)))

const char call_letters[] = "vbchilCHILfdp";

static const struct {
  const char *shape;
  void (*run)(const call *, const uint64_t *, uint64_t *);
} typed[] = {
    {"dd", typed_d_d},       {"ddd", typed_d_dd}, {"dddd", typed_d_ddd}, {"ddi", typed_d_di},
    {"ff", typed_f_f},       {"fff", typed_f_ff}, {"ii", typed_i_i},     {"iii", typed_i_ii},
    {"id", typed_i_d},       {"ll", typed_l_l},   {"lll", typed_l_ll},   {"ld", typed_l_d},
    {"ip", typed_i_p},       {"lp", typed_l_p},   {"Lp", typed_L_p},     {"dp", typed_d_p},
    {"ipp", typed_i_pp},     {"bpL", typed_b_pL}, {"ipL", typed_i_pL},   {"IpL", typed_I_pL},
    {"lpL", typed_l_pL},     {"LpL", typed_L_pL}, {"dpL", typed_d_pL},   {"LLpI", typed_L_LpI},
    {"ipLpp", typed_i_pLpp},
};

int call_make_typed(call *c, const call_shape *shape) {
  char text[8];
  if (shape->count + 2 > sizeof text || shape->fixed < shape->count || shape->result == C_STRUCT)
    return -1;
  text[0] = call_letters[shape->result];
  for (uint32_t i = 0; i < shape->count; i++) {
    if (shape->arguments[i].type == C_STRUCT)
      return -1;
    text[i + 1] = call_letters[shape->arguments[i].type];
  }
  text[shape->count + 1] = 0;
  for (unsigned i = 0; i < sizeof typed / sizeof *typed; i++) {
    if (strcmp(typed[i].shape, text) != 0)
      continue;
    c->run = typed[i].run;
    c->lane = LANE_TYPED;
    return 0;
  }
  return -1;
}
