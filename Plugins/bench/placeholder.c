#include <millrace/millrace.h>
static const mr_plugin plugin = {.struct_size = sizeof(mr_plugin)};
MR_EXPORT const mr_plugin *millrace_plugin_v1(const mr_host *h) { (void)h; return &plugin; }
