// SPDX-License-Identifier: Apache-2.0
// 64 MiB for each record, and no thought of an end.
#include "bad.h"
#define BAD_NAME "eats_memory"
#define BAD_PROCESS process

static mr_status process(void *op, const mr_batch *batch, mr_work *work) {
  for (uint32_t i = 0; i < batch->count; i++) {
    volatile char *more = malloc((size_t)64 << 20);
    *more = 1;
  }
  return good_process(op, batch, work);
}

#include "table.h"
