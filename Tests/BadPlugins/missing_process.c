// SPDX-License-Identifier: Apache-2.0
// A transform that cannot process.
#include "bad.h"

#define BAD_NAME "missing_process"
#define BAD_PROCESS NULL
#include "table.h"
