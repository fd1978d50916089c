// SPDX-License-Identifier: Apache-2.0
// Cannot be made and does not say why.
#include "bad.h"

static mr_status create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                        const mr_config *config, void **op) {
  (void)self;
  (void)host;
  (void)ctx;
  (void)config;
  (void)op;
  return MR_E_CONFIG;
}

#define BAD_NAME "create_fails_silently"
#define BAD_CREATE create
#include "table.h"
