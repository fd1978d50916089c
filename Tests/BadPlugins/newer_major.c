// SPDX-License-Identifier: Apache-2.0
// Compiled with headers of major version 2.
#include "bad.h"

#define BAD_NAME "newer_major"
#define BAD_ABI 0x00020000u
#include "table.h"
