// SPDX-License-Identifier: Apache-2.0
// The entry function ends the process as if all were well.
#include "bad.h"

#define BAD_NAME "exit_in_entry"
#define BAD_ENTRY exit(0)
#include "table.h"
