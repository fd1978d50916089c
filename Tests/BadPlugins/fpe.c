// SPDX-License-Identifier: Apache-2.0
// Raises SIGFPE, as a division by zero does.
#include "bad.h"

static mr_status process(void *op, const mr_batch *batch, mr_work *work) {
  raise(SIGFPE);
  return good_process(op, batch, work);
}

#define BAD_NAME "fpe"
#define BAD_PROCESS process
#include "table.h"
