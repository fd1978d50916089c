// SPDX-License-Identifier: Apache-2.0
// `generate`: its position, 8 bytes each, little endian: the number of tasks, and the number of the
// next record. Any task can go on with it: which records are its own follows from that number.
#include "generate.h"
#include "staged.h"

static mr_status state_save(void *instance, uint64_t epoch, mr_writer *writer) {
  const generate *op = instance;
  packing packed = {0};
  (void)epoch;
  pack_number(&packed, op->step, 8);
  pack_number(&packed, op->next, 8);
  mr_status status = pack_send(&packed, writer);
  return status == MR_OK ? MR_OK
                         : io_fail(op->host, op->ctx, status, "its state could not be written");
}

static mr_status state_restore(void *instance, const mr_snapshot *info, mr_reader *reader) {
  generate *op = instance;
  packing piece = {0};
  (void)info;
  mr_status status = pack_receive(&piece, reader);
  unpacking from = unpack_from(&piece);
  uint64_t tasks = unpack_number(&from, 8), next = unpack_number(&from, 8);
  pack_free(&piece);
  if (status != MR_OK)
    return io_fail(op->host, op->ctx, status, "the saved state cannot be read");
  if (from.failed || from.left > 0 || tasks == 0 || tasks > UINT32_MAX)
    return io_fail(op->host, op->ctx, MR_E_STATE, "the saved state is damaged");
  if (op->restored != 0)
    return io_fail(op->host, op->ctx, MR_E_STATE,
                   "the saved numbers are those of more tasks than there are now\n"
                   "run it with as many tasks as before");
  op->restored = tasks;
  op->next = next;
  return MR_OK;
}

const mr_state generate_state = {
    .struct_size = sizeof(mr_state), .save = state_save, .restore = state_restore};
