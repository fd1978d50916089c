// SPDX-License-Identifier: Apache-2.0
// The entry function writes to an address that is not mapped.
#include "bad.h"

#define BAD_NAME "crash_in_entry"
#define BAD_ENTRY write_nowhere()
#include "table.h"
