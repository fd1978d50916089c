// SPDX-License-Identifier: Apache-2.0
// Executes an instruction that does not exist, as a Swift trap does.
#include "bad.h"

static mr_status process(void *op, const mr_batch *batch, mr_work *work) {
  (void)op;
  (void)batch;
  (void)work;
  __builtin_trap();
}

#define BAD_NAME "ill"
#define BAD_PROCESS process
#include "table.h"
