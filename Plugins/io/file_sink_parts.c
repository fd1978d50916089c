// SPDX-License-Identifier: Apache-2.0
// From records to the bytes of files: when text is written, and when a part is complete.
#include "file_sink.h"
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <time.h>

#define BUFFER (256u * 1024u)
#define SECOND 1000000000

int64_t file_sink_due(const file_sink *sink) {
  int staged = sink->writer_identity.known != 0;
  int64_t due = INT64_MAX, opened = staged ? sink->opened : sink->part.opened;
  int is_open =
      staged ? io_stage_size(&sink->stage) > 0 || sink->stage.framed : sink->part.file >= 0;
  if (!is_open || !sink->in_parts)
    return due;
  if (sink->roll_every > 0 && opened < INT64_MAX - sink->roll_every)
    due = opened + sink->roll_every;
  if (sink->period > 0) {
    int64_t changes = opened - opened % sink->period + sink->period;
    due = changes < due ? changes : due;
  }
  return due;
}

mr_status file_sink_name_part(file_sink *sink, int64_t now) {
  char name[IO_PATH];
  if (!io_naming_expand(sink->path, now / SECOND, name))
    return io_note(&sink->trouble, MR_E_CONFIG, "path is too long once its time is filled in");
  if (strcmp(name, sink->name) != 0) {
    memcpy(sink->name, name, sizeof name);
    sink->next_number = io_naming_next(name);
  }
  return MR_OK;
}

/* A part for what comes now. The clock's thread may wait for one. */
static mr_status open_part(file_sink *sink, int64_t now) {
  mr_status status = file_sink_name_part(sink, now);
  if (status != MR_OK)
    return status;
  status = io_part_begin(&sink->part, sink->name, sink->next_number, sink->codec, &sink->trouble);
  sink->part.opened = now;
  sink->next_number = sink->part.number + 1;
  pthread_cond_signal(&sink->changed);
  return status;
}

mr_status file_sink_flush(file_sink *sink, int64_t now) {
  mr_status status = MR_OK;
  if (sink->used == 0)
    return MR_OK;
  if (sink->part.file < 0)
    status = open_part(sink, now);
  if (status == MR_OK)
    status = io_part_write(&sink->part, sink->bytes, sink->used, sink->ends, sink->end_count,
                           &sink->trouble);
  if (status == MR_OK && sink->sync == IO_SYNC_ALWAYS)
    status = io_part_sync(&sink->part, &sink->trouble);
  sink->used = sink->end_count = 0;
  return status;
}

mr_status file_sink_roll(file_sink *sink) {
  if (sink->part.broken)
    return MR_OK; /* told already; it keeps its temporary name */
  return io_part_finish(&sink->part, sink->sync != IO_SYNC_NEVER, &sink->trouble);
}

/* Does the open part end before a record of so many bytes? */
static int is_full(const file_sink *sink, uint64_t more) {
  uint64_t size = sink->part.file >= 0 ? sink->part.size : 0;
  if (sink->codec == IO_NONE) /* compressed, nobody knows before: a part is full when it is */
    size += sink->used + more;
  return sink->roll_size > 0 && size > (uint64_t)sink->roll_size &&
         (sink->part.file >= 0 || sink->used > 0);
}

int file_sink_make_room(file_sink *sink, uint64_t size) {
  if (sink->room - sink->used < size) {
    uint64_t room = sink->used + size + BUFFER;
    uint8_t *grown = realloc(sink->bytes, room);
    if (grown == NULL)
      return 0;
    sink->bytes = grown;
    sink->room = room;
  }
  if (sink->end_count == sink->end_room) {
    uint64_t room = 2 * sink->end_room + 1024;
    uint64_t *grown = realloc(sink->ends, room * sizeof *grown);
    if (grown == NULL)
      return 0;
    sink->ends = grown;
    sink->end_room = room;
  }
  return 1;
}

mr_status file_sink_add(file_sink *sink, const uint8_t *payload, const mr_record *record,
                        int64_t now) {
  uint64_t size = io_text_size(sink->with_key, payload, record);
  if (sink->in_parts && is_full(sink, size)) {
    mr_status status = file_sink_flush(sink, now);
    if (status == MR_OK)
      status = file_sink_roll(sink);
    if (status != MR_OK)
      return status;
  }
  if (!file_sink_make_room(sink, size))
    return io_note(&sink->trouble, MR_E_NOMEM, "out of memory");
  io_text_put(sink->with_key, sink->bytes + sink->used, payload, record);
  sink->used += size;
  sink->ends[sink->end_count++] = sink->used;
  return sink->used >= BUFFER ? file_sink_flush(sink, now) : MR_OK;
}

/* ---- the clock's thread ------------------------------------------------------------- */

static int64_t wall(const file_sink *sink) { return sink->host->now(sink->ctx, MR_CLOCK_WALL); }

static void *run_clock(void *argument) {
  file_sink *sink = argument;
  pthread_mutex_lock(&sink->lock);
  while (!sink->ends_clock) {
    int64_t due = file_sink_due(sink), now = wall(sink);
    if (due <= now) {
      if (file_sink_flush(sink, now) != MR_OK || file_sink_roll(sink) != MR_OK)
        break; /* the next call tells */
    } else if (due == INT64_MAX) {
      pthread_cond_wait(&sink->changed, &sink->lock);
    } else {
      struct timespec until = {.tv_sec = due / SECOND, .tv_nsec = due % SECOND};
      pthread_cond_timedwait(&sink->changed, &sink->lock, &until);
    }
  }
  pthread_mutex_unlock(&sink->lock);
  return NULL;
}

mr_status file_sink_start_clock(file_sink *sink) {
  if (!sink->in_parts || (sink->roll_every == 0 && sink->period == 0))
    return MR_OK;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&sink->clock, NULL, run_clock, sink);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  sink->has_clock = error == 0;
  errno = error;
  return error == 0 ? MR_OK : io_note_errno(&sink->trouble, NULL, "cannot start a thread");
}

void file_sink_end_clock(file_sink *sink) {
  if (!sink->has_clock)
    return;
  pthread_mutex_lock(&sink->lock);
  sink->ends_clock = 1;
  pthread_cond_signal(&sink->changed);
  pthread_mutex_unlock(&sink->lock);
  pthread_join(sink->clock, NULL);
  sink->has_clock = 0;
}
