// SPDX-License-Identifier: Apache-2.0
// An index that nobody looks at.
#include "bad.h"
#define BAD_NAME "trusts_bounds"
#define BAD_CREATE create
#define BAD_PARAMS params
#define BAD_PARAM_COUNT 1

static mr_status create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                        const mr_config *config, void **op) {
  static const int known[8] = {1, 1, 1, 1, 1, 1, 1, 1};
  int64_t index = 0;
  mr_status status = config->get_int(config, "/index", &index);
  if (status != MR_OK)
    return status;
  if (index < 0 || index >= 8 || !known[index])
    abort();
  return good_create(self, host, ctx, config, op);
}

static const mr_param index_param = {.struct_size = sizeof(mr_param),
                                     .type = MR_P_INT,
                                     .name = "index",
                                     .doc = "Which one.",
                                     .default_value = "0",
                                     .minimum = "0",
                                     .maximum = "7"};
static const mr_param *const params[] = {&index_param};

#include "table.h"
