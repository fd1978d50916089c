// SPDX-License-Identifier: Apache-2.0
// Small functions in a file of their own, so that no call of them disappears.
#include <stdint.h>

double half(double x) { return x * 0.5; }
int32_t mixed(int32_t a, double b, int8_t c, const void *p) {
  return a + (int32_t)b + c + (p != 0);
}
typedef struct {
  double x, y;
} point;
double sum(point p, double z) { return p.x + p.y + z; }
