// SPDX-License-Identifier: Apache-2.0
// `file.source`: one regular file as chunks of bytes.
//
// The file is read with pread straight into the space of the record to be. A chunk ends behind its
// last newline (white space, in a line that is longer), and the rest is read again at the start of
// the next: so lines stay whole without a buffer, and the position is one number, the offset of the
// next byte (8 bytes, little endian).
#include "io.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Chunks of one poll: enough to make the call cheap, few enough to keep the next task busy. */
#define CHUNKS_PER_POLL 4u

typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  mr_out *out;
  char *path;
  int file;
  uint32_t schema;
  uint32_t assigned; /* assign was called: `reading` tells what it said */
  uint32_t reading;
  uint32_t paused;
  uint64_t offset; /* of the next byte */
  uint64_t size;   /* when it was opened */
} file_source;

static mr_status open_file(file_source *source) {
  struct stat facts;
  source->file = open(source->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (source->file < 0 || fstat(source->file, &facts) != 0)
    return io_fail(source->host, source->ctx, MR_E_CONFIG, "cannot read %s: %s", source->path,
                   strerror(errno));
  if (S_ISDIR(facts.st_mode))
    return io_fail(source->host, source->ctx, MR_E_CONFIG,
                   "%s is a directory, expected a regular file", source->path);
  if (!S_ISREG(facts.st_mode))
    return io_fail(source->host, source->ctx, MR_E_CONFIG,
                   "%s is not a regular file; a pipe or a device can be read with `stdin`",
                   source->path);
  source->size = (uint64_t)facts.st_size;
  posix_fadvise(source->file, 0, 0, POSIX_FADV_SEQUENTIAL);
  return MR_OK;
}

static void file_source_destroy(void *op) {
  file_source *source = op;
  if (source->file >= 0)
    close(source->file);
  free(source->path);
  free(source);
}

static mr_status file_source_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                                    const mr_config *config, void **op) {
  (void)self;
  file_source *source = calloc(1, sizeof *source);
  if (source == NULL)
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  source->host = host;
  source->ctx = ctx;
  source->file = -1;
  source->reading = 1;
  mr_status status = io_path(host, ctx, config, &source->path);
  if (status == MR_OK)
    status = open_file(source);
  if (status != MR_OK) {
    file_source_destroy(source);
    return status;
  }
  *op = source;
  return MR_OK;
}

static mr_status file_source_start(void *op, const mr_start *info) {
  file_source *source = op;
  source->out = info->out[0];
  source->schema = info->out_schema[0];
  return MR_OK;
}

/* The end has come: was it where it should be? */
static mr_status end_of_file(file_source *source) {
  struct stat facts;
  if (fstat(source->file, &facts) != 0)
    return io_fail(source->host, source->ctx, MR_E_IO, "cannot read %s: %s", source->path,
                   strerror(errno));
  if (source->offset < source->size && (uint64_t)facts.st_size < source->size)
    return io_fail(source->host, source->ctx, MR_E_IO,
                   "%s shrank from %llu to %lld bytes while it was read, at byte %llu",
                   source->path, (unsigned long long)source->size, (long long)facts.st_size,
                   (unsigned long long)source->offset);
  return MR_DONE;
}

static mr_status read_chunk(file_source *source) {
  uint8_t *bytes = mr_reserve(source->out, IO_CHUNK);
  if (bytes == NULL)
    return source->out->status;
  ssize_t size = pread(source->file, bytes, IO_CHUNK, (off_t)source->offset);
  if (size < 0 && errno == EINTR)
    return MR_OK;
  if (size < 0)
    return io_fail(source->host, source->ctx, MR_E_IO, "cannot read %s at byte %llu: %s",
                   source->path, (unsigned long long)source->offset, strerror(errno));
  if (size == 0)
    return end_of_file(source);
  mr_record head = io_head(io_cut(bytes, (uint32_t)size), source->schema);
  mr_commit(source->out, &head);
  source->offset += head.length;
  return MR_OK;
}

static mr_status file_source_poll(void *op, mr_poll *poll, mr_work *work) {
  file_source *source = op;
  (void)work;
  poll->split = 0;
  if (!source->reading)
    return MR_DONE;
  if (source->paused)
    return MR_AGAIN;
  for (uint32_t i = 0; i < CHUNKS_PER_POLL && i < poll->credit; i++) {
    mr_status status = read_chunk(source);
    if (status < 0 && i > 0)
      return MR_OK; /* a failure drops the output of its call: it shall not have any */
    if (status != MR_OK)
      return status;
  }
  return MR_OK;
}

static mr_status file_source_discover(void *op, mr_splits *found) {
  file_source *source = op;
  mr_split whole = {.id = {source->path, strlen(source->path)}, .position = {NULL, 0}};
  return found->put(found, &whole, 1);
}

static mr_status file_source_assign(void *op, const mr_split *splits, uint64_t n) {
  file_source *source = op;
  uint32_t before = source->assigned && source->reading;
  source->assigned = 1;
  source->reading = n > 0;
  if (n == 0 || before)
    return MR_OK; /* a split that is being read keeps its place */
  if (splits[0].id.size != strlen(source->path) ||
      memcmp(splits[0].id.data, source->path, splits[0].id.size) != 0)
    return io_fail(source->host, source->ctx, MR_E_STATE, "expected the split %s, found %.*s",
                   source->path, (int)splits[0].id.size, splits[0].id.data);
  uint64_t offset = 0;
  if (splits[0].position.size == sizeof offset)
    memcpy(&offset, splits[0].position.data, sizeof offset);
  else if (splits[0].position.size != 0)
    return io_fail(source->host, source->ctx, MR_E_STATE,
                   "%s: expected a position of 8 bytes, found %llu", source->path,
                   (unsigned long long)splits[0].position.size);
  if (offset > source->size)
    return io_fail(source->host, source->ctx, MR_E_STATE,
                   "%s: it was read up to byte %llu, but has only %llu now", source->path,
                   (unsigned long long)offset, (unsigned long long)source->size);
  source->offset = offset;
  return MR_OK;
}

static mr_status file_source_positions(void *op, uint64_t epoch, mr_splits *into) {
  file_source *source = op;
  (void)epoch;
  if (!source->reading)
    return MR_OK;
  mr_split place = {.id = {source->path, strlen(source->path)},
                    .position = {(const char *)&source->offset, sizeof source->offset}};
  return into->put(into, &place, 1);
}

static mr_status file_source_pause(void *op, uint32_t split, uint32_t on) {
  file_source *source = op;
  (void)split;
  source->paused = on;
  if (!on)
    source->host->wake(source->ctx);
  return MR_OK;
}

static const mr_source reading = {.struct_size = sizeof(mr_source),
                                  .flags = MR_SOURCE_OFFSET,
                                  .poll = file_source_poll,
                                  .discover = file_source_discover,
                                  .assign = file_source_assign,
                                  .positions = file_source_positions,
                                  .pause = file_source_pause};

static const void *file_source_extension(const mr_operator *self, const char *id) {
  (void)self;
  return strcmp(id, MR_EXT_SOURCE) == 0 ? &reading : NULL;
}

static const mr_param path = {.struct_size = sizeof(mr_param),
                              .type = MR_P_STRING,
                              .flags = MR_PARAM_REQUIRED,
                              .name = "path",
                              .doc = "The file to read, a regular one.",
                              .example = "access.log",
                              .minimum = "1",
                              .maximum = "4096"};
static const mr_param *const params[] = {&path};

static const mr_port out = {.struct_size = sizeof(mr_port),
                            .name = "out",
                            .doc = "Chunks of up to 32 KiB, of whole lines with their newlines. A "
                                   "line that is longer spans several chunks, cut at white space "
                                   "where there is any.",
                            .schema = "bytes"};
static const mr_port *const outputs[] = {&out};

const mr_operator io_file_source = {
    .struct_size = sizeof(mr_operator),
    .kind = MR_KIND_SOURCE,
    .flags = MR_OP_DETERMINISTIC | MR_OP_RESUMABLE,
    .id = "file.source",
    .version = "1.0.0",
    .title = "File source",
    .description = "Reads a file from its beginning to its end. It emits chunks of bytes; `lines` "
                   "makes a record of each line.",
    .example = "{ use: file.source, with: { path: access.log } }",
    .params = params,
    .outputs = outputs,
    .param_count = 1,
    .output_count = 1,
    .max_parallelism = 1,
    .create = file_source_create,
    .destroy = file_source_destroy,
    .start = file_source_start,
    .extension = file_source_extension};
