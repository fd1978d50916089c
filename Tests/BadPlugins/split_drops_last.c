// SPDX-License-Identifier: Apache-2.0
// Takes the last of a batch for the end of the input.
#include "bad.h"
#define BAD_NAME "split_drops_last"
#define BAD_PROCESS process

static mr_status process(void *op, const mr_batch *batch, mr_work *work) {
  mr_batch shorter = *batch;
  if (shorter.count > 4)
    shorter.count--;
  return good_process(op, &shorter, work);
}

#include "table.h"
