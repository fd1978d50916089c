// SPDX-License-Identifier: Apache-2.0
// The entry function takes over a signal of the process.
#include "bad.h"

static void ignore_signal(int number) { (void)number; }

#define BAD_NAME "handler_in_entry"
#define BAD_ENTRY signal(SIGTERM, ignore_signal)
#include "table.h"
