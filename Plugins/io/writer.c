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
  *writer = (io_writer){.host = host, .ctx = ctx, .name = "", .file = -1, .room = 2 * BUFFER};
  mr_status status = io_text_configure(config, &writer->with_key);
  if (status != MR_OK)
    return status;
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

void io_writer_destroy(io_writer *writer) {
  free(writer->bytes);
  free(writer->taken_until);
}

static mr_status failed(const io_writer *writer, int error) {
  io_trouble trouble = {0};
  errno = error;
  if (error == EPIPE)
    io_note(&trouble, MR_E_IO, "%s nobody reads %s any more, %llu bytes are left",
            writer->filters ? "MR5308" : "MR5303", writer->name, (unsigned long long)writer->used);
  else
    io_note_errno(&trouble, NULL, "cannot write %llu bytes to %s", (unsigned long long)writer->used,
                  writer->name);
  return io_tell(&trouble, writer->host, writer->ctx);
}

/* MR_OK when a write will not wait, MR_YIELD when nobody reads for `turns` times a short while. */
static mr_status wait_for_reader(const io_writer *writer, int *turns) {
  struct pollfd ready = {.fd = writer->file, .events = POLLOUT};
  while (poll(&ready, 1, PATIENCE_MS) <= 0) {
    int cancelled = writer->cancel != NULL && __atomic_load_n(writer->cancel, __ATOMIC_RELAXED);
    if (cancelled || --*turns <= 0)
      return MR_YIELD;
  }
  return MR_OK;
}

/* Write from the front of the buffer; what cannot be written stays in it. */
static mr_status flush(io_writer *writer) {
  uint64_t done = 0;
  int error = 0, turns = TURNS;
  mr_status status = MR_OK;
  while (done < writer->used && error == 0) {
    uint64_t size = writer->used - done;
    /* A pipe that is ready has room for this much and perhaps not for more. */
    if (!writer->plain && size > PIPE_BUF)
      size = PIPE_BUF;
    if (!writer->plain && (status = wait_for_reader(writer, &turns)) != MR_OK)
      break;
    ssize_t written = write(writer->file, writer->bytes + done, size);
    if (written >= 0)
      done += (uint64_t)written;
    else if (errno != EINTR && errno != EAGAIN)
      error = errno;
  }
  writer->used -= done;
  memmove(writer->bytes, writer->bytes + done, writer->used);
  return error != 0 ? failed(writer, error) : status;
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

static int append(io_writer *writer, const uint8_t *payload, const mr_record *record) {
  if (!make_room(writer, (uint64_t)record->length + 2))
    return 0;
  uint8_t *to = writer->bytes + writer->used;
  to = io_text_put(writer->with_key, to, payload, record);
  writer->used = (uint64_t)(to - writer->bytes);
  return 1;
}

/* How many records at the front of the batch were written when it came the first time. */
static uint32_t taken_before(const io_writer *writer, const mr_batch *batch) {
  uint64_t until = batch->lane < writer->lanes ? writer->taken_until[batch->lane] : 0;
  uint64_t taken = until > batch->sequence ? until - batch->sequence : 0;
  return taken < batch->count ? (uint32_t)taken : batch->count;
}

static int remember_taken(io_writer *writer, uint32_t lane, uint64_t until) {
  if (lane >= writer->lanes) {
    uint64_t *grown = realloc(writer->taken_until, (lane + 1u) * sizeof *grown);
    if (grown == NULL)
      return 0;
    memset(grown + writer->lanes, 0, (lane + 1u - writer->lanes) * sizeof *grown);
    writer->taken_until = grown;
    writer->lanes = lane + 1;
  }
  writer->taken_until[lane] = until;
  return 1;
}

/* `written` bytes of the records from `first` on are written. Keep what is left of the record they
 * end in, drop the rest. Returns the first record that is not begun. */
static uint32_t give_back(io_writer *writer, const mr_batch *batch, uint32_t first,
                          uint64_t written) {
  uint64_t end = 0;
  while (end < written) {
    const mr_record *record = mr_at(batch, first++);
    end += io_text_size(writer->with_key, mr_payload(batch, record), record);
  }
  writer->used = end - written;
  return first;
}

mr_status io_writer_take(io_writer *writer, const mr_batch *batch, mr_work *work) {
  uint64_t before = writer->used;
  uint32_t first = taken_before(writer, batch);
  for (uint32_t i = first; i < batch->count; i++) {
    const mr_record *record = mr_at(batch, i);
    mr_prefetch(batch, i + 4);
    if (!append(writer, mr_payload(batch, record), record)) {
      writer->used = before;
      return mr_fail(writer->host, writer->ctx, MR_E_NOMEM, "out of memory");
    }
  }
  if ((batch->flags & MR_BATCH_MORE) && writer->used < BUFFER)
    return MR_OK;
  uint64_t fresh = writer->used - before;
  mr_status status = flush(writer);
  if (status == MR_OK)
    return MR_OK;
  uint32_t begun = first;
  if (writer->used >= fresh)
    writer->used -= fresh;
  else
    begun = give_back(writer, batch, first, fresh - writer->used);
  if (!remember_taken(writer, batch->lane, batch->sequence + begun))
    return mr_fail(writer->host, writer->ctx, MR_E_NOMEM, "out of memory");
  /* One record stays with the host even if all have begun: the call that finishes it must come. */
  work->consumed = begun < batch->count || begun == 0 ? begun : begun - 1;
  return status;
}

int io_writer_restore(io_writer *writer, const uint8_t *bytes, uint64_t size) {
  if (!make_room(writer, size))
    return 0;
  if (size > 0)
    memcpy(writer->bytes + writer->used, bytes, size);
  writer->used += size;
  return 1;
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
