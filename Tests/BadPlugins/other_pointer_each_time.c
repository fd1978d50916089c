// SPDX-License-Identifier: Apache-2.0
// The entry function makes a new table for each call.
#include "bad.h"

static const mr_plugin *another(const mr_plugin *table) {
  mr_plugin *copy = (mr_plugin *)malloc(sizeof *copy);
  if (copy != NULL)
    *copy = *table;
  return copy;
}

#define BAD_NAME "other_pointer_each_time"
#define BAD_ANSWER another(&plugin_table)
#include "table.h"
