// SPDX-License-Identifier: Apache-2.0
// `file.sink`: what a checkpoint keeps of it, numbers little endian.
//
//   u8   version, 1
//   u8   kind
//   kind 0, a stream: the bytes that its reader has not taken yet
//   kind 1, in place
//     u64            offset at which the next epoch begins
//   kind 2, in parts
//     i64 u64 text   newest time, number of the next part and the name that it counts for
//     text           hidden file of the part that is open; empty: none; else
//     i64 u64        time of its first record, its number
//     u64 u64        its length and digest
//   kind 3, no checkpoint was promised: nothing
#include "file_sink.h"
#include <unistd.h>

enum { VERSION = 1, STREAM = 0, PLACE, PARTS, DIRECT };

static void pack_parts(const file_sink *sink, packing *packed) {
  int is_open = io_stage_size(&sink->stage) > 0;
  pack_number(packed, (uint64_t)sink->newest, 8);
  pack_number(packed, sink->next_number, 8);
  pack_text(packed, sink->name);
  pack_text(packed, is_open ? sink->stage.path : "");
  if (!is_open)
    return;
  pack_number(packed, (uint64_t)sink->opened, 8);
  pack_number(packed, sink->number, 8);
  pack_number(packed, io_stage_size(&sink->stage), 8);
  pack_number(packed, io_digest_value(&sink->stage.digest), 8);
}

static mr_status state_save(void *op, uint64_t epoch, mr_writer *writer) {
  file_sink *sink = op;
  packing packed = {0};
  mr_status status = MR_OK;
  int kind = sink->streams                  ? STREAM
             : !sink->writer_identity.known ? DIRECT
             : sink->in_parts               ? PARTS
                                            : PLACE;
  (void)epoch;
  pack_number(&packed, VERSION, 1);
  pack_number(&packed, (uint64_t)kind, 1);
  if (kind == STREAM)
    pack_bytes(&packed, sink->writer.bytes, sink->writer.used);
  else if (kind == PLACE)
    pack_number(&packed, sink->offset, 8);
  else if (kind == PARTS)
    pack_parts(sink, &packed);
  else {
    pthread_mutex_lock(&sink->lock);
    status = file_sink_flush(sink, sink->host->now(sink->ctx, MR_CLOCK_WALL));
    pthread_mutex_unlock(&sink->lock);
  }
  mr_status sent = pack_send(&packed, writer);
  if (status != MR_OK)
    return io_tell(&sink->trouble, sink->host, sink->ctx);
  return sent == MR_OK ? MR_OK
                       : io_fail(sink->host, sink->ctx, sent, "its state could not be written");
}

static void unpack_parts(file_sink *sink, unpacking *from) {
  sink->newest = (int64_t)unpack_number(from, 8);
  sink->next_number = unpack_number(from, 8);
  unpack_text(from, sink->name, IO_PATH);
  unpack_text(from, sink->inherited, IO_PATH);
  if (sink->inherited[0] == 0)
    return;
  sink->opened = (int64_t)unpack_number(from, 8);
  sink->number = unpack_number(from, 8);
  sink->inherited_size = unpack_number(from, 8);
  sink->inherited_digest = unpack_number(from, 8);
}

static mr_status unpack(file_sink *sink, unpacking *from) {
  uint64_t version = unpack_number(from, 1), kind = unpack_number(from, 1);
  uint64_t mine = sink->streams ? STREAM : sink->in_parts ? PARTS : PLACE;
  if (from->failed || version != VERSION || kind > DIRECT)
    return io_fail(sink->host, sink->ctx, MR_E_STATE, "the saved state is damaged");
  if (kind == DIRECT)
    return MR_OK;
  if (kind != mine)
    return io_fail(sink->host, sink->ctx, MR_E_STATE,
                   "the saved state is of another kind of output: `path` or the parameters for "
                   "parts were changed\nstart without the old state, or take that change back");
  sink->restored = 1;
  if (kind == PARTS)
    unpack_parts(sink, from);
  else if (kind == PLACE)
    sink->offset = unpack_number(from, 8);
  else if (!io_writer_restore(&sink->writer, from->at, from->left))
    return io_fail(sink->host, sink->ctx, MR_E_NOMEM, "out of memory");
  else
    from->left = 0;
  if (from->failed || from->left > 0 || sink->newest < 0 || sink->opened < 0)
    return io_fail(sink->host, sink->ctx, MR_E_STATE, "the saved state is damaged");
  return MR_OK;
}

static mr_status state_restore(void *op, const mr_snapshot *info, mr_reader *reader) {
  file_sink *sink = op;
  packing piece = {0};
  (void)info;
  mr_status status = pack_receive(&piece, reader);
  if (status != MR_OK)
    status = io_fail(sink->host, sink->ctx, status, "the saved state cannot be read");
  else {
    unpacking from = unpack_from(&piece);
    status = unpack(sink, &from);
  }
  pack_free(&piece);
  return status;
}

/* An epoch of this instance is safe: nobody will begin with the part of its predecessor again. */
static void state_epoch_end(void *op, uint64_t epoch, uint32_t ok) {
  file_sink *sink = op;
  if (!ok || sink->inherited[0] == 0 || sink->outlived || sink->first_epoch == 0 ||
      epoch < sink->first_epoch)
    return;
  unlink(sink->inherited);
  sink->outlived = 1;
}

const mr_state file_sink_state = {.struct_size = sizeof(mr_state),
                                  .save = state_save,
                                  .restore = state_restore,
                                  .epoch_end = state_epoch_end};
