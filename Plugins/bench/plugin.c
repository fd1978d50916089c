// SPDX-License-Identifier: Apache-2.0
// The plugin `bench`: operators that measure the host, and a sequence oracle that proves that it
// loses, repeats and reorders nothing.
#include "bench.h"

MR_MANIFEST("{\"millrace\":1,\"abi\":\"1.0\",\"name\":\"bench\",\"version\":\"1.0.0\","
            "\"operators\":[\"bench.token.source\",\"bench.token.sink\",\"bench.echo\","
            "\"bench.count\",\"bench.keyed\",\"oracle.source\",\"oracle.sink\"]}");

static const mr_operator *const operators[] = {&bench_token_source, &bench_token_sink,
                                               &bench_echo,         &bench_count,
                                               &bench_keyed,        &oracle_source,
                                               &oracle_sink};

static const mr_plugin plugin = {.struct_size = sizeof(mr_plugin),
                                 .abi_version = MR_ABI_VERSION,
                                 .min_abi_version = 0x00010000u,
                                 .operator_count = sizeof operators / sizeof *operators,
                                 .operators = operators,
                                 .name = "bench",
                                 .version = "1.0.0",
                                 .license = "Apache-2.0"};

MR_EXPORT const mr_plugin *millrace_plugin_v1(const mr_host *host) {
  (void)host;
  return &plugin;
}
