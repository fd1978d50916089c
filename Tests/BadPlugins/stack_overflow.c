// SPDX-License-Identifier: Apache-2.0
// Calls itself until the stack is used up.
#include "bad.h"

static uint64_t deeper(volatile uint8_t *above, uint64_t depth) {
  volatile uint8_t here[4096];
  here[depth % sizeof here] = above[0];
  return depth == UINT64_MAX ? 0 : deeper(here, depth + 1) + here[0];
}

static mr_status process(void *op, const mr_batch *batch, mr_work *work) {
  volatile uint8_t first[1] = {1};
  work->consumed = (uint32_t)deeper(first, 0);
  return good_process(op, batch, work);
}

#define BAD_NAME "stack_overflow"
#define BAD_PROCESS process
#include "table.h"
