// SPDX-License-Identifier: Apache-2.0
// Two operators of one library have the same id.
#include "bad.h"

#define BAD_NAME "duplicate_id"
#define BAD_COUNT 2
#include "table.h"
