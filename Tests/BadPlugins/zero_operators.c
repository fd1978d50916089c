// SPDX-License-Identifier: Apache-2.0
// A plugin without operators.
#include "bad.h"

#define BAD_NAME "zero_operators"
#define BAD_COUNT 0
#include "table.h"
