// SPDX-License-Identifier: Apache-2.0
// Looks at the first byte of a record that has none.
#include "bad.h"
#define BAD_NAME "empty_crashes"
#define BAD_PROCESS process

static mr_status process(void *op, const mr_batch *batch, mr_work *work) {
  for (uint32_t i = 0; i < batch->count; i++)
    if (mr_at(batch, i)->length == 0)
      write_nowhere();
  return good_process(op, batch, work);
}

#include "table.h"
