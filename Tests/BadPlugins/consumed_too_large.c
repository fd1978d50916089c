// SPDX-License-Identifier: Apache-2.0
// Says that it has consumed more records than it got.
#include "bad.h"

static mr_status process(void *op, const mr_batch *batch, mr_work *work) {
  mr_status status = good_process(op, batch, work);
  if (status != MR_OK)
    return status;
  work->consumed = batch->count + 1;
  return MR_AGAIN;
}

#define BAD_NAME "consumed_too_large"
#define BAD_PROCESS process
#define BAD_FLAGS MR_OP_RESUMABLE
#include "table.h"
