// SPDX-License-Identifier: Apache-2.0
// The plugin table says that it has 2 GiB.
#include "bad.h"

#define BAD_NAME "size_huge"
#define BAD_PLUGIN_SIZE 0x80000000u
#include "table.h"
