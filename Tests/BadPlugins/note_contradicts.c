// SPDX-License-Identifier: Apache-2.0
// The note names another operator than the table.
#include "bad.h"

#define BAD_NAME "note_contradicts"
#define BAD_NOTE_ID "bad.somebody_else"
#include "table.h"
