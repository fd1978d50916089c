// SPDX-License-Identifier: Apache-2.0
// Without the note; nothing else is wrong.
#include "bad.h"

#define BAD_NAME "no_note"
#define BAD_NO_NOTE
#include "table.h"
