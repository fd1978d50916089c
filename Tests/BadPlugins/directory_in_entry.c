// SPDX-License-Identifier: Apache-2.0
// The entry function changes the working directory.
#include "bad.h"

static void leave(void) {
  if (chdir("/") != 0)
    abort();
}

#define BAD_NAME "directory_in_entry"
#define BAD_ENTRY leave()
#include "table.h"
