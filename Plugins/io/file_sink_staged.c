// SPDX-License-Identifier: Apache-2.0
// `file.sink` with checkpoints, until `prepare`: records become bytes in `stage`.
//
// The disk may be full at any time, and the host then gives the same batch again: a call fails
// before it takes the first record, or takes what it can and lets the next call fail.
#include "file_sink.h"
#include <sys/stat.h>
#include <unistd.h>

#define SPILL (256u * 1024u)
#define INLINE (64u * 1024u) /* bytes that travel in the token itself */
#define SECOND 1000000000

static mr_status spill(file_sink *sink) {
  if (sink->stage.file < 0 &&
      !io_hide(&sink->writer_identity, sink->in_parts ? sink->path : sink->part.path,
               sink->stage.path))
    return io_note(&sink->trouble, MR_E_CONFIG, "%s is too long for the name of a part",
                   sink->path);
  return io_stage_spill(&sink->stage, &sink->trouble);
}

/* All of it on the disk, ready to be read by whoever commits it. */
static mr_status settle(file_sink *sink) {
  mr_status status = spill(sink);
  if (status == MR_OK && sink->sync != IO_SYNC_NEVER)
    status = io_stage_sync(&sink->stage, &sink->trouble);
  return status;
}

/* ---- parts ---------------------------------------------------------------------------- */

static int is_open(const file_sink *sink) {
  return io_stage_size(&sink->stage) > 0 || sink->stage.framed;
}

/* The first record of a part decides its name. */
static mr_status begin_part(file_sink *sink, int64_t now) {
  mr_status status = file_sink_name_part(sink, now);
  if (status != MR_OK)
    return status;
  sink->opened = now;
  sink->number = sink->next_number++;
  return MR_OK;
}

static mr_status remember(file_sink *sink, const char *path) {
  if (sink->complete_count == sink->complete_room) {
    uint64_t room = 2 * sink->complete_room + 8;
    io_complete *grown = realloc(sink->completes, room * sizeof *grown);
    if (grown == NULL)
      return io_note(&sink->trouble, MR_E_NOMEM, "out of memory");
    sink->completes = grown;
    sink->complete_room = room;
  }
  io_complete complete = {.size = io_stage_size(&sink->stage),
                          .digest = io_digest_value(&sink->stage.digest),
                          .path = strdup(path),
                          .hidden = strdup(sink->stage.path)};
  sink->completes[sink->complete_count++] = complete;
  return complete.path != NULL && complete.hidden != NULL
             ? MR_OK
             : io_note(&sink->trouble, MR_E_NOMEM, "out of memory");
}

static mr_status complete_part(file_sink *sink) {
  char path[IO_PATH];
  if (!is_open(sink))
    return MR_OK;
  if (!io_naming_part(sink->name, sink->number, path))
    return io_note(&sink->trouble, MR_E_CONFIG, "%s is too long for the name of a part",
                   sink->name);
  mr_status status = io_stage_end_frame(&sink->stage, &sink->trouble);
  if (status == MR_OK)
    status = settle(sink);
  if (status == MR_OK)
    status = remember(sink, path);
  if (status == MR_OK)
    io_stage_end(&sink->stage);
  return status;
}

/* ---- records ---------------------------------------------------------------------------- */

/* Move the text of the records so far into the stage. */
static mr_status pour(file_sink *sink) {
  mr_status status = io_stage_add(&sink->stage, sink->bytes, sink->used, &sink->trouble);
  sink->used = sink->end_count = 0;
  return status;
}

static int is_full(const file_sink *sink, uint64_t more) {
  uint64_t size = io_stage_size(&sink->stage) + sink->used;
  if (sink->codec == IO_NONE) /* compressed, nobody knows before: a part is full when it is */
    size += more;
  return sink->roll_size > 0 && size > (uint64_t)sink->roll_size &&
         (is_open(sink) || sink->used > 0);
}

/* One record, perhaps into a new part. */
static mr_status add(file_sink *sink, const uint8_t *payload, const mr_record *record,
                     int64_t now) {
  uint64_t size = io_text_size(sink->with_key, payload, record);
  mr_status status = MR_OK;
  if (sink->in_parts && is_full(sink, size)) {
    status = pour(sink);
    if (status == MR_OK)
      status = complete_part(sink);
  }
  if (status == MR_OK && sink->in_parts && !is_open(sink) && sink->used == 0)
    status = begin_part(sink, now);
  if (status != MR_OK)
    return status;
  if (!file_sink_make_room(sink, size))
    return io_note(&sink->trouble, MR_E_NOMEM, "out of memory");
  io_text_put(sink->with_key, sink->bytes + sink->used, payload, record);
  sink->used += size;
  return MR_OK;
}

/* The wall clock, which is not allowed to go back: names and numbers have been given by it. */
static int64_t clock_of(file_sink *sink) {
  int64_t now = sink->in_parts ? sink->host->now(sink->ctx, MR_CLOCK_WALL) : 0;
  sink->newest = now > sink->newest ? now : sink->newest;
  return sink->newest;
}

/* What may fail for want of space, while nothing of the batch is taken. */
static mr_status make_ready(file_sink *sink, int64_t now) {
  if (sink->stage.broken)
    return spill(sink);
  if (file_sink_due(sink) <= now)
    return complete_part(sink);
  return sink->stage.used >= SPILL ? spill(sink) : MR_OK;
}

mr_status file_sink_stage(file_sink *sink, const mr_batch *batch, mr_work *work) {
  int64_t now = clock_of(sink);
  mr_status status = make_ready(sink, now);
  uint32_t done = 0;
  while (done < batch->count && status == MR_OK) {
    const mr_record *record = mr_at(batch, done);
    mr_prefetch(batch, done + 4);
    status = add(sink, mr_payload(batch, record), record, now);
    done += status == MR_OK;
  }
  if (done > 0 && status != MR_OK && status != MR_E_NOMEM && status != MR_E_INTERNAL) {
    /* The records up to here are taken; the next call fails by itself, and takes none. */
    sink->trouble = (io_trouble){0};
    work->consumed = done;
    status = MR_YIELD;
  }
  if (status < 0)
    return status;
  mr_status poured = pour(sink);
  return poured == MR_OK ? status : poured;
}

mr_status file_sink_end_stage(file_sink *sink) {
  return sink->in_parts ? complete_part(sink) : MR_OK;
}

/* ---- the barrier -------------------------------------------------------------------------- */

static mr_status send(file_sink *sink, packing *packed, mr_writer *token) {
  mr_status status = pack_send(packed, token);
  return status == MR_OK
             ? MR_OK
             : io_note(&sink->trouble, status, "the token of an epoch could not be written");
}

static void forget_completes(file_sink *sink) {
  for (uint64_t i = 0; i < sink->complete_count; i++) {
    free(sink->completes[i].path);
    free(sink->completes[i].hidden);
  }
  sink->complete_count = 0;
}

/* The part that is open goes on in the next epoch, but what it has must survive. */
static mr_status prepare_parts(file_sink *sink, mr_writer *token) {
  packing packed = {0};
  mr_status status = MR_OK;
  if (file_sink_due(sink) <= clock_of(sink))
    status = complete_part(sink);
  if (status == MR_OK)
    status = io_stage_end_frame(&sink->stage, &sink->trouble);
  if (status == MR_OK && is_open(sink))
    status = settle(sink);
  if (status != MR_OK || sink->complete_count == 0)
    return status;
  pack_number(&packed, IO_TOKEN_VERSION, 1);
  pack_number(&packed, IO_TOKEN_PARTS, 1);
  pack_number(&packed, sink->complete_count, 4);
  for (uint64_t i = 0; i < sink->complete_count; i++) {
    pack_number(&packed, sink->completes[i].size, 8);
    pack_number(&packed, sink->completes[i].digest, 8);
    pack_text(&packed, sink->completes[i].path);
    pack_text(&packed, sink->completes[i].hidden);
  }
  status = send(sink, &packed, token);
  if (status == MR_OK)
    forget_completes(sink);
  return status;
}

static mr_status prepare_place(file_sink *sink, mr_writer *token) {
  io_stage *stage = &sink->stage;
  packing packed = {0};
  mr_status status = io_stage_end_frame(stage, &sink->trouble);
  uint64_t size = io_stage_size(stage);
  int is_small = stage->file < 0 && size <= INLINE;
  if (status == MR_OK && !is_small)
    status = settle(sink);
  if (status != MR_OK || size == 0)
    return status;
  pack_number(&packed, IO_TOKEN_VERSION, 1);
  pack_number(&packed, IO_TOKEN_PLACE, 1);
  pack_number(&packed, sink->offset, 8);
  pack_number(&packed, size, 8);
  pack_number(&packed, io_digest_value(&stage->digest), 8);
  pack_text(&packed, sink->part.path);
  pack_text(&packed, is_small ? "" : stage->path);
  if (is_small)
    pack_bytes(&packed, stage->bytes, size);
  status = send(sink, &packed, token);
  if (status != MR_OK)
    return status;
  sink->offset += size;
  io_stage_end(stage);
  return MR_OK;
}

mr_status file_sink_prepare(file_sink *sink, uint64_t epoch, mr_writer *token) {
  mr_status status = sink->in_parts ? prepare_parts(sink, token) : prepare_place(sink, token);
  if (status == MR_OK && sink->first_epoch == 0)
    sink->first_epoch = epoch;
  return status;
}

/* ---- begin and end -------------------------------------------------------------------------- */

/* In place, without saved state: the file begins where it ends now, or is empty. */
static mr_status find_end(file_sink *sink, int empties) {
  struct stat facts;
  if (empties && ftruncate(sink->part.file, 0) != 0)
    return io_note_errno(&sink->trouble, NULL, "cannot empty %s", sink->path);
  if (fstat(sink->part.file, &facts) != 0)
    return io_note_errno(&sink->trouble, NULL, "cannot look at %s", sink->path);
  sink->offset = (uint64_t)facts.st_size;
  return MR_OK;
}

/* In place: what lies behind the last committed byte was written by a commit that will not be
 * finished, or by a run that is undone. */
static mr_status cut(file_sink *sink) {
  struct stat facts;
  if (fstat(sink->part.file, &facts) != 0)
    return io_note_errno(&sink->trouble, NULL, "cannot look at %s", sink->path);
  if ((uint64_t)facts.st_size < sink->offset)
    return io_note(&sink->trouble, MR_E_STATE,
                   "MR5306 %s has only %lld bytes, but %llu were written to it\n"
                   "bring that file back, or start without the old state",
                   sink->path, (long long)facts.st_size, (unsigned long long)sink->offset);
  if ((uint64_t)facts.st_size > sink->offset &&
      ftruncate(sink->part.file, (off_t)sink->offset) != 0)
    return io_note_errno(&sink->trouble, NULL, "cannot shorten %s", sink->path);
  return MR_OK;
}

static mr_status inherit(file_sink *sink) {
  if (!io_hide(&sink->writer_identity, sink->path, sink->stage.path))
    return io_note(&sink->trouble, MR_E_CONFIG, "%s is too long", sink->path);
  return io_stage_inherit(&sink->stage, sink->inherited, sink->inherited_size,
                          sink->inherited_digest, &sink->trouble);
}

/* What earlier attempts have hidden goes here and not in `fence`, which comes before `restore`:
 * only now is it known which part goes on. */
mr_status file_sink_start_stage(file_sink *sink, uint64_t restored_epoch) {
  mr_status status = MR_OK;
  if (sink->inherited[0] != 0)
    status = inherit(sink);
  else if (!sink->in_parts)
    status = sink->restored ? cut(sink) : find_end(sink, !sink->append && restored_epoch == 0);
  if (status == MR_OK)
    io_unhide_older(&sink->writer_identity, sink->in_parts ? sink->path : sink->part.path,
                    sink->inherited);
  return status;
}

void file_sink_free_stage(file_sink *sink) {
  /* Nobody knows of a file in place whose epoch was not prepared; a part is perhaps saved. */
  if (!sink->in_parts && sink->stage.file >= 0)
    unlink(sink->stage.path);
  io_stage_free(&sink->stage);
  forget_completes(sink);
  free(sink->completes);
}
