/* SPDX-License-Identifier: Apache-2.0
 * What the files of this plugin share: what shall go wrong, and when. */
#ifndef MR_FAIL_H
#define MR_FAIL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem, nanosleep, pause */
#endif
#include <millrace/millrace.h>
#include <stdlib.h>

extern const mr_operator fail_operator, fail_sink;

typedef enum {
  HOW_ERROR,
  HOW_PANIC,
  HOW_TRANSIENT,
  HOW_UNAVAILABLE,
  HOW_DATA,
  HOW_SEGV,
  HOW_ABORT,
  HOW_ILL,
  HOW_FPE,
  HOW_TRAP,
  HOW_EXIT,
  HOW_HANG,
  HOW_SLEEP,
  HOW_LEAK,
  HOW_UNKNOWN_STATUS,
  HOW_OVERRUN
} manner;

/* In the order of the choices of `call`; a transform has the first four only. */
typedef enum {
  CALL_PROCESS,
  CALL_STOP,
  CALL_SAVE,
  CALL_RESTORE,
  CALL_OPEN,
  CALL_FENCE,
  CALL_PREPARE,
  CALL_COMMIT,
  CALL_ABORT,
  CALLS
} call;

typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  mr_out *out; /* NULL: a sink */
  manner how;
  call where;
  uint64_t after; /* the first record, or call, that fails, counted from 1 */
  uint64_t times; /* how often it still fails */
  uint64_t seen;  /* of those that count, how many are done; of records it is the state */
  int64_t sleep;  /* ns */
  uint64_t leak;  /* bytes */
  char *contains; /* NULL: every record counts */
  uint64_t contains_size;
  char *once; /* NULL: as often as `times` says */
} fault;

#define FAULT_PARAMS 8u
extern const mr_param *const fault_params[FAULT_PARAMS], *const fault_sink_params[FAULT_PARAMS];

mr_status fault_create(const mr_host *host, mr_ctx *ctx, const mr_config *config, fault **op);
void fault_destroy(void *op);
/* A call that is not about records. MR_OK, or what it shall answer. */
mr_status fault_call(fault *op, call where);
/* Does it go wrong in this batch? Then, *at which record. Counts those before it otherwise. */
int fault_finds(fault *op, const mr_batch *batch, uint32_t *at);
/* Of records [0, count) that are done. */
void fault_passed(fault *op, const mr_batch *batch, uint32_t count);
/* Do it. MR_OK: it has been survived, and the call may go on. */
mr_status fault_misbehave(fault *op);
extern const mr_state fault_state;

#endif
