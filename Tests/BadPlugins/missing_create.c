// SPDX-License-Identifier: Apache-2.0
// An operator that cannot be made.
#include "bad.h"

#define BAD_NAME "missing_create"
#define BAD_CREATE NULL
#include "table.h"
