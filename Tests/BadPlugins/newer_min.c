// SPDX-License-Identifier: Apache-2.0
// Cannot live with a host older than 1.99.
#include "bad.h"

#define BAD_NAME "newer_min"
#define BAD_ABI 0x00010063u
#define BAD_MIN_ABI 0x00010063u
#include "table.h"
