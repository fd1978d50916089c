// SPDX-License-Identifier: Apache-2.0
// Libraries that end the process that loads them.
#include <stdlib.h>
#include <unistd.h>

__attribute__((constructor)) static void begin(void) {
#if defined(CRASHES)
  *(volatile int *)16 = 1;
#elif defined(EXITS)
  _exit(0);
#else
  for (;;)
    pause();
#endif
}

int harmless(int x) { return x; }
