// SPDX-License-Identifier: Apache-2.0
// Asks to be called again, but has not said that it can be.
#include "bad.h"

static mr_status process(void *op, const mr_batch *batch, mr_work *work) {
  (void)op;
  (void)batch;
  work->consumed = 0;
  return MR_AGAIN;
}

#define BAD_NAME "returns_again_not_resumable"
#define BAD_PROCESS process
#include "table.h"
