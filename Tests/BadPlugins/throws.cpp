// SPDX-License-Identifier: Apache-2.0
// Throws a C++ exception out of process.
#include <stdexcept>

#include "bad.h"

static mr_status process(void *op, const mr_batch *batch, mr_work *work) {
  (void)op;
  (void)batch;
  (void)work;
  throw std::runtime_error("thrown in process");
}

#define BAD_NAME "throws"
#define BAD_PROCESS process
#include "table.h"
