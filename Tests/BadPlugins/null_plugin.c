// SPDX-License-Identifier: Apache-2.0
// The entry function answers NULL.
#include "bad.h"

#define BAD_NAME "null_plugin"
#define BAD_ANSWER NULL
#include "table.h"
