// SPDX-License-Identifier: Apache-2.0
// The plugin `conform`: what `millrace plugin check` puts before and behind an operator.
#include "conform.h"

MR_MANIFEST("{\"millrace\":1,\"abi\":\"1.0\",\"name\":\"conform\",\"version\":\"1.0.0\","
            "\"operators\":[\"conform.bytes\",\"conform.text\",\"conform.json\","
            "\"conform.record\"]}");

static const mr_operator *const operators[] = {&conform_bytes, &conform_text, &conform_json,
                                               &conform_record};

static const mr_plugin plugin = {.struct_size = sizeof(mr_plugin),
                                 .abi_version = MR_ABI_VERSION,
                                 .min_abi_version = 0x00010000u,
                                 .operator_count = sizeof operators / sizeof *operators,
                                 .operators = operators,
                                 .name = "conform",
                                 .version = "1.0.0",
                                 .license = "Apache-2.0"};

MR_EXPORT const mr_plugin *millrace_plugin_v1(const mr_host *host) {
  (void)host;
  return &plugin;
}
