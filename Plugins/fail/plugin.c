// SPDX-License-Identifier: Apache-2.0
// The plugin `fail`: misbehaviour on demand.
#include "fail.h"

MR_MANIFEST("{\"millrace\":1,\"abi\":\"1.0\",\"name\":\"fail\",\"version\":\"1.0.0\","
            "\"operators\":[\"fail\",\"fail.sink\"]}");

static const mr_operator *const operators[] = {&fail_operator, &fail_sink};

static const mr_plugin plugin = {.struct_size = sizeof(mr_plugin),
                                 .abi_version = MR_ABI_VERSION,
                                 .min_abi_version = 0x00010000u,
                                 .operator_count = 2,
                                 .operators = operators,
                                 .name = "fail",
                                 .version = "1.0.0",
                                 .license = "Apache-2.0"};

MR_EXPORT const mr_plugin *millrace_plugin_v1(const mr_host *host) {
  (void)host;
  return &plugin;
}
