// SPDX-License-Identifier: Apache-2.0
// Writes to an address that is not mapped when it is made.
#include "bad.h"

static mr_status create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                        const mr_config *config, void **op) {
  write_nowhere();
  return good_create(self, host, ctx, config, op);
}

#define BAD_NAME "crash_in_create"
#define BAD_CREATE create
#include "table.h"
