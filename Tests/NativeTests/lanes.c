// SPDX-License-Identifier: Apache-2.0
// Every lane against functions that say what they were given: closures of random types, made at
// run time, with random values. Plus what a closure cannot be: variadic functions, and functions
// that a compiler made.
#include "lanes.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIGNATURES = 3000, CALLS = 20, ARGUMENTS = 14, MEMBERS = 8 };

static uint64_t state = 20260101;

static uint64_t next_random(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

static uint32_t below(uint32_t count) { return (uint32_t)(next_random() >> 33) % count; }

/* Any bits; of floating point no NaN, which need not keep its bits. */
static uint64_t random_slot(c_type type) {
  for (;;) {
    uint64_t bits = next_random();
    if (below(4) == 0)
      bits = (uint64_t)((int64_t)below(5) - 2); // the ends of ranges
    bits = type == C_BOOL ? bits & 1 : c_extend(type, bits);
    int is_nan = (type == C_F64 && (bits & ~(1ull << 63)) > 0x7FF0000000000000ull) ||
                 (type == C_F32 && (bits & 0x7FFFFFFF) > 0x7F800000);
    if (!is_nan)
      return bits;
  }
}

static c_type random_type(void) { return (c_type)(C_BOOL + below(C_POINTER - C_BOOL + 1)); }

// ---- a function of a random type

typedef struct {
  call_shape shape;
  call_type types[ARGUMENTS];
  c_type members[ARGUMENTS][MEMBERS];
  uint64_t slots[ARGUMENTS];
  uint8_t bytes[ARGUMENTS][MEMBERS * 8];
  uint64_t result;
  uint32_t wrong, called;
} trial;

static uint32_t struct_bytes(const call_type *type, uint32_t offsets[MEMBERS]) {
  uint32_t size = 0, widest = 1;
  for (uint32_t i = 0; i < type->member_count; i++) {
    uint32_t bytes = c_size(type->members[i]);
    size = (size + bytes - 1) / bytes * bytes;
    offsets[i] = size;
    size += bytes;
    widest = bytes > widest ? bytes : widest;
  }
  return (size + widest - 1) / widest * widest;
}

/* What the closure does: compare what came with what was sent. */
static void receive(ffi_cif *cif, void *returned, void **values, void *user) {
  trial *t = user;
  (void)cif;
  t->called++;
  for (uint32_t i = 0; i < t->shape.count; i++) {
    c_type type = t->types[i].type;
    uint64_t bits = 0;
    if (type == C_STRUCT) {
      uint32_t offsets[MEMBERS];
      struct_bytes(&t->types[i], offsets);
      for (uint32_t m = 0; m < t->types[i].member_count; m++)
        t->wrong += memcmp((uint8_t *)values[i] + offsets[m], t->bytes[i] + offsets[m],
                           c_size(t->members[i][m])) != 0;
      continue;
    }
    memcpy(&bits, values[i], c_size(type));
    t->wrong += c_extend(type, bits) != t->slots[i];
  }
  if (t->shape.result == C_F64 || t->shape.result == C_F32)
    memcpy(returned, &t->result, c_size(t->shape.result));
  else if (t->shape.result != C_VOID)
    *(ffi_arg *)returned = (ffi_arg)t->result;
}

static void choose(trial *t) {
  memset(t, 0, sizeof *t);
  t->shape = (call_shape){C_VOID, below(ARGUMENTS + 1), ARGUMENTS, t->types};
  if (below(8) != 0)
    t->shape.result = random_type();
  for (uint32_t i = 0; i < t->shape.count; i++) {
    t->types[i] = (call_type){random_type(), 0, NULL};
    if (below(12) != 0)
      continue;
    t->types[i] = (call_type){C_STRUCT, 1 + below(MEMBERS), t->members[i]};
    for (uint32_t m = 0; m < t->types[i].member_count; m++)
      t->members[i][m] = (c_type)(C_BOOL + below(C_F64 - C_BOOL + 1));
  }
}

static void fill(trial *t) {
  for (uint32_t i = 0; i < t->shape.count; i++) {
    if (t->types[i].type != C_STRUCT) {
      t->slots[i] = random_slot(t->types[i].type);
      continue;
    }
    uint32_t offsets[MEMBERS];
    struct_bytes(&t->types[i], offsets);
    for (uint32_t m = 0; m < t->types[i].member_count; m++) {
      uint64_t slot = random_slot(t->members[i][m]);
      memcpy(t->bytes[i] + offsets[m], &slot, c_size(t->members[i][m]));
    }
    t->slots[i] = (uint64_t)(uintptr_t)t->bytes[i];
  }
  t->result = random_slot(t->shape.result);
}

/* The types of the closure: those of the notation, whatever the lanes make of them. */
static ffi_type *closure_types(const trial *t, ffi_type *types[ARGUMENTS]) {
  static ffi_type structs[ARGUMENTS], *elements[ARGUMENTS][MEMBERS + 1];
  static ffi_type *const scalars[] = {
      &ffi_type_void,   &ffi_type_uint8,  &ffi_type_sint8,  &ffi_type_sint16, &ffi_type_sint32,
      &ffi_type_sint64, &ffi_type_uint8,  &ffi_type_uint16, &ffi_type_uint32, &ffi_type_uint64,
      &ffi_type_float,  &ffi_type_double, &ffi_type_pointer};
  for (uint32_t i = 0; i < t->shape.count; i++) {
    if (t->types[i].type != C_STRUCT) {
      types[i] = scalars[t->types[i].type];
      continue;
    }
    for (uint32_t m = 0; m < t->types[i].member_count; m++)
      elements[i][m] = scalars[t->members[i][m]];
    elements[i][t->types[i].member_count] = NULL;
    structs[i] = (ffi_type){0, 0, FFI_TYPE_STRUCT, elements[i]};
    types[i] = &structs[i];
  }
  return scalars[t->shape.result];
}

static void show(const trial *t) {
  static const char letters[] = "vbchilCHILfdp";
  fprintf(stderr, "%c(", letters[t->shape.result]);
  for (uint32_t i = 0; i < t->shape.count; i++) {
    if (t->types[i].type != C_STRUCT) {
      fputc(letters[t->types[i].type], stderr);
      continue;
    }
    fputc('{', stderr);
    for (uint32_t m = 0; m < t->types[i].member_count; m++)
      fputc(letters[t->members[i][m]], stderr);
    fputc('}', stderr);
  }
  fputs(")\n", stderr);
}

/* Calls in one lane; 1 if there was one. */
static int try_lane(trial *t, lane_kind lane, void (*code)(void)) {
  call c;
  if (call_make_in(&c, lane, code, &t->shape) != 0)
    return 0;
  for (int i = 0; i < CALLS; i++) {
    fill(t);
    uint64_t result = ~0ull;
    uint32_t called = t->called;
    c.run(&c, t->slots, &result);
    t->wrong += result != t->result || t->called != called + 1;
  }
  call_free(&c);
  return 1;
}

static int closures(void) {
  static uint32_t made[3];
  for (int n = 0; n < SIGNATURES; n++) {
    static trial t;
    choose(&t);
    ffi_type *types[ARGUMENTS], *result = closure_types(&t, types);
    ffi_cif cif;
    void *code = NULL;
    ffi_closure *closure = ffi_closure_alloc(sizeof *closure, &code);
    if (closure == NULL || ffi_prep_cif(&cif, FFI_DEFAULT_ABI, t.shape.count, result, types) ||
        ffi_prep_closure_loc(closure, &cif, receive, &t, code))
      return fprintf(stderr, "no closure for signature %d\n", n), 1;
    for (int lane = LANE_TYPED; lane <= LANE_LIBFFI; lane++)
      made[lane] += (uint32_t)try_lane(&t, (lane_kind)lane, (void (*)(void))(uintptr_t)code);
    if (t.wrong)
      show(&t);
    if (t.wrong)
      return fprintf(stderr, "signature %d: %u differences\n", n, t.wrong), 1;
    ffi_closure_free(closure);
  }
  fprintf(stderr, "closures: typed %u, trampoline %u, libffi %u\n", made[0], made[1], made[2]);
  return made[LANE_TRAMPOLINE] < SIGNATURES / 10 || made[LANE_LIBFFI] != SIGNATURES;
}

// ---- every shape of the typed lane

static int typed_shapes(void) {
  static const char letters[] = "vbchilCHILfdp";
  static const char *const shapes[] = {
      "dd", "ddd", "dddd", "ddi", "ff",  "fff", "ii",  "iii", "id",  "ll",  "lll",  "ld",   "ip",
      "lp", "Lp",  "dp",   "ipp", "bpL", "ipL", "IpL", "lpL", "LpL", "dpL", "LLpI", "ipLpp"};
  for (unsigned n = 0; n < sizeof shapes / sizeof *shapes; n++) {
    static trial t;
    memset(&t, 0, sizeof t);
    t.shape = (call_shape){(c_type)(strchr(letters, shapes[n][0]) - letters),
                           (uint32_t)strlen(shapes[n]) - 1, ARGUMENTS, t.types};
    for (uint32_t i = 0; i < t.shape.count; i++)
      t.types[i].type = (c_type)(strchr(letters, shapes[n][i + 1]) - letters);
    ffi_type *types[ARGUMENTS], *result = closure_types(&t, types);
    ffi_cif cif;
    void *code = NULL;
    ffi_closure *closure = ffi_closure_alloc(sizeof *closure, &code);
    ffi_prep_cif(&cif, FFI_DEFAULT_ABI, t.shape.count, result, types);
    ffi_prep_closure_loc(closure, &cif, receive, &t, code);
    int made = try_lane(&t, LANE_TYPED, (void (*)(void))(uintptr_t)code);
    ffi_closure_free(closure);
    if (!made || t.wrong)
      return fprintf(stderr, "typed %s: made %d, %u differences\n", shapes[n], made, t.wrong), 1;
  }
  return 0;
}

// ---- variadic

static double total(const char *types, ...) {
  va_list values;
  va_start(values, types);
  double sum = 0;
  for (; *types != 0; types++)
    sum = sum * 3 + (*types == 'i'   ? va_arg(values, int)
                     : *types == 'l' ? (double)va_arg(values, int64_t)
                                     : va_arg(values, double));
  va_end(values);
  return sum;
}

static int variadic(void) {
  c_type given[] = {C_POINTER, C_I8, C_F32, C_U16, C_F64, C_I64, C_BOOL, C_F64};
  call_type types[8];
  for (int i = 0; i < 8; i++)
    types[i] = (call_type){i > 0 ? call_promoted(given[i]) : given[i], 0, NULL};
  call_shape shape = {C_F64, 8, 1, types};
  call c;
  if (call_make(&c, (void (*)(void))total, &shape) != 0 || c.lane != LANE_LIBFFI)
    return fprintf(stderr, "a variadic function is called through libffi\n"), 1;
  double values[] = {1.5, 2.25};
  uint64_t slots[8] = {(uint64_t)(uintptr_t) "ididlid",
                       (uint64_t)(int64_t)-7,
                       0,
                       60000,
                       0,
                       (uint64_t)-5000000000ll,
                       1,
                       0};
  double narrow = 0.5f; // what an f32 becomes
  memcpy(&slots[2], &narrow, 8);
  memcpy(&slots[4], &values[0], 8);
  memcpy(&slots[7], &values[1], 8);
  uint64_t result = 0;
  c.run(&c, slots, &result);
  double found;
  memcpy(&found, &result, sizeof found);
  double expected = total("ididlid", -7, 0.5, 60000, 1.5, (int64_t)-5000000000ll, 1, 2.25);
  call_free(&c);
  return found != expected ? fprintf(stderr, "variadic: %g, expected %g\n", found, expected), 1 : 0;
}

// ---- which lane is taken

static int choices(void) {
  c_type d = C_F64, many[9];
  call_type one[] = {{C_F64, 0, NULL}}, nine[9], boxed[] = {{C_STRUCT, 1, &d}};
  call c;
  for (int i = 0; i < 9; i++) {
    many[i] = C_I16;
    nine[i] = (call_type){many[i], 0, NULL};
  }
  call_shape simple = {C_F64, 1, 1, one}, some = {C_I16, 4, 4, nine}, full = {C_I16, 9, 9, nine},
             by_value = {C_F64, 1, 1, boxed};
  int wrong = 0;
  wrong += call_make(&c, NULL, &simple) != 0 || c.lane != LANE_TYPED;
  wrong += call_make(&c, NULL, &some) != 0 || c.lane != LANE_TRAMPOLINE;
  wrong += call_make(&c, NULL, &full) != 0 || c.lane != LANE_LIBFFI;
  wrong += call_make(&c, NULL, &by_value) != 0 || c.lane != LANE_LIBFFI;
  call_free(&c);
  wrong += !call_trampoline_works();
  return wrong != 0 ? fprintf(stderr, "%d wrong choices\n", wrong), 1 : 0;
}

int main(void) {
  int failed = closures() + typed_shapes() + variadic() + choices();
  return failed != 0;
}
