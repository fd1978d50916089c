// SPDX-License-Identifier: Apache-2.0
#include "writer.h"
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER (256u * 1024u)
/* How long to wait for a reader before letting the host do something else. */
#define PATIENCE_MS 100
#define TURNS 5

mr_status io_writer_create(io_writer *writer, const mr_host *host, mr_ctx *ctx,
                           const mr_config *config) {
  mr_str format;
  mr_status status = config->get_string(config, "/format", &format);
  if (status != MR_OK)
    return status;
  *writer = (io_writer){.host = host, .ctx = ctx, .name = "", .file = -1, .room = 2 * BUFFER};
  writer->with_key = format.size == strlen("key_value");
  writer->bytes = malloc(writer->room);
  return writer->bytes != NULL ? MR_OK : mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
}

void io_writer_attach(io_writer *writer, int file, const char *name) {
  struct stat facts;
  writer->file = file;
  writer->name = name;
  writer->plain = fstat(file, &facts) == 0 &&
                  (S_ISREG(facts.st_mode) || (S_ISCHR(facts.st_mode) && !isatty(file)));
}

void io_writer_destroy(io_writer *writer) { free(writer->bytes); }

static mr_status failed(const io_writer *writer, int error) {
  if (error == EPIPE)
    return io_fail(writer->host, writer->ctx, MR_E_IO,
                   "%s is a closed pipe: its reader has ended, %llu bytes are left", writer->name,
                   (unsigned long long)writer->used);
  return io_fail(writer->host, writer->ctx, MR_E_IO, "cannot write %llu bytes to %s: %s",
                 (unsigned long long)writer->used, writer->name, strerror(error));
}

/* MR_OK when a write will not wait, MR_YIELD when nobody reads. */
static mr_status wait_for_reader(const io_writer *writer) {
  struct pollfd ready = {.fd = writer->file, .events = POLLOUT};
  for (int turn = 0; turn < TURNS; turn++) {
    if (poll(&ready, 1, PATIENCE_MS) > 0)
      return MR_OK;
    if (writer->cancel != NULL && __atomic_load_n(writer->cancel, __ATOMIC_RELAXED))
      return MR_YIELD;
  }
  return MR_YIELD;
}

/* Write from the front of the buffer; what cannot be written stays in it. */
static mr_status flush(io_writer *writer) {
  uint64_t done = 0;
  mr_status status = MR_OK;
  while (done < writer->used && status == MR_OK) {
    uint64_t size = writer->used - done;
    /* A pipe that is ready has room for this much and perhaps not for more. */
    if (!writer->plain && size > PIPE_BUF)
      size = PIPE_BUF;
    if (!writer->plain)
      status = wait_for_reader(writer);
    if (status != MR_OK)
      break;
    ssize_t written = write(writer->file, writer->bytes + done, size);
    if (written >= 0)
      done += (uint64_t)written;
    else if (errno != EINTR && errno != EAGAIN) {
      int error = errno;
      memmove(writer->bytes, writer->bytes + done, writer->used - done);
      writer->used -= done;
      return failed(writer, error);
    }
  }
  memmove(writer->bytes, writer->bytes + done, writer->used - done);
  writer->used -= done;
  return status;
}

static int make_room(io_writer *writer, uint64_t size) {
  if (writer->room - writer->used >= size)
    return 1;
  uint64_t room = writer->used + size + BUFFER;
  uint8_t *bytes = realloc(writer->bytes, room);
  if (bytes == NULL)
    return 0;
  writer->bytes = bytes;
  writer->room = room;
  return 1;
}

/* The value, or key, tab and value; and a newline unless there is one. */
static int append(io_writer *writer, const uint8_t *payload, const mr_record *record) {
  uint32_t key = record->key_length, size = mr_value_size(record);
  if (!make_room(writer, (uint64_t)record->length + 2))
    return 0;
  uint8_t *to = writer->bytes + writer->used;
  if (writer->with_key) {
    memcpy(to, payload, key);
    to += key;
    *to++ = '\t';
  }
  memcpy(to, payload + key, size);
  to += size;
  if (size == 0 || to[-1] != '\n')
    *to++ = '\n';
  writer->used = (uint64_t)(to - writer->bytes);
  return 1;
}

/* A batch that comes again: drop what was written of it the first time. Returns how much. */
static uint64_t skip_written(io_writer *writer, uint64_t before) {
  uint64_t added = writer->used - before;
  uint64_t skip = writer->ahead < added ? writer->ahead : added;
  if (skip > 0)
    memmove(writer->bytes + before, writer->bytes + before + skip, added - skip);
  writer->used -= skip;
  return skip;
}

mr_status io_writer_take(io_writer *writer, const mr_batch *batch, mr_work *work) {
  mr_status status = MR_OK;
  work->consumed = 0;
  uint64_t before = writer->used;
  for (uint32_t i = 0; i < batch->count; i++) {
    const mr_record *record = mr_at(batch, i);
    mr_prefetch(batch, i + 4);
    if (!append(writer, mr_payload(batch, record), record)) {
      writer->used = before;
      return mr_fail(writer->host, writer->ctx, MR_E_NOMEM, "out of memory");
    }
  }
  uint64_t skipped = skip_written(writer, before), fresh = writer->used - before;
  if (!(batch->flags & MR_BATCH_MORE) || writer->used >= BUFFER)
    status = flush(writer);
  if (status == MR_OK) {
    writer->ahead -= skipped;
    work->consumed = batch->count;
    return MR_OK;
  }
  uint64_t left = writer->used < fresh ? writer->used : fresh;
  writer->used -= left;
  writer->ahead += fresh - left;
  return status;
}

mr_status io_writer_finish(io_writer *writer) {
  mr_status status = flush(writer);
  return status == MR_YIELD ? MR_AGAIN : status;
}

static const mr_choice formats[] = {{"value", "the value"}, {"key_value", "key, tab, value"}};
const mr_param io_format = {
    .struct_size = sizeof(mr_param),
    .type = MR_P_ENUM,
    .choice_count = 2,
    .name = "format",
    .doc = "What to write of a record. A newline follows unless the value ends with one.",
    .default_value = "value",
    .choices = formats};
