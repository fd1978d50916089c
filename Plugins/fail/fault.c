// SPDX-License-Identifier: Apache-2.0
// What goes wrong, and when. With `once` a file remembers, over all lives of a job, that it has: it
// is made before anything happens, because most of what happens ends the process.
#include "fail.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "../shared/packing.h"

void fault_destroy(void *instance) {
  fault *op = instance;
  free(op->contains);
  free(op->once);
  free(op);
}

/* ---- when ----------------------------------------------------------------------------- */

/* Is it the first time, if it shall happen once? */
static int is_first_time(fault *op) {
  if (op->once == NULL)
    return 1;
  int file = open(op->once, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file < 0)
    return 0;
  fsync(file);
  close(file);
  return 1;
}

static int happens(fault *op) {
  if (op->times == 0)
    return 0;
  op->times--;
  return is_first_time(op);
}

static int counts(const fault *op, const mr_batch *batch, uint32_t i) {
  if (op->contains == NULL)
    return 1;
  const mr_record *record = mr_at(batch, i);
  return memmem(mr_value(batch, record), mr_value_size(record), op->contains, op->contains_size) !=
         NULL;
}

void fault_passed(fault *op, const mr_batch *batch, uint32_t count) {
  if (op->contains == NULL)
    op->seen += count;
  for (uint32_t i = 0; i < count && op->contains != NULL; i++)
    op->seen += (uint64_t)counts(op, batch, i);
}

int fault_finds(fault *op, const mr_batch *batch, uint32_t *at) {
  uint64_t seen = op->seen;
  if (op->where != CALL_PROCESS || op->times == 0)
    return 0;
  for (*at = 0; *at < batch->count; ++*at) {
    seen += (uint64_t)counts(op, batch, *at);
    if (seen >= op->after && counts(op, batch, *at))
      return happens(op);
  }
  return 0;
}

mr_status fault_call(fault *op, call where) {
  if (op->where != where || ++op->seen < op->after || !happens(op))
    return MR_OK;
  return fault_misbehave(op);
}

/* ---- what ----------------------------------------------------------------------------- */

static mr_status leak(const fault *op) {
  uint8_t *bytes = malloc(op->leak);
  if (bytes == NULL)
    return mr_fail(op->host, op->ctx, MR_E_NOMEM,
                   "was refused the memory that it was asked to take");
  memset(bytes, 1, op->leak);
  __asm__ volatile("" : : "r"(bytes) : "memory"); /* it is not to be left out */
  return MR_OK;
}

/* Where the record is, or what it is, does not matter to these: most of them end the process. */
mr_status fault_misbehave(fault *op) {
  volatile uintptr_t nowhere = 16;
  struct timespec pause_for = {op->sleep / 1000000000, op->sleep % 1000000000};
  switch (op->how) {
  case HOW_SEGV:
    *(volatile int *)nowhere = 1;
    break;
  case HOW_ABORT:
    abort();
  case HOW_ILL:
    __builtin_trap();
  case HOW_FPE:
    raise(SIGFPE);
    break;
  case HOW_TRAP:
    raise(SIGTRAP);
    break;
  case HOW_EXIT:
    exit(3);
  case HOW_HANG:
    for (;;)
      pause();
  case HOW_SLEEP:
    nanosleep(&pause_for, NULL);
    return MR_OK;
  case HOW_LEAK:
    return leak(op);
  case HOW_OVERRUN:
    if (op->out == NULL || op->where != CALL_PROCESS)
      break;
    op->out->cur = op->out->end + 4096;
    return MR_OK;
  case HOW_UNKNOWN_STATUS:
    return (mr_status)77;
  case HOW_PANIC:
    return mr_fail(op->host, op->ctx, MR_E_PANIC, "asked to panic at this record");
  case HOW_TRANSIENT:
    return mr_fail(op->host, op->ctx, MR_E_TRANSIENT, "asked to fail for now at this record");
  case HOW_UNAVAILABLE:
    return mr_fail(op->host, op->ctx, MR_E_UNAVAILABLE, "asked to be unavailable at this record");
  case HOW_DATA:
    return mr_fail(op->host, op->ctx, MR_E_DATA, "asked to refuse this record");
  case HOW_ERROR:
    break;
  }
  return mr_fail(op->host, op->ctx, MR_E_INTERNAL, "asked to fail at this record");
}

/* ---- state: how many records are done, 8 bytes, so that after a restore the same one fails --- */

static mr_status fault_save(void *instance, uint64_t epoch, mr_writer *writer) {
  fault *op = instance;
  packing packed = {0};
  (void)epoch;
  mr_status status = fault_call(op, CALL_SAVE);
  if (status != MR_OK)
    return status;
  pack_number(&packed, op->where == CALL_PROCESS ? op->seen : 0, 8);
  status = pack_send(&packed, writer);
  return status == MR_OK ? MR_OK
                         : mr_fail(op->host, op->ctx, status, "its state could not be written");
}

static mr_status fault_restore(void *instance, const mr_snapshot *info, mr_reader *reader) {
  fault *op = instance;
  packing piece = {0};
  (void)info;
  mr_status status = fault_call(op, CALL_RESTORE);
  if (status != MR_OK)
    return status;
  status = pack_receive(&piece, reader);
  unpacking from = unpack_from(&piece);
  op->seen += unpack_number(&from, 8);
  pack_free(&piece);
  if (status == MR_OK && (from.failed || from.left > 0))
    status = MR_E_STATE;
  return status == MR_OK ? MR_OK : mr_fail(op->host, op->ctx, status, "the saved state is damaged");
}

const mr_state fault_state = {
    .struct_size = sizeof(mr_state), .save = fault_save, .restore = fault_restore};
