// SPDX-License-Identifier: Apache-2.0
// Typed lane: a table of functions, one per common shape, that call through a pointer of exactly
// that type. Nothing but a call and an indirect call.
//
// Trampoline: in the calling conventions of SysV AMD64 and AAPCS64 integer and floating-point
// arguments are counted independently into registers, and a function does not look at registers
// it has no argument for. So two types of call, which set all of them, can call every function
// whose arguments are scalars that fit into registers. Slots are extended already, results are
// narrowed; an `f32` is the lower half of its register. That is outside of the C standard: a test
// against libffi at the first use decides whether it may be used at all.
//
// libffi: structs by value, more arguments than registers, variadic functions, and machines on
// which the trampoline does not work.
#include "lanes.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

// ---- typed

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

static uint64_t of_f64(double value) {
  uint64_t slot;
  memcpy(&slot, &value, sizeof slot);
  return slot;
}

static uint64_t of_f32(float value) {
  uint32_t slot;
  memcpy(&slot, &value, sizeof slot);
  return slot;
}

static uint64_t of_int(int64_t value) { return (uint64_t)value; }

/* NAME, C result, how it becomes a slot, C parameters, how they come from slots */
#define TYPED(NAME, RESULT, OF, PARAMETERS, VALUES)                                                \
  static void typed_##NAME(const call *c, const uint64_t *s, uint64_t *result) {                   \
    RESULT(*function) PARAMETERS = (RESULT(*) PARAMETERS)c->function;                              \
    *result = OF(function VALUES);                                                                 \
  }
#define POINTER(i) ((void *)(uintptr_t)s[i])

TYPED(d_d, double, of_f64, (double), (as_f64(s[0])))
TYPED(d_dd, double, of_f64, (double, double), (as_f64(s[0]), as_f64(s[1])))
TYPED(d_ddd, double, of_f64, (double, double, double), (as_f64(s[0]), as_f64(s[1]), as_f64(s[2])))
TYPED(d_di, double, of_f64, (double, int32_t), (as_f64(s[0]), (int32_t)s[1]))
TYPED(f_f, float, of_f32, (float), (as_f32(s[0])))
TYPED(f_ff, float, of_f32, (float, float), (as_f32(s[0]), as_f32(s[1])))
TYPED(i_i, int32_t, of_int, (int32_t), ((int32_t)s[0]))
TYPED(i_ii, int32_t, of_int, (int32_t, int32_t), ((int32_t)s[0], (int32_t)s[1]))
TYPED(i_d, int32_t, of_int, (double), (as_f64(s[0])))
TYPED(l_l, int64_t, of_int, (int64_t), ((int64_t)s[0]))
TYPED(l_ll, int64_t, of_int, (int64_t, int64_t), ((int64_t)s[0], (int64_t)s[1]))
TYPED(l_d, int64_t, of_int, (double), (as_f64(s[0])))
TYPED(i_p, int32_t, of_int, (const void *), (POINTER(0)))
TYPED(l_p, int64_t, of_int, (const void *), (POINTER(0)))
TYPED(L_p, uint64_t, of_int, (const void *), (POINTER(0)))
TYPED(d_p, double, of_f64, (const void *), (POINTER(0)))
TYPED(i_pp, int32_t, of_int, (const void *, const void *), (POINTER(0), POINTER(1)))
TYPED(b_pL, _Bool, of_int, (const void *, uint64_t), (POINTER(0), s[1]))
TYPED(i_pL, int32_t, of_int, (const void *, uint64_t), (POINTER(0), s[1]))
TYPED(I_pL, uint32_t, of_int, (const void *, uint64_t), (POINTER(0), s[1]))
TYPED(l_pL, int64_t, of_int, (const void *, uint64_t), (POINTER(0), s[1]))
TYPED(L_pL, uint64_t, of_int, (const void *, uint64_t), (POINTER(0), s[1]))
TYPED(d_pL, double, of_f64, (const void *, uint64_t), (POINTER(0), s[1]))
TYPED(L_LpI, uint64_t, of_int, (uint64_t, const void *, uint32_t),
      (s[0], POINTER(1), (uint32_t)s[2]))
TYPED(i_pLpp, int32_t, of_int, (const void *, uint64_t, void *, void *),
      (POINTER(0), s[1], POINTER(2), POINTER(3)))

/* One letter per type: result, then arguments. */
static const char letters[] = "vbchilCHILfdp";
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

static int make_typed(call *c, const call_shape *shape) {
  char text[8];
  if (shape->count + 2 > sizeof text || shape->fixed < shape->count || shape->result == C_STRUCT)
    return -1;
  text[0] = letters[shape->result];
  for (uint32_t i = 0; i < shape->count; i++) {
    if (shape->arguments[i].type == C_STRUCT)
      return -1;
    text[i + 1] = letters[shape->arguments[i].type];
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

// ---- trampoline

#if defined(__x86_64__)
enum { INTEGERS = 6 };
#define INTEGER_TYPES uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t
#define INTEGER_VALUES g[0], g[1], g[2], g[3], g[4], g[5]
#elif defined(__aarch64__)
enum { INTEGERS = 8 };
#define INTEGER_TYPES uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t
#define INTEGER_VALUES g[0], g[1], g[2], g[3], g[4], g[5], g[6], g[7]
#else
enum { INTEGERS = 0 };
#endif
enum { FLOATS = 8 };

#if defined(__x86_64__) || defined(__aarch64__)
#define FLOAT_TYPES double, double, double, double, double, double, double, double
#define FLOAT_VALUES f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7]
typedef uint64_t (*integer_function)(INTEGER_TYPES, FLOAT_TYPES);
typedef double (*float_function)(INTEGER_TYPES, FLOAT_TYPES);

#if defined(__clang__)
/* That the type is another one is the point of it. */
__attribute__((no_sanitize("function")))
#endif
static void
run_trampoline(const call *c, const uint64_t *slots, uint64_t *result) {
  uint64_t g[INTEGERS] = {0};
  double f[FLOATS] = {0};
  for (unsigned i = 0; i < c->integer_count; i++)
    g[i] = slots[c->integers[i]];
  for (unsigned i = 0; i < c->float_count; i++)
    memcpy(&f[i], &slots[c->floats[i]], sizeof f[i]);
  if (c_is_float(c->result))
    *result =
        c_extend(c->result, of_f64(((float_function)c->function)(INTEGER_VALUES, FLOAT_VALUES)));
  else
    *result = c_extend(c->result, ((integer_function)c->function)(INTEGER_VALUES, FLOAT_VALUES));
}
#else
static void run_trampoline(const call *c, const uint64_t *slots, uint64_t *result) {
  (void)c;
  (void)slots;
  (void)result;
}
#endif

static int make_trampoline(call *c, const call_shape *shape) {
  c->integer_count = c->float_count = 0;
  if (INTEGERS == 0 || shape->fixed < shape->count || shape->result == C_STRUCT)
    return -1;
  for (uint32_t i = 0; i < shape->count; i++) {
    c_type type = shape->arguments[i].type;
    int is_float = c_is_float(type);
    if (type == C_STRUCT || (is_float ? c->float_count == FLOATS : c->integer_count == INTEGERS))
      return -1;
    if (is_float)
      c->floats[c->float_count++] = (uint8_t)i;
    else
      c->integers[c->integer_count++] = (uint8_t)i;
  }
  c->run = run_trampoline;
  c->lane = LANE_TRAMPOLINE;
  return 0;
}

// ---- libffi

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

static int make_libffi(call *c, const call_shape *shape) {
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

// ---- the choice

int call_make_in(call *c, lane_kind lane, void (*function)(void), const call_shape *shape) {
  memset(c, 0, sizeof *c);
  c->function = function;
  c->result = shape->result;
  c->count = shape->count;
  if (shape->count > CALL_ARGUMENTS_MAX || shape->result == C_STRUCT)
    return -1;
  int made = lane == LANE_TYPED        ? make_typed(c, shape)
             : lane == LANE_TRAMPOLINE ? make_trampoline(c, shape)
                                       : make_libffi(c, shape);
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

// ---- does the trampoline work here?

#define KNOWN __attribute__((noinline)) static

KNOWN double known_d(double x) { return x * 0.5 + 1; }
KNOWN float known_fbf(float a, int8_t b, float c) { return a + (float)b * c; }
KNOWN int8_t known_CH(uint8_t a, int16_t b) { return (int8_t)(a * 3 + b); }
KNOWN _Bool known_idp(int32_t a, double b, const void *p) { return (a < 0) ^ (b < 0) ^ (p != 0); }
KNOWN int64_t known_mixed(int32_t a, double b, uint16_t c, float d, _Bool e, int64_t f) {
  return a + (b > 0 ? 7 : 3) + c + (d > 0 ? 11 : 5) + (e ? 13 : 17) + f / 3;
}
KNOWN uint32_t known_six(int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, uint8_t f) {
  return (uint32_t)(a ^ b >> 3 ^ c >> 5 ^ d >> 7 ^ e >> 11 ^ f);
}
KNOWN double known_eight(double a, float b, double c, float d, double e, double f, float g,
                         double h) {
  return a - (double)b * 2 + c * 3 - (double)d * 4 + e * 5 - f * 6 + (double)g * 7 - h * 8;
}

typedef void (*any_function)(void);

static const struct {
  any_function function;
  const char *shape;
} known[] = {
    {(any_function)known_d, "dd"},
    {(any_function)known_fbf, "ffcf"},
    {(any_function)known_CH, "cCh"},
    {(any_function)known_idp, "bidp"},
    {(any_function)known_mixed, "lidHfbl"},
    {(any_function)known_six, "IlllllC"},
    {(any_function)known_eight, "ddfdfddfd"},
};

static c_type of_letter(char letter) { return (c_type)(strchr(letters, letter) - letters); }

/* Values with set bits everywhere; floating point finite, so that equal means equal. */
static uint64_t sample(c_type type, uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  uint64_t bits = *state ^ *state >> 29;
  if (type == C_F64)
    return of_f64((double)(int64_t)bits / 1048576.0);
  if (type == C_F32)
    return of_f32((float)(int32_t)bits / 1024.0f);
  return type == C_BOOL ? bits & 1 : c_extend(type, bits);
}

static int agrees(any_function function, const char *text, uint64_t *state) {
  call_type arguments[8] = {{C_VOID, 0, NULL}};
  call_shape shape = {of_letter(text[0]), (uint32_t)strlen(text) - 1, 8, arguments};
  for (uint32_t i = 0; i < shape.count; i++)
    arguments[i].type = of_letter(text[i + 1]);
  call quick, sure;
  if (call_make_in(&quick, LANE_TRAMPOLINE, function, &shape) != 0 ||
      call_make_in(&sure, LANE_LIBFFI, function, &shape) != 0)
    return 0;
  int same = 1;
  for (int round = 0; round < 64 && same; round++) {
    uint64_t slots[8] = {0}, a = 0, b = 0;
    for (uint32_t i = 0; i < shape.count; i++)
      slots[i] = sample(arguments[i].type, state);
    quick.run(&quick, slots, &a);
    sure.run(&sure, slots, &b);
    same = a == b;
  }
  call_free(&sure);
  return same;
}

static int trampoline_works;

static void try_trampoline(void) {
  uint64_t state = 1;
  trampoline_works = INTEGERS > 0;
  for (unsigned i = 0; i < sizeof known / sizeof *known && trampoline_works; i++)
    trampoline_works = agrees(known[i].function, known[i].shape, &state);
}

int call_trampoline_works(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, try_trampoline);
  return trampoline_works;
}
