// SPDX-License-Identifier: Apache-2.0
// A library without the entry symbol.
#include "bad.h"

const char bad_no_entry[] = "nothing to see here";
