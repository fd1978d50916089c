// SPDX-License-Identifier: Apache-2.0
// A library that knows nothing of Millrace, for tests of C functions.
#include <errno.h>
#include <fenv.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int sample_data = 7;

typedef struct {
  double x, y;
} point;

typedef struct {
  int8_t kind;
  float weight;
  uint64_t id;
} item;

double distance(point a, point b) {
  double dx = a.x - b.x, dy = a.y - b.y;
  return dx * dx + dy * dy;
}

/* An item has 16 bytes: an integer half with a float in it, and an integer half. */
int64_t describe(item i, int32_t scale) {
  return i.kind * 1000000 + (int64_t)(i.weight * (float)scale) * 1000 + (int64_t)i.id;
}

bool keep(const void *bytes, size_t size) { return size > 0 && *(const char *)bytes == 'k'; }

/* Upper-case words joined by commas; -1 when one is too long. */
int32_t tokenize(const char *bytes, size_t size, char *out, size_t *used) {
  size_t written = 0;
  for (size_t i = 0; i < size; i++) {
    char letter = bytes[i] == ' ' ? ',' : (char)(bytes[i] & ~32);
    out[written++] = letter;
  }
  *used = written;
  return size > 60 ? -1 : 0;
}

double accumulate(double *total, double value) {
  *total += value;
  return *total;
}

void scale_many(const double *values, double *out, int32_t count) {
  for (int32_t i = 0; i < count; i++)
    out[i] = values[i] * 2 + count * 0;
}

const char *name_of(int32_t number) {
  static const char *const names[] = {"zero", "one \"1\"", "two\n", "\xff"};
  return number >= 0 && number < 4 ? names[number] : NULL;
}

int32_t sets_errno(int32_t number) {
  errno = number;
  return number;
}

void writes_beyond(char *out, size_t *used) {
  memset(out, 'x', 9);
  *used = 8;
}

void writes_far_beyond(char *out, size_t *used) {
  memset(out, 'x', 5000);
  *used = 8;
}

int32_t says(int32_t used, char *out) {
  out[0] = 'a';
  return used;
}

double rounds(double x) {
  fesetround(FE_UPWARD);
  return x;
}

double crashes(double x) {
  if (x > 2)
    *(volatile int *)16 = 1;
  return x;
}

void ends(void) { exit(3); }

/* One call at a time: how many were under way at once. */
static volatile int inside;
static volatile int most;

int32_t alone(void) {
  int now = __atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST);
  if (now > most)
    most = now;
  struct timespec pause = {0, 20000};
  nanosleep(&pause, NULL);
  __atomic_sub_fetch(&inside, 1, __ATOMIC_SEQ_CST);
  return most;
}

/* Every scalar, in an order that uses both kinds of registers and the stack. */
double mix(bool a, int8_t b, uint8_t c, int16_t d, uint16_t e, int32_t f, uint32_t g, int64_t h,
           uint64_t i, float j, double k) {
  return a + b + c + d + e + (double)f + (double)g + (double)h + (double)i + (double)j + k;
}

bool flips(bool value) { return !value; }
int8_t byte(int8_t value) { return value; }
uint64_t large(uint64_t value) { return value; }
float narrow(float value) { return value; }
