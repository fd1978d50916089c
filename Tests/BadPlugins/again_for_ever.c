// SPDX-License-Identifier: Apache-2.0
// Asks to be called again and again, with room enough.
#include "bad.h"

static mr_status process(void *op, const mr_batch *batch, mr_work *work) {
  (void)op;
  (void)batch;
  work->consumed = 0;
  return MR_AGAIN;
}

#define BAD_NAME "again_for_ever"
#define BAD_PROCESS process
#define BAD_FLAGS MR_OP_RESUMABLE
#include "table.h"
