// SPDX-License-Identifier: Apache-2.0
// Says that it has four thousand million operators.
#include "bad.h"

#define BAD_NAME "huge_count"
#define BAD_COUNT 0xFFFFFFFFu
#include "table.h"
