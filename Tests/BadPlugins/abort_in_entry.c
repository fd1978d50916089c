// SPDX-License-Identifier: Apache-2.0
// The entry function aborts.
#include "bad.h"

#define BAD_NAME "abort_in_entry"
#define BAD_ENTRY abort()
#include "table.h"
