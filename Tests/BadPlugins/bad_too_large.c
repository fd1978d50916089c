// SPDX-License-Identifier: Apache-2.0
// Refuses a record that it did not get.
#include "bad.h"

static mr_status process(void *op, const mr_batch *batch, mr_work *work) {
  mr_status status = good_process(op, batch, work);
  if (status != MR_OK)
    return status;
  work->bad = batch->count;
  return MR_E_DATA;
}

#define BAD_NAME "bad_too_large"
#define BAD_PROCESS process
#include "table.h"
