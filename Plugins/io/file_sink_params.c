// SPDX-License-Identifier: Apache-2.0
// The parameters of `file.sink`: what they say, and how they are read.
#include "file_sink.h"

static const mr_param path = {
    .struct_size = sizeof(mr_param),
    .type = MR_P_STRING,
    .flags = MR_PARAM_REQUIRED,
    .name = "path",
    .doc = "The file to write. It is made when it is not there, and so are its folders. `%Y` `%m` "
           "`%d` `%H` `%M` `%S` and `%j` stand for the time of writing, in UTC, `%%` for a percent "
           "sign: a path with a time is written in parts.",
    .example = "out/%Y/%m/%d/events.ndjson",
    .minimum = "1",
    .maximum = "4000"};

static const mr_param append = {
    .struct_size = sizeof(mr_param),
    .type = MR_P_BOOL,
    .name = "append",
    .doc =
        "Add to what the file has. Otherwise it is emptied when the job starts. Parts are always "
        "new files: nothing that is there is touched.",
    .default_value = "false"};

static const mr_choice codecs[] = {{"none", "text as it is"},
                                   {"gzip", "gzip; a file that is added to gets another member"},
                                   {"zstd", "Zstandard, with a checksum; likewise"}};
static const mr_param compression = {.struct_size = sizeof(mr_param),
                                     .type = MR_P_ENUM,
                                     .choice_count = 3,
                                     .name = "compression",
                                     .doc =
                                         "How to compress. The name of the file does not decide. "
                                         "A compressed file can be read when it is complete.",
                                     .default_value = "none",
                                     .choices = codecs};

static const mr_param roll_size = {
    .struct_size = sizeof(mr_param),
    .type = MR_P_SIZE,
    .name = "roll_size",
    .doc = "Write in parts of at most this size; a record that is longer is a part by itself. "
           "Compressed parts end soon after they have reached it.",
    .example = "64MiB",
    .minimum = "1"};

static const mr_param roll_every = {
    .struct_size = sizeof(mr_param),
    .type = MR_P_DURATION,
    .name = "roll_every",
    .doc = "Write in parts, each of which is complete this long after its first record.",
    .example = "1h",
    .minimum = "10ms"};

static const mr_choice policies[] = {
    {"never", "leave it to the system when bytes reach the disk"},
    {"finish", "when a file is complete: then it, and its name, survive a loss of power"},
    {"always", "also whenever no more records are waiting; slow"}};
static const mr_param sync = {.struct_size = sizeof(mr_param),
                              .type = MR_P_ENUM,
                              .flags = MR_PARAM_ADVANCED,
                              .choice_count = 3,
                              .name = "sync",
                              .doc = "When to wait for the disk.",
                              .default_value = "finish",
                              .choices = policies};

const mr_param *const file_sink_params[FILE_SINK_PARAMS] = {
    &path, &append, &io_format, &compression, &roll_size, &roll_every, &sync};

static int is(mr_str text, const char *value) {
  return text.size == strlen(value) && memcmp(text.data, value, text.size) == 0;
}

static mr_status read_optional(const mr_config *config, const char *name, int64_t *into) {
  return io_given(config, name) ? config->get_int(config, name, into) : MR_OK;
}

static mr_status read_choices(file_sink *sink, const mr_config *config) {
  mr_str codec, policy;
  mr_status status = config->get_string(config, "/compression", &codec);
  if (status == MR_OK)
    status = config->get_string(config, "/sync", &policy);
  if (status != MR_OK)
    return status;
  sink->codec = is(codec, "gzip") ? IO_GZIP : is(codec, "zstd") ? IO_ZSTD : IO_NONE;
  sink->sync = is(policy, "never")    ? IO_SYNC_NEVER
               : is(policy, "always") ? IO_SYNC_ALWAYS
                                      : IO_SYNC_FINISH;
  return MR_OK;
}

/* What no description can say. */
static mr_status check(const file_sink *sink) {
  int wrong = io_naming_unknown(sink->path);
  size_t size = strlen(sink->path);
  if (wrong != 0)
    return io_fail(sink->host, sink->ctx, MR_E_CONFIG,
                   "path: `%%%c` is not known, expected %%Y %%m %%d %%H %%M %%S %%j or %%%%\n"
                   "write a percent sign as %%%%",
                   wrong);
  if (sink->path[size - 1] == '/')
    return io_fail(sink->host, sink->ctx, MR_E_CONFIG,
                   "%s is the name of a folder\nadd the name "
                   "of a file",
                   sink->path);
  if (sink->in_parts && sink->append)
    return io_fail(sink->host, sink->ctx, MR_E_CONFIG,
                   "parts are always new files, so there is nothing to append to\n"
                   "leave out `append`");
  return MR_OK;
}

mr_status file_sink_configure(file_sink *sink, const mr_config *config) {
  mr_status status = io_path(sink->host, sink->ctx, config, &sink->path);
  if (status == MR_OK)
    status = config->get_bool(config, "/append", &sink->append);
  if (status == MR_OK)
    status = io_text_configure(config, &sink->with_key);
  if (status == MR_OK)
    status = read_choices(sink, config);
  if (status == MR_OK)
    status = read_optional(config, "/roll_size", &sink->roll_size);
  if (status == MR_OK)
    status = read_optional(config, "/roll_every", &sink->roll_every);
  if (status != MR_OK)
    return status;
  sink->period = io_naming_period(sink->path) * 1000000000;
  sink->in_parts = sink->roll_size > 0 || sink->roll_every > 0 || sink->period > 0;
  return check(sink);
}
