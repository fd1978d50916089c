// SPDX-License-Identifier: Apache-2.0
// The table of operators has an empty entry.
#include "bad.h"

#define BAD_NAME "null_operator_entry"
#define BAD_TABLE no_operators
#include "table.h"
