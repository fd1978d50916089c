// SPDX-License-Identifier: Apache-2.0
// Refuses a record and does not say why.
#include "bad.h"
#define BAD_NAME "empty_refused_silently"
#define BAD_PROCESS process

static mr_status process(void *op, const mr_batch *batch, mr_work *work) {
  for (uint32_t i = 0; i < batch->count; i++) {
    if (mr_at(batch, i)->length > 0)
      continue;
    work->bad = i;
    return MR_E_DATA;
  }
  return good_process(op, batch, work);
}

#include "table.h"
