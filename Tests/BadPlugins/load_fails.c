// SPDX-License-Identifier: Apache-2.0
// The load function says that it cannot.
#include "bad.h"

static mr_status load(const mr_host *host, mr_ctx *ctx) {
  return mr_fail(host, ctx, MR_E_UNAVAILABLE, "the licence server does not answer");
}

#define BAD_NAME "load_fails"
#define BAD_LOAD load
#include "table.h"
