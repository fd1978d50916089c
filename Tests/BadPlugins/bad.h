/* SPDX-License-Identifier: Apache-2.0
 * A transform that copies its records and has no fault. Each file here adds one: in a function of
 * its own, or by a name that table.h asks for. */
#ifndef BAD_H
#define BAD_H

#include <millrace/millrace.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  mr_out *out;
  uint64_t calls;
} instance;

static inline mr_status good_create(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                                    const mr_config *config, void **op) {
  (void)self;
  (void)config;
  instance *made = (instance *)calloc(1, sizeof *made);
  if (made == NULL)
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  made->host = host;
  made->ctx = ctx;
  *op = made;
  return MR_OK;
}

static inline void good_destroy(void *op) { free(op); }

static inline mr_status good_start(void *op, const mr_start *info) {
  ((instance *)op)->out = info->out[0];
  return MR_OK;
}

static inline mr_status good_process(void *op, const mr_batch *batch, mr_work *work) {
  instance *self = (instance *)op;
  self->calls++;
  for (uint32_t i = 0; i < batch->count; i++) {
    const mr_record *record = mr_at(batch, i);
    mr_record head = *record;
    head.flags = (uint16_t)(head.flags & MR_REC_USER);
    mr_status status = mr_emit(self->out, &head, mr_payload(batch, record));
    if (status != MR_OK) {
      work->consumed = i;
      return status;
    }
  }
  return MR_OK;
}

static inline const void *good_extension(const mr_operator *self, const char *id) {
  (void)self;
  (void)id;
  return NULL;
}

/* Address 16 is not mapped; the compiler must not know. */
static inline void write_nowhere(void) {
  volatile uintptr_t nowhere = 16;
  *(volatile int *)nowhere = 1;
}

#endif
