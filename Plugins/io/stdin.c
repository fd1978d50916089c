// SPDX-License-Identifier: Apache-2.0
// `stdin`: standard input as chunks of bytes, cut as those of `file.source`.
//
// A read must not wait, and the descriptor is shared with other processes, so it is not made
// non-blocking: poll(2) is asked first. What follows the last newline is kept for the next chunk.
#include "io.h"
#include <errno.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNKS_PER_POLL 4u

typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  mr_out *out;
  uint32_t schema;
  uint32_t watched; /* not a regular file: it can be waited for */
  uint32_t kept;    /* bytes of `rest` */
  uint8_t rest[IO_CHUNK];
} stdin_source;

static mr_status stdin_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                              const mr_config *config, void **op) {
  (void)self;
  (void)config;
  struct stat facts;
  if (fstat(STDIN_FILENO, &facts) != 0)
    return io_fail(host, ctx, MR_E_CONFIG, "standard input cannot be read: %s", strerror(errno));
  if (S_ISDIR(facts.st_mode))
    return io_fail(host, ctx, MR_E_CONFIG,
                   "standard input is a directory, expected a file or a stream");
  stdin_source *source = calloc(1, sizeof *source);
  if (source == NULL)
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  source->host = host;
  source->ctx = ctx;
  source->watched = S_ISFIFO(facts.st_mode) || S_ISSOCK(facts.st_mode) || isatty(STDIN_FILENO);
  *op = source;
  return MR_OK;
}

static void stdin_destroy(void *op) { free(op); }

static mr_status stdin_start(void *op, const mr_start *info) {
  stdin_source *source = op;
  source->out = info->out[0];
  source->schema = info->out_schema[0];
  return MR_OK;
}

static void emit(stdin_source *source, uint32_t length) {
  mr_record head = io_head(length, source->schema);
  mr_commit(source->out, &head);
}

/* One read. MR_OK: call again; MR_AGAIN: nothing there yet; MR_DONE: the input has ended. */
static mr_status read_chunk(stdin_source *source) {
  struct pollfd ready = {.fd = STDIN_FILENO, .events = POLLIN};
  if (source->watched && poll(&ready, 1, 0) == 0)
    return MR_AGAIN;
  uint8_t *bytes = mr_reserve(source->out, IO_CHUNK);
  if (bytes == NULL)
    return source->out->status;
  memcpy(bytes, source->rest, source->kept);
  ssize_t size = read(STDIN_FILENO, bytes + source->kept, IO_CHUNK - source->kept);
  if (size < 0 && (errno == EINTR || errno == EAGAIN))
    return MR_AGAIN;
  if (size < 0)
    return io_fail(source->host, source->ctx, MR_E_IO, "standard input cannot be read: %s",
                   strerror(errno));
  if (size == 0) {
    if (source->kept > 0)
      emit(source, source->kept);
    source->kept = 0;
    return MR_DONE;
  }
  uint32_t all = source->kept + (uint32_t)size;
  uint32_t length = io_cut(bytes, all);
  int unfinished = bytes[length - 1] != '\n' && all < IO_CHUNK;
  if (unfinished)
    length = 0;
  source->kept = all - length;
  memcpy(source->rest, bytes + length, source->kept);
  if (length > 0)
    emit(source, length);
  return MR_OK;
}

static mr_status stdin_poll(void *op, mr_poll *poll, mr_work *work) {
  stdin_source *source = op;
  (void)work;
  for (uint32_t i = 0; i < CHUNKS_PER_POLL && i < poll->credit; i++) {
    mr_status status = read_chunk(source);
    if (status < 0 && i > 0)
      return MR_OK; /* a failure drops the output of its call: it shall not have any */
    if (status != MR_OK)
      return status;
  }
  return MR_OK;
}

static uint32_t stdin_descriptors(void *op, int32_t *files, uint32_t capacity) {
  stdin_source *source = op;
  if (!source->watched || capacity == 0)
    return 0;
  files[0] = STDIN_FILENO;
  return 1;
}

static const mr_source reading = {
    .struct_size = sizeof(mr_source), .poll = stdin_poll, .descriptors = stdin_descriptors};

static const void *stdin_extension(const mr_operator *self, const char *id) {
  (void)self;
  return strcmp(id, MR_EXT_SOURCE) == 0 ? &reading : NULL;
}

static const mr_port out = {.struct_size = sizeof(mr_port),
                            .name = "out",
                            .doc = "Chunks of up to 32 KiB, of whole lines with their newlines. A "
                                   "line that is longer spans several chunks, cut at white space "
                                   "where there is any.",
                            .schema = "bytes"};
static const mr_port *const outputs[] = {&out};

const mr_operator io_stdin = {.struct_size = sizeof(mr_operator),
                              .kind = MR_KIND_SOURCE,
                              .flags = MR_OP_RESUMABLE,
                              .id = "stdin",
                              .version = "1.0.0",
                              .title = "Standard input",
                              .description =
                                  "Reads standard input until it ends. It emits chunks of bytes; "
                                  "`lines` makes a record of each line.",
                              .example = "{ use: stdin }",
                              .outputs = outputs,
                              .output_count = 1,
                              .max_parallelism = 1,
                              .create = stdin_create,
                              .destroy = stdin_destroy,
                              .start = stdin_start,
                              .extension = stdin_extension};
