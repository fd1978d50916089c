// SPDX-License-Identifier: Apache-2.0
// Declares one record per input and emits three.
#include "bad.h"

static mr_status process(void *op, const mr_batch *batch, mr_work *work) {
  for (int i = 0; i < 3; i++) {
    mr_status status = good_process(op, batch, work);
    if (status != MR_OK)
      return status;
  }
  return MR_OK;
}

#define BAD_NAME "more_than_declared"
#define BAD_PROCESS process
#include "table.h"
