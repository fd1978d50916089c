// SPDX-License-Identifier: Apache-2.0
// An id that is none.
#include "bad.h"

#define BAD_NAME "bad_id"
#define BAD_ID "Not An Id!"
#define BAD_NOTE_ID "Not An Id!"
#include "table.h"
