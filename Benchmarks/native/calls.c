// SPDX-License-Identifier: Apache-2.0
// What a call through each lane costs over a direct one:
//
//   cc -O3 -IPlugins/native Benchmarks/native/*.c Plugins/native/lane*.c -lffi -o build/calls
//   build/calls
//
// Nanoseconds per call, function included: the best of many rounds.
#include "lanes.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

typedef struct {
  double x, y;
} point;
double half(double x);
int32_t mixed(int32_t a, double b, int8_t c, const void *p);
double sum(point p, double z);

enum { ROUNDS = 300, CALLS = 10000 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* The best round of BODY, which may use `i`. */
#define BEST(BODY)                                                                                 \
  ({                                                                                               \
    double best = 1e18;                                                                            \
    for (int round = 0; round < ROUNDS; round++) {                                                 \
      double start = now();                                                                        \
      for (int i = 0; i < CALLS; i++) {                                                            \
        BODY;                                                                                      \
      }                                                                                            \
      double spent = (now() - start) / CALLS;                                                      \
      best = spent < best ? spent : best;                                                          \
    }                                                                                              \
    best;                                                                                          \
  })

static double lane(lane_kind kind, void (*function)(void), const call_shape *shape,
                   uint64_t *slots) {
  call c;
  if (call_make_in(&c, kind, function, shape) != 0)
    return -1;
  // As the operator does it: the call is in memory, and so are its slots.
  call *volatile held = &c;
  uint64_t result = 0;
  double spent = BEST(slots[7] += (uint64_t)i; held->run(held, slots, &result));
  call_free(&c);
  return spent;
}

static void show(const char *name, double direct, void (*function)(void), const call_shape *shape,
                 uint64_t *slots) {
  printf("%-22s direct %5.1f", name, direct);
  static const char *const names[] = {"typed", "trampoline", "libffi"};
  for (int kind = LANE_TYPED; kind <= LANE_LIBFFI; kind++) {
    double spent = lane((lane_kind)kind, function, shape, slots);
    if (spent >= 0)
      printf("   %s %5.1f (+%.1f)", names[kind], spent, spent - direct);
  }
  printf("\n");
}

int main(void) {
  uint64_t slots[8] = {0};
  double value = 1.25;
  memcpy(&slots[1], &value, sizeof value);
  slots[0] = slots[1];
  slots[3] = (uint64_t)(uintptr_t)slots;

  volatile double sink = 0;
  volatile int32_t integer = 0;
  double (*volatile direct_half)(double) = half;
  int32_t (*volatile direct_mixed)(int32_t, double, int8_t, const void *) = mixed;
  double (*volatile direct_sum)(point, double) = sum;
  point p = {1, 2};

  call_type one[] = {{C_F64, 0, NULL}};
  call_shape half_shape = {C_F64, 1, 1, one};
  show("f64 -> f64", BEST(sink = direct_half(sink)), (void (*)(void))half, &half_shape, slots);

  call_type four[] = {{C_I32, 0, NULL}, {C_F64, 0, NULL}, {C_I8, 0, NULL}, {C_POINTER, 0, NULL}};
  call_shape mixed_shape = {C_I32, 4, 4, four};
  slots[0] = 5;
  slots[2] = 7;
  show("i32, f64, i8, ptr", BEST(integer = direct_mixed(integer, sink, 7, slots)),
       (void (*)(void))mixed, &mixed_shape, slots);

  c_type members[] = {C_F64, C_F64};
  call_type two[] = {{C_STRUCT, 2, members}, {C_F64, 0, NULL}};
  call_shape sum_shape = {C_F64, 2, 2, two};
  slots[0] = (uint64_t)(uintptr_t)&p;
  show("struct{f64,f64}, f64", BEST(sink = direct_sum(p, sink)), (void (*)(void))sum, &sum_shape,
       slots);
  return 0;
}
