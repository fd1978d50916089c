// SPDX-License-Identifier: Apache-2.0
// Says that it has an operator, but has no table of them.
#include "bad.h"

#define BAD_NAME "null_operators"
#define BAD_TABLE NULL
#include "table.h"
