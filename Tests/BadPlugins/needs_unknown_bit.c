// SPDX-License-Identifier: Apache-2.0
// Needs a feature that no host has.
#include "bad.h"

#define BAD_NAME "needs_unknown_bit"
#define BAD_NEEDS (1ull << 40)
#include "table.h"
