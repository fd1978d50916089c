// SPDX-License-Identifier: Apache-2.0
// An operator table says that it has no bytes.
#include "bad.h"

#define BAD_NAME "operator_size_zero"
#define BAD_OPERATOR_SIZE 0
#include "table.h"
