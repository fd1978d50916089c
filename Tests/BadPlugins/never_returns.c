// SPDX-License-Identifier: Apache-2.0
// Goes round in circles.
#include "bad.h"

static volatile uint64_t turns;

static mr_status process(void *op, const mr_batch *batch, mr_work *work) {
  (void)op;
  (void)batch;
  (void)work;
  for (;;)
    turns++;
  return MR_OK;
}

#define BAD_NAME "never_returns"
#define BAD_PROCESS process
#include "table.h"
