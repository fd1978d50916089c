// SPDX-License-Identifier: Apache-2.0
// The parameters of `file.source`: what they say, and how they are read.
#include "file_source.h"

static const mr_param path = {
    .struct_size = sizeof(mr_param),
    .type = MR_P_STRING,
    .flags = MR_PARAM_REQUIRED,
    .name = "path",
    .doc =
        "The file to read, or a pattern with `*`, `?` or `[…]` for several, read in the order of "
        "their names. A named pipe and `/dev/stdin` can be read too.",
    .example = "access.log",
    .minimum = "1",
    .maximum = "4095"};

static const mr_choice framings[] = {
    {"bytes", "chunks of up to 32 KiB, of whole lines with their newlines; a line that is longer "
              "spans several chunks, cut at white space where there is any"},
    {"line", "each line, without its newline and a carriage return before it; the last one needs "
             "no newline"},
    {"length_prefix",
     "each run of bytes behind a count of them; `prefix` says how that is written"},
    {"whole", "each file, also an empty one"}};
static const mr_param as = {
    .struct_size = sizeof(mr_param),
    .type = MR_P_ENUM,
    .choice_count = 4,
    .name = "as",
    .doc = "What makes a record. Bytes go through unchanged, valid UTF-8 or not.",
    .default_value = "bytes",
    .choices = framings};

static const mr_choice prefixes[] = {{"u32_big", "4 bytes, the most significant first"},
                                     {"u32_little", "4 bytes, the least significant first"},
                                     {"varint", "LEB128, as protocol buffers have it"}};
static const mr_param prefix = {.struct_size = sizeof(mr_param),
                                .type = MR_P_ENUM,
                                .choice_count = 3,
                                .name = "prefix",
                                .doc = "How `as=length_prefix` finds the count of bytes.",
                                .default_value = "u32_big",
                                .choices = prefixes};

static const mr_param max_record = {
    .struct_size = sizeof(mr_param),
    .type = MR_P_SIZE,
    .name = "max_record",
    .doc = "The longest record in bytes; `as=bytes` has none that are longer. More than 2 MiB also "
           "need more room for the output of the node.",
    .default_value = "1MiB",
    .minimum = "1",
    .maximum = "8388576"};

static const mr_choice answers[] = {
    {"fail", "the run fails, with the file and the byte"},
    {"skip", "it is left out, with a warning that has the file and the byte"}};
static const mr_param too_long = {.struct_size = sizeof(mr_param),
                                  .type = MR_P_ENUM,
                                  .choice_count = 2,
                                  .name = "too_long",
                                  .doc = "What to do with a record that is longer.",
                                  .default_value = "fail",
                                  .choices = answers};

static const mr_choice codecs[] = {
    {"auto", "look at the first bytes; a name that ends in .gz or .zst must keep its promise"},
    {"none", "the bytes as they are stored"},
    {"gzip", "gzip, in one or more members"},
    {"zstd", "Zstandard, in one or more frames"}};
static const mr_param compression = {.struct_size = sizeof(mr_param),
                                     .type = MR_P_ENUM,
                                     .choice_count = 4,
                                     .name = "compression",
                                     .doc = "How the files are compressed.",
                                     .default_value = "auto",
                                     .choices = codecs};

static const mr_param follow = {
    .struct_size = sizeof(mr_param),
    .type = MR_P_BOOL,
    .name = "follow",
    .doc = "Never end: wait for more, and for new files that the pattern names. A file that is "
           "renamed is read to its end before the new one of its name; one that is emptied is read "
           "from its beginning. Not with `as=whole`, and in one task only.",
    .default_value = "false"};

static const mr_param rescan = {
    .struct_size = sizeof(mr_param),
    .type = MR_P_DURATION,
    .flags = MR_PARAM_ADVANCED,
    .name = "rescan",
    .doc = "How often followed files are looked at without a notice from the system. File systems "
           "of other machines give none.",
    .default_value = "10s",
    .minimum = "10ms",
    .maximum = "1d"};

const mr_param *const file_source_params[FILE_SOURCE_PARAMS] = {
    &path, &as, &prefix, &max_record, &too_long, &compression, &follow, &rescan};

/* The position of the value among the choices. */
static mr_status read_choice(const mr_config *config, const char *name, const mr_param *param,
                             uint32_t *into) {
  mr_str value;
  mr_status status = config->get_string(config, name, &value);
  for (uint32_t i = 0; status == MR_OK && i < param->choice_count; i++)
    if (strlen(param->choices[i].value) == value.size &&
        memcmp(param->choices[i].value, value.data, value.size) == 0)
      *into = i;
  return status;
}

mr_status file_source_configure(io_reading *reading, const mr_config *config, int64_t *every) {
  io_framing *framing = &reading->framing;
  uint32_t framed = 0, counted = 0, codec = 0;
  int64_t longest = 0;
  mr_status status = io_path(reading->host, reading->ctx, config, &reading->path);
  if (status == MR_OK)
    status = read_choice(config, "/as", &as, &framed);
  if (status == MR_OK)
    status = read_choice(config, "/prefix", &prefix, &counted);
  if (status == MR_OK)
    status = read_choice(config, "/too_long", &too_long, &framing->skips);
  if (status == MR_OK)
    status = read_choice(config, "/compression", &compression, &codec);
  if (status == MR_OK)
    status = config->get_int(config, "/max_record", &longest);
  if (status == MR_OK)
    status = config->get_bool(config, "/follow", &reading->follows);
  if (status == MR_OK)
    status = config->get_int(config, "/rescan", every);
  if (status != MR_OK)
    return status;
  framing->as = (io_as)framed;
  framing->prefix = (io_prefix)counted;
  framing->longest = (uint64_t)longest;
  framing->cut = cut_lines_fastest();
  framing->host = reading->host;
  framing->ctx = reading->ctx;
  reading->codec = (io_codec)codec;
  if (reading->follows && framing->as == IO_AS_WHOLE)
    return io_fail(reading->host, reading->ctx, MR_E_CONFIG,
                   "a file that is followed has no end, so it cannot be one record\n"
                   "give as=line, or leave out `follow`");
  return MR_OK;
}
