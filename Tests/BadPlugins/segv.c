// SPDX-License-Identifier: Apache-2.0
// Writes to an address that is not mapped.
#include "bad.h"

static mr_status process(void *op, const mr_batch *batch, mr_work *work) {
  write_nowhere();
  return good_process(op, batch, work);
}

#define BAD_NAME "segv"
#define BAD_PROCESS process
#include "table.h"
