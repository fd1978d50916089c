// SPDX-License-Identifier: Apache-2.0
// The plugin `native`: C functions of libraries that know nothing of Millrace.
#include "native.h"

MR_MANIFEST("{\"millrace\":1,\"abi\":\"1.0\",\"name\":\"native\",\"version\":\"1.0.0\","
            "\"operators\":[\"native\"]}");

static const mr_operator *const operators[] = {&native_operator};

static const mr_plugin plugin = {.struct_size = sizeof(mr_plugin),
                                 .abi_version = MR_ABI_VERSION,
                                 .min_abi_version = 0x00010000u,
                                 .operator_count = sizeof operators / sizeof *operators,
                                 .operators = operators,
                                 .name = "native",
                                 .version = "1.0.0",
                                 .license = "Apache-2.0"};

MR_EXPORT const mr_plugin *millrace_plugin_v1(const mr_host *host) {
  (void)host;
  return &plugin;
}
