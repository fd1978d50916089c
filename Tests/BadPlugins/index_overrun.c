// SPDX-License-Identifier: Apache-2.0
// Writes more index slots than its window has.
#include "bad.h"

static mr_status process(void *op, const mr_batch *batch, mr_work *work) {
  instance *self = (instance *)op;
  mr_status status = good_process(op, batch, work);
  self->out->icur = self->out->iend + 8;
  return status;
}

#define BAD_NAME "index_overrun"
#define BAD_PROCESS process
#include "table.h"
