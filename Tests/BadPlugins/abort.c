// SPDX-License-Identifier: Apache-2.0
// Aborts, as a failed assertion does.
#include "bad.h"

static mr_status process(void *op, const mr_batch *batch, mr_work *work) {
  (void)op;
  (void)batch;
  (void)work;
  abort();
}

#define BAD_NAME "abort"
#define BAD_PROCESS process
#include "table.h"
