// SPDX-License-Identifier: Apache-2.0
// The entry function throws a C++ exception.
#include <stdexcept>

#include "bad.h"

static void throw_it() { throw std::runtime_error("thrown in the entry function"); }

#define BAD_NAME "throw_in_entry"
#define BAD_ENTRY throw_it()
#include "table.h"
