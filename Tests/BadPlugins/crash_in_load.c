// SPDX-License-Identifier: Apache-2.0
// The load function writes to an address that is not mapped.
#include "bad.h"

static mr_status load(const mr_host *host, mr_ctx *ctx) {
  (void)host;
  (void)ctx;
  write_nowhere();
  return MR_OK;
}

#define BAD_NAME "crash_in_load"
#define BAD_LOAD load
#include "table.h"
