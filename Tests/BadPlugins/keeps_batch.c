// SPDX-License-Identifier: Apache-2.0
// Keeps what it was lent and reads it in the next call. Nobody else may notice.
#include "bad.h"

static const mr_batch *kept_batch;
static const mr_record *kept_record;
static volatile uint64_t sum;

static mr_status process(void *op, const mr_batch *batch, mr_work *work) {
  if (kept_batch != NULL)
    sum += kept_batch->count + kept_record->length;
  kept_batch = batch;
  kept_record = batch->count > 0 ? mr_at(batch, 0) : kept_record;
  if (kept_record == NULL)
    kept_batch = NULL;
  return good_process(op, batch, work);
}

#define BAD_NAME "keeps_batch"
#define BAD_PROCESS process
#include "table.h"
