// SPDX-License-Identifier: Apache-2.0
// Trampoline: in the calling conventions of SysV AMD64 and AAPCS64 integer and floating-point
// arguments are counted independently into registers, and a function does not look at registers
// it has no argument for. So two types of call, which set all of them, can call every function
// whose arguments are scalars that fit into registers. Slots are extended already, results are
// narrowed; an `f32` is the lower half of its register. That is outside of the C standard: a test
// against libffi at the first use decides whether it may be used at all.
#include "lane_parts.h"
#include <pthread.h>

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
    *result = c_extend(c->result,
                       call_of_f64(((float_function)c->function)(INTEGER_VALUES, FLOAT_VALUES)));
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

int call_make_trampoline(call *c, const call_shape *shape) {
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

// ---- does it work here?

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

static c_type of_letter(char letter) {
  return (c_type)(strchr(call_letters, letter) - call_letters);
}

/* Values with set bits everywhere; floating point finite, so that equal means equal. */
static uint64_t sample(c_type type, uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  uint64_t bits = *state ^ *state >> 29;
  if (type == C_F64)
    return call_of_f64((double)(int64_t)bits / 1048576.0);
  if (type == C_F32)
    return call_of_f32((float)(int32_t)bits / 1024.0f);
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
