// SPDX-License-Identifier: Apache-2.0
// `stdin`: standard input as chunks of bytes, cut as those of `file.source`.
//
// A read must not wait, and the descriptor is shared with other processes, so it is not made
// non-blocking: poll(2) is asked first. What follows the last newline is kept for the next chunk.
//
// A run that keeps its state has a journal for what comes in (draft/journal.h): then all of it is
// read there. Its position is the host's to save; ours is what was read and not emitted yet:
//
//   byte   0   version, 1
//   …          the beginning of a chunk, less than IO_CHUNK bytes
#include "io.h"
#include <errno.h>
#include <millrace/draft/journal.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNKS_PER_POLL 4u
#define STATE_VERSION 1u
#define NO_SPACE_MS 1000u /* space comes when checkpoints are done, which is once a second */

typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  mr_out *out;
  const mr_host_journal *journal; /* NULL: standard input itself is read */
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
  const mr_host_journal *journal = source->host->extension(source->host, MR_EXT_JOURNAL);
  if (journal == NULL)
    return MR_OK;
  mr_status status = journal->open(source->ctx, STDIN_FILENO);
  if (status == MR_OK)
    source->journal = journal;
  return status == MR_E_UNSUPPORTED ? MR_OK : status;
}

static void emit(stdin_source *source, uint32_t length) {
  mr_record head = io_head(length, source->schema);
  mr_commit(source->out, &head);
}

/* Up to `most` bytes that come next, their number in *size. MR_OK; MR_AGAIN: nothing there yet;
 * MR_DONE: the input has ended. */
static mr_status read_input(stdin_source *source, uint8_t *into, uint32_t most, int64_t *size) {
  struct pollfd ready = {.fd = STDIN_FILENO, .events = POLLIN};
  if (source->watched && poll(&ready, 1, 0) == 0)
    return MR_AGAIN;
  *size = read(STDIN_FILENO, into, most);
  if (*size < 0 && (errno == EINTR || errno == EAGAIN))
    return MR_AGAIN;
  if (*size < 0)
    return io_fail(source->host, source->ctx, MR_E_IO, "standard input cannot be read: %s",
                   strerror(errno));
  return *size == 0 ? MR_DONE : MR_OK;
}

/* The same from the journal. What is taken is read at once, as far as there is room for it: so a
 * checkpoint has all that was taken. */
static mr_status read_journal(stdin_source *source, uint8_t *into, uint32_t most, int64_t *size) {
  *size = source->journal->read(source->ctx, into, most);
  if (*size == 0) {
    mr_status status = source->journal->take(source->ctx, most);
    if (status != MR_OK)
      return status;
    *size = source->journal->read(source->ctx, into, most);
  }
  return *size < 0 ? (mr_status)*size : *size == 0 ? MR_AGAIN : MR_OK;
}

/* One read. MR_OK: call again; MR_AGAIN: nothing there yet; MR_DONE: the input has ended. */
static mr_status read_chunk(stdin_source *source) {
  uint8_t *bytes = mr_reserve(source->out, IO_CHUNK);
  if (bytes == NULL)
    return source->out->status;
  uint8_t *behind = bytes + source->kept;
  uint32_t room = IO_CHUNK - source->kept;
  int64_t size = 0;
  mr_status status = source->journal != NULL ? read_journal(source, behind, room, &size)
                                             : read_input(source, behind, room, &size);
  if (status != MR_OK && status != MR_DONE)
    return status;
  memcpy(bytes, source->rest, source->kept);
  if (status == MR_DONE) {
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
  for (uint32_t i = 0; i < CHUNKS_PER_POLL && i < poll->credit; i++) {
    mr_status status = read_chunk(source);
    if (status < 0 && i > 0)
      return MR_OK; /* a failure drops the output of its call: it shall not have any */
    if (status == MR_E_UNAVAILABLE)
      work->retry_ms = NO_SPACE_MS;
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

static const mr_source reading = {.struct_size = sizeof(mr_source),
                                  .flags = MR_SOURCE_JOURNAL,
                                  .poll = stdin_poll,
                                  .descriptors = stdin_descriptors};

/* ---- what was read and not emitted ----------------------------------------------- */

static mr_status put(mr_writer *to, const uint8_t *bytes, uint64_t size) {
  while (size > 0) {
    int64_t written = to->write(to, bytes, size);
    if (written < 0)
      return (mr_status)written;
    bytes += written;
    size -= (uint64_t)written;
  }
  return MR_OK;
}

static mr_status stdin_save(void *op, uint64_t epoch, mr_writer *to) {
  stdin_source *source = op;
  uint8_t version = STATE_VERSION;
  (void)epoch;
  mr_status status = put(to, &version, 1);
  return status == MR_OK ? put(to, source->rest, source->kept) : status;
}

static mr_status stdin_restore(void *op, const mr_snapshot *info, mr_reader *from) {
  stdin_source *source = op;
  uint8_t state[1 + IO_CHUNK];
  uint32_t size = 0;
  int64_t more;
  (void)info;
  while ((more = from->read(from, state + size, sizeof state - size)) > 0)
    size += (uint32_t)more;
  if (more < 0)
    return (mr_status)more;
  if (size == 0 || size == sizeof state || state[0] != STATE_VERSION)
    return mr_fail(source->host, source->ctx, MR_E_STATE, "its state is not that of stdin");
  source->kept = size - 1;
  memcpy(source->rest, state + 1, source->kept);
  return MR_OK;
}

static const mr_state saving = {
    .struct_size = sizeof(mr_state), .save = stdin_save, .restore = stdin_restore};

static const void *stdin_extension(const mr_operator *self, const char *id) {
  (void)self;
  if (strcmp(id, MR_EXT_SOURCE) == 0)
    return &reading;
  return strcmp(id, MR_EXT_STATE) == 0 ? &saving : NULL;
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
                                  "`lines` makes a record of each line.\n\n"
                                  "A run that keeps its state keeps what was read as well, until a "
                                  "checkpoint has it. The next run goes on with that, then with "
                                  "the input that it is given; after an end there is no more.",
                              .example = "{ use: stdin }",
                              .outputs = outputs,
                              .output_count = 1,
                              .max_parallelism = 1,
                              .state_version = STATE_VERSION,
                              .create = stdin_create,
                              .destroy = stdin_destroy,
                              .start = stdin_start,
                              .extension = stdin_extension};
