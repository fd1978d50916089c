// SPDX-License-Identifier: Apache-2.0
// The plugin `io`: bytes from and to files and streams, made-up records, and a drain.
#include "io.h"

MR_MANIFEST("{\"millrace\":1,\"abi\":\"1.0\",\"name\":\"io\",\"version\":\"1.0.0\","
            "\"operators\":[\"stdin\",\"stdout\",\"file.source\",\"file.sink\",\"generate\","
            "\"null\",\"dlq.source\"]}");

static const mr_operator *const operators[] = {&io_stdin,     &io_stdout,   &io_file_source,
                                               &io_file_sink, &io_generate, &io_null,
                                               &io_dlq_source};

static const mr_plugin plugin = {.struct_size = sizeof(mr_plugin),
                                 .abi_version = MR_ABI_VERSION,
                                 .min_abi_version = 0x00010000u,
                                 .operator_count = sizeof operators / sizeof *operators,
                                 .operators = operators,
                                 .name = "io",
                                 .version = "1.0.0",
                                 .license = "Apache-2.0"};

MR_EXPORT const mr_plugin *millrace_plugin_v1(const mr_host *host) {
  (void)host;
  return &plugin;
}
