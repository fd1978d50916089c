// SPDX-License-Identifier: Apache-2.0
// The plugin table says that it has no bytes.
#include "bad.h"

#define BAD_NAME "size_zero"
#define BAD_PLUGIN_SIZE 0
#include "table.h"
