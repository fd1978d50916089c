// SPDX-License-Identifier: Apache-2.0
// Answers an error that means nothing, and no text.
#include "bad.h"

static mr_status process(void *op, const mr_batch *batch, mr_work *work) {
  mr_status status = good_process(op, batch, work);
  return status != MR_OK ? status : (mr_status)-77;
}

#define BAD_NAME "unknown_error"
#define BAD_PROCESS process
#include "table.h"
