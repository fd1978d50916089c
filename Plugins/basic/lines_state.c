// SPDX-License-Identifier: Apache-2.0
// `lines`: what waits for the end of its line, for each lane that has something. As packing.h says:
//
//   u32 u8       lane; 1: the rest of a line is being skipped
//   u64          bytes of the record that comes next which are lines already
//   i64 u32      event time and trace of the record that the beginning came with
//   u64 …        the beginning of the line
//
// A lane is a number, and no key: the beginning finds its end in a task that reads the same lanes.
// With another parallelism they have other numbers; what cuts a stream into pieces keeps its own.
#include "lines.h"

#include "../shared/packing.h"

static mr_status lines_save(void *instance, uint64_t epoch, mr_writer *writer) {
  const lines *op = instance;
  packing packed = {0};
  (void)epoch;
  for (uint32_t i = 0; i < op->lanes; i++) {
    const lines_piece *held = &op->lane[i];
    if (held->used == 0 && held->done == 0 && !held->skipping)
      continue;
    pack_number(&packed, i, 4);
    pack_number(&packed, held->skipping != 0, 1);
    pack_number(&packed, held->done, 8);
    pack_number(&packed, (uint64_t)held->head.event_time, 8);
    pack_number(&packed, held->head.trace, 4);
    pack_number(&packed, held->used, 8);
    pack_bytes(&packed, held->rest, held->used);
  }
  return basic_saved(op->host, op->ctx, pack_send(&packed, writer));
}

#define LANES 65536u /* more are no lanes, but damage */

static mr_status unpack(lines *op, unpacking *from) {
  while (from->left > 0 && !from->failed) {
    uint64_t number = unpack_number(from, 4), skipping = unpack_number(from, 1);
    uint64_t done = unpack_number(from, 8), time = unpack_number(from, 8);
    uint64_t trace = unpack_number(from, 4), size = unpack_number(from, 8);
    const uint8_t *rest = unpack_bytes(from, size);
    if (from->failed || number >= LANES || skipping > 1)
      break;
    lines_piece *held = lines_piece_of(op, (uint32_t)number);
    if (held == NULL || (size > 0 && !lines_hold(held, rest, size)))
      return mr_fail(op->host, op->ctx, MR_E_NOMEM, "out of memory");
    held->skipping = (uint32_t)skipping;
    held->done = done;
    held->head.event_time = (int64_t)time;
    held->head.trace = (uint32_t)trace;
  }
  return from->left > 0 || from->failed ? basic_damaged(op->host, op->ctx) : MR_OK;
}

static mr_status lines_restore(void *instance, const mr_snapshot *info, mr_reader *reader) {
  lines *op = instance;
  packing piece = {0};
  (void)info;
  mr_status status = pack_receive(&piece, reader);
  unpacking from = unpack_from(&piece);
  status = status == MR_OK ? unpack(op, &from)
                           : basic_fail(op->host, op->ctx, status, "the saved state is unreadable");
  pack_free(&piece);
  return status;
}

const mr_state lines_state = {
    .struct_size = sizeof(mr_state), .save = lines_save, .restore = lines_restore};
