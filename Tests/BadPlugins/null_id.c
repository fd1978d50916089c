// SPDX-License-Identifier: Apache-2.0
// An operator without an id.
#include "bad.h"

#define BAD_NAME "null_id"
#define BAD_ID NULL
#include "table.h"
