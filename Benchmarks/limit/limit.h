/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIMIT_H
#define LIMIT_H

#include <stdint.h>

/* Monotonic seconds. */
double limit_now(void);

/* Measures a call per record both ways and prints a line of JSON; 0, or 1 if the sums differ. */
int limit_calls(double seconds);

#endif
