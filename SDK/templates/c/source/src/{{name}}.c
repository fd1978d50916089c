// SPDX-License-Identifier: Apache-2.0
// Counts from `first` to `last`. Its position is saved with the job, so a restart goes on where it
// was.
//
// From top to bottom: an instance, the calls of its life, its two extensions, and the tables that
// describe it to everybody: `millrace explain`, the checker of topologies, editors.
#include <inttypes.h>
#include <millrace/millrace.h>
#include <stdio.h>
#include <stdlib.h>

// One instance: calls of it never overlap, so nothing here needs a lock.
typedef struct {
  mr_out *out;
  uint32_t schema;
  int64_t next; // the position
  int64_t last;
} instance;

// Reads the parameters. The host has checked them against the tables below.
static mr_status create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                        const mr_config *config, void **op) {
  (void)self;
  int64_t first, last;
  mr_status status = config->get_int(config, "/first", &first);
  if (status == MR_OK)
    status = config->get_int(config, "/last", &last);
  if (status != MR_OK)
    return status; // the host has said why
  instance *o = calloc(1, sizeof *o);
  if (o == NULL)
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  o->next = first;
  o->last = last;
  *op = o;
  return MR_OK;
}

static void destroy(void *op) { free(op); }

static mr_status start(void *op, const mr_start *facts) {
  instance *o = op;
  o->out = facts->out[0];
  o->schema = facts->out_schema[0];
  return MR_OK;
}

// Writes what is ready, never more than there is credit for, and never waits. A source that has
// nothing answers MR_AGAIN, and calls host->wake when that has changed.
static mr_status poll(void *op, mr_poll *poll, mr_work *work) {
  instance *o = op;
  (void)work;
  for (uint32_t i = 0; i < poll->credit; i++) {
    if (o->next > o->last)
      return MR_DONE;
    char text[24];
    int size = snprintf(text, sizeof text, "%" PRId64, o->next);
    mr_record head = {
        .length = (uint32_t)size,
        .flags = MR_REC_UNKEYED,
        .event_time = MR_TIME_NONE,
        .schema = o->schema,
    };
    mr_status status = mr_emit(o->out, &head, text);
    if (status != MR_OK)
      return status; // MR_AGAIN: full, and polled again when there is room
    o->next++;
  }
  return MR_OK;
}

// A checkpoint: the position, 8 bytes. The streams may move fewer bytes than they are asked to.
static mr_status save(void *op, uint64_t epoch, mr_writer *writer) {
  instance *o = op;
  (void)epoch;
  const char *bytes = (const char *)&o->next;
  for (uint64_t done = 0; done < sizeof o->next;) {
    int64_t moved = writer->write(writer, bytes + done, sizeof o->next - done);
    if (moved <= 0)
      return moved < 0 ? (mr_status)moved : MR_E_IO;
    done += (uint64_t)moved;
  }
  return MR_OK;
}

static mr_status restore(void *op, const mr_snapshot *info, mr_reader *reader) {
  instance *o = op;
  (void)info;
  int64_t next;
  for (uint64_t done = 0; done < sizeof next;) {
    int64_t moved = reader->read(reader, (char *)&next + done, sizeof next - done);
    if (moved <= 0)
      return moved < 0 ? (mr_status)moved : MR_E_STATE;
    done += (uint64_t)moved;
  }
  o->next = next;
  return MR_OK;
}

static const mr_source source = {
    .struct_size = sizeof source,
    .flags = MR_SOURCE_OFFSET, // from a position, the same records come again
    .poll = poll,
};
static const mr_state state = {.struct_size = sizeof state, .save = save, .restore = restore};

static const void *extension(const mr_operator *self, const char *id) {
  (void)self;
  if (strcmp(id, MR_EXT_SOURCE) == 0)
    return &source;
  if (strcmp(id, MR_EXT_STATE) == 0)
    return &state;
  return NULL;
}

static const mr_param first = {
    .struct_size = sizeof first,
    .type = MR_P_INT,
    .name = "first",
    .doc = "The first number.",
    .default_value = "1",
};
static const mr_param last = {
    .struct_size = sizeof last,
    .type = MR_P_INT,
    .name = "last",
    .doc = "The last number.",
    .default_value = "10",
    .maximum = "1000000000000",
};
static const mr_port out = {
    .struct_size = sizeof out, .name = "out", .doc = "The numbers, in decimal.", .schema = "text"};
static const mr_param *const params[] = {&first, &last};
static const mr_port *const outputs[] = {&out};
static const mr_operator description = {
    .struct_size = sizeof description,
    .kind = MR_KIND_SOURCE,
    .flags = MR_OP_DETERMINISTIC | MR_OP_RESUMABLE,
    .id = "{{id}}",
    .version = "1.0.0",
    .title = "{{name}}",
    .description = "Counts from one number to another.",
    .example = "{ use: {{id}}, with: { last: 100 } }",
    .params = params,
    .outputs = outputs,
    .param_count = 2,
    .output_count = 1,
    .max_parallelism = 1,
    .state_version = 1,
    .create = create,
    .destroy = destroy,
    .start = start,
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
