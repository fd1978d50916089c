// SPDX-License-Identifier: Apache-2.0
// An operator table says that it has 2 GiB.
#include "bad.h"

#define BAD_NAME "operator_size_huge"
#define BAD_OPERATOR_SIZE 0x80000000u
#include "table.h"
