// SPDX-License-Identifier: Apache-2.0
// Drops values that begin with a hash sign. The function is called for each record and compiled
// into the loop over a batch; MR_SIMPLE_FILTER makes the rest of the plugin.
#define MR_SIMPLE_DOC "Drops values that begin with a hash sign."
#include <millrace/simple.h>

// 1 keeps the record, 0 drops it, -1 refuses it as unusable.
static int keep(const void *value, uint32_t size) {
  const char *text = value;
  return size == 0 || text[0] != '#';
}

MR_SIMPLE_FILTER("{{id}}", keep)
