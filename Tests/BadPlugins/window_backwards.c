// SPDX-License-Identifier: Apache-2.0
// Moves its window back to where others have written.
#include "bad.h"

static mr_status process(void *op, const mr_batch *batch, mr_work *work) {
  instance *self = (instance *)op;
  mr_status status = good_process(op, batch, work);
  self->out->cur -= 1 << 20;
  return status;
}

#define BAD_NAME "window_backwards"
#define BAD_PROCESS process
#include "table.h"
