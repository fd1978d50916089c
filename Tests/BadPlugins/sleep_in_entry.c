// SPDX-License-Identifier: Apache-2.0
// The entry function never returns.
#include "bad.h"

static void sleep_for_ever(void) {
  for (;;)
    pause();
}

#define BAD_NAME "sleep_in_entry"
#define BAD_ENTRY sleep_for_ever()
#include "table.h"
