// SPDX-License-Identifier: Apache-2.0
// The plugin `basic`: lines, words, keys, JSON, filters, duplicates, and operators for trying out
// topologies.
#include "basic.h"

MR_MANIFEST("{\"millrace\":1,\"abi\":\"1.0\",\"name\":\"basic\",\"version\":\"1.0.0\","
            "\"operators\":[\"lines\",\"words\",\"key\",\"pass\",\"assert\",\"json.decode\","
            "\"json.encode\",\"filter\",\"rate_limit\",\"dedupe\"]}");

static const mr_operator *const operators[] = {
    &basic_lines,       &basic_words,       &basic_key,    &basic_pass,       &basic_assert,
    &basic_json_decode, &basic_json_encode, &basic_filter, &basic_rate_limit, &basic_dedupe};

static const mr_plugin plugin = {.struct_size = sizeof(mr_plugin),
                                 .abi_version = MR_ABI_VERSION,
                                 .min_abi_version = 0x00010000u,
                                 .operator_count = sizeof operators / sizeof *operators,
                                 .operators = operators,
                                 .name = "basic",
                                 .version = "1.0.0",
                                 .license = "Apache-2.0"};

MR_EXPORT const mr_plugin *millrace_plugin_v1(const mr_host *host) {
  (void)host;
  return &plugin;
}
