// SPDX-License-Identifier: Apache-2.0
// Appends each value as a line to a file. It may wait for the disk and says so, so it gets a thread
// of its own.
//
// From top to bottom: an instance, the calls of its life, and the tables that describe it to
// everybody: `millrace explain`, the checker of topologies, editors.
#include <errno.h>
#include <millrace/millrace.h>
#include <stdio.h>
#include <stdlib.h>

// One instance: calls of it never overlap, so nothing here needs a lock.
typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  FILE *file;
  char *path;
} instance;

// What people will read, with the status that tells the host what to do about it.
static mr_status failed(instance *o, mr_status status, const char *what) {
  char text[1024];
  snprintf(text, sizeof text, "%s %s: %s", what, o->path, strerror(errno));
  return mr_fail(o->host, o->ctx, status, text);
}

// Reads the parameters. The host has checked them against the table below.
static mr_status create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                        const mr_config *config, void **op) {
  (void)self;
  mr_str path;
  mr_status status = config->get_string(config, "/path", &path);
  if (status != MR_OK)
    return status; // the host has said why
  instance *o = calloc(1, sizeof *o);
  if (o == NULL)
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  o->host = host;
  o->ctx = ctx;
  o->path = strndup(path.data, path.size); // texts of the host are gone after this call
  if (o->path == NULL) {
    free(o);
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  }
  *op = o;
  return MR_OK;
}

static void destroy(void *op) {
  instance *o = op;
  if (o->file != NULL)
    fclose(o->file);
  free(o->path);
  free(o);
}

static mr_status start(void *op, const mr_start *facts) {
  instance *o = op;
  (void)facts;
  o->file = fopen(o->path, "a");
  return o->file != NULL ? MR_OK : failed(o, MR_E_CONFIG, "cannot open");
}

// Called with up to a few hundred records, which are read where they lie.
static mr_status process(void *op, const mr_batch *batch, mr_work *work) {
  instance *o = op;
  (void)work;
  for (uint32_t i = 0; i < batch->count; i++) {
    const mr_record *record = mr_at(batch, i);
    fwrite(mr_value(batch, record), 1, mr_value_size(record), o->file);
    putc('\n', o->file);
  }
  return ferror(o->file) ? failed(o, MR_E_INTERNAL, "cannot write") : MR_OK;
}

// The input has ended: what is still in memory goes out, and if it cannot, the job must know.
static mr_status stop(void *op) {
  instance *o = op;
  return fflush(o->file) == 0 ? MR_OK : failed(o, MR_E_INTERNAL, "cannot write");
}

static const void *extension(const mr_operator *self, const char *id) {
  (void)self;
  (void)id;
  return NULL;
}

static const mr_param path = {
    .struct_size = sizeof path,
    .type = MR_P_STRING,
    .flags = MR_PARAM_REQUIRED,
    .name = "path",
    .doc = "The file; made if it is not there.",
    .example = "lines.txt",
    .minimum = "1",
};
static const mr_port in = {
    .struct_size = sizeof in, .name = "in", .doc = "Records; keys are dropped.", .schema = "any"};
static const mr_param *const params[] = {&path};
static const mr_port *const inputs[] = {&in};
static const mr_operator description = {
    .struct_size = sizeof description,
    .kind = MR_KIND_SINK,
    .flags = MR_OP_BLOCKS,
    .id = "{{id}}",
    .version = "1.0.0",
    .title = "{{name}}",
    .description = "Appends each value as a line to a file.",
    .example = "{ use: {{id}}, with: { path: lines.txt } }",
    .params = params,
    .inputs = inputs,
    .param_count = 1,
    .input_count = 1,
    .max_parallelism = 1,
    .create = create,
    .destroy = destroy,
    .start = start,
    .stop = stop,
    .process = process,
    .extension = extension,
};
static const mr_operator *const operators[] = {&description};
static const mr_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_version = MR_ABI_VERSION,
    .min_abi_version = 0x00010000,
    .operator_count = 1,
    .operators = operators,
    .name = "{{name}}",
    .version = "1.0.0",
};

// What can be known without running anything of this library.
MR_MANIFEST("{\"millrace\":1,\"abi\":\"1.0\",\"name\":\"{{name}}\",\"version\":\"1.0.0\","
            "\"operators\":[\"{{id}}\"]}");

// The one symbol that the library exports.
MR_EXPORT const mr_plugin *millrace_plugin_v1(const mr_host *host) {
  (void)host;
  return &plugin;
}
