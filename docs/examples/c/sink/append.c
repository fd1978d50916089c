/* SPDX-License-Identifier: Apache-2.0
 * Appends each value as a line to a file. It declares that it may wait for the disk, so it gets a
 * thread of its own, and it says what went wrong in words. */
#include <errno.h>
#include <millrace/millrace.h>
#include <stdio.h>
#include <stdlib.h>

MR_MANIFEST("{\"millrace\":1,\"abi\":\"1.0\",\"name\":\"append\",\"version\":\"1.0.0\","
            "\"operators\":[\"example.append\"]}");

typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  FILE *file;
  char path[4096];
} append;

static mr_status append_failed(append *a, mr_status status, const char *what) {
  char text[4300];
  snprintf(text, sizeof text, "%s %s: %s", what, a->path, strerror(errno));
  return mr_fail(a->host, a->ctx, status, text);
}

static mr_status append_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                               const mr_config *config, void **op) {
  (void)self;
  mr_str path;
  mr_status status = config->get_string(config, "/path", &path);
  if (status != MR_OK)
    return status; /* the host has said why */
  append *a = calloc(1, sizeof *a);
  if (!a)
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  a->host = host;
  a->ctx = ctx;
  /* Copied: texts of the configuration are gone when this returns. The length is checked. */
  snprintf(a->path, sizeof a->path, "%.*s", (int)path.size, path.data);
  *op = a;
  return MR_OK;
}

static void append_destroy(void *op) {
  append *a = op;
  if (a->file)
    fclose(a->file);
  free(a);
}

static mr_status append_start(void *op, const mr_start *facts) {
  append *a = op;
  (void)facts;
  a->file = fopen(a->path, "a");
  return a->file ? MR_OK : append_failed(a, MR_E_CONFIG, "cannot open");
}

static mr_status append_process(void *op, const mr_batch *batch, mr_work *work) {
  append *a = op;
  (void)work;
  for (uint32_t i = 0; i < batch->count; i++) {
    const mr_record *r = mr_at(batch, i);
    fwrite(mr_value(batch, r), 1, mr_value_size(r), a->file);
    putc('\n', a->file);
  }
  return ferror(a->file) ? append_failed(a, MR_E_INTERNAL, "cannot write") : MR_OK;
}

static mr_status append_stop(void *op) {
  append *a = op;
  return fflush(a->file) == 0 ? MR_OK : append_failed(a, MR_E_INTERNAL, "cannot write");
}

static const void *append_extension(const mr_operator *self, const char *id) {
  (void)self;
  (void)id;
  return NULL;
}

static const mr_param path = {.struct_size = sizeof path,
                              .type = MR_P_STRING,
                              .flags = MR_PARAM_REQUIRED,
                              .name = "path",
                              .doc = "The file; made if it is not there.",
                              .example = "/tmp/lines",
                              .minimum = "1",
                              .maximum = "4095"};
static const mr_port in = {
    .struct_size = sizeof in, .name = "in", .doc = "Records; keys are dropped.", .schema = "any"};
static const mr_param *const params[] = {&path};
static const mr_port *const inputs[] = {&in};
static const mr_operator append_operator = {.struct_size = sizeof append_operator,
                                            .kind = MR_KIND_SINK,
                                            .flags = MR_OP_BLOCKS,
                                            .id = "example.append",
                                            .version = "1.0.0",
                                            .title = "Append",
                                            .description = "Appends values to a file.",
                                            .example =
                                                "{ use: example.append, with: { path: lines } }",
                                            .params = params,
                                            .inputs = inputs,
                                            .param_count = 1,
                                            .input_count = 1,
                                            .max_parallelism = 1,
                                            .create = append_create,
                                            .destroy = append_destroy,
                                            .start = append_start,
                                            .stop = append_stop,
                                            .process = append_process,
                                            .extension = append_extension};
static const mr_operator *const operators[] = {&append_operator};
static const mr_plugin plugin = {.struct_size = sizeof plugin,
                                 .abi_version = MR_ABI_VERSION,
                                 .min_abi_version = 0x00010000u,
                                 .operator_count = 1,
                                 .operators = operators,
                                 .name = "append",
                                 .version = "1.0.0",
                                 .license = "Apache-2.0"};

MR_EXPORT const mr_plugin *millrace_plugin_v1(const mr_host *host) {
  (void)host;
  return &plugin;
}
