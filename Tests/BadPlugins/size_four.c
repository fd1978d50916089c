// SPDX-License-Identifier: Apache-2.0
// The plugin table says that it ends behind its first field.
#include "bad.h"

#define BAD_NAME "size_four"
#define BAD_PLUGIN_SIZE 4
#include "table.h"
