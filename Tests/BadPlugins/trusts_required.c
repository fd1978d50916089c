// SPDX-License-Identifier: Apache-2.0
// Uses a text that it may not have got.
#include "bad.h"
#define BAD_NAME "trusts_required"
#define BAD_CREATE create
#define BAD_PARAMS params
#define BAD_PARAM_COUNT 1

static mr_status create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                        const mr_config *config, void **op) {
  mr_str path;
  if (config->get_string(config, "/path", &path) != MR_OK)
    write_nowhere();
  return good_create(self, host, ctx, config, op);
}

static const mr_param path_param = {.struct_size = sizeof(mr_param),
                                    .type = MR_P_STRING,
                                    .flags = MR_PARAM_REQUIRED,
                                    .name = "path",
                                    .doc = "Where to.",
                                    .example = "a \"b\""};
static const mr_param *const params[] = {&path_param};

#include "table.h"
