// SPDX-License-Identifier: Apache-2.0
// Ends the process as if all were well.
#include "bad.h"

static mr_status process(void *op, const mr_batch *batch, mr_work *work) {
  (void)op;
  (void)batch;
  (void)work;
  exit(0);
}

#define BAD_NAME "calls_exit"
#define BAD_PROCESS process
#include "table.h"
