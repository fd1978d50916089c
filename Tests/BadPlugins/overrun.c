// SPDX-License-Identifier: Apache-2.0
// Commits a record that reaches far past the end of its window.
#include "bad.h"

static mr_status process(void *op, const mr_batch *batch, mr_work *work) {
  instance *self = (instance *)op;
  mr_status status = good_process(op, batch, work);
  self->out->cur = self->out->end + 65536;
  return status;
}

#define BAD_NAME "overrun"
#define BAD_PROCESS process
#include "table.h"
