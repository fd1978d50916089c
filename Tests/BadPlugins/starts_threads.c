// SPDX-License-Identifier: Apache-2.0
// Starts a thread that crashes while the host is busy with something else.
#include "bad.h"

static void *crash_later(void *nothing) {
  usleep(50000);
  write_nowhere();
  return nothing;
}

static mr_status process(void *op, const mr_batch *batch, mr_work *work) {
  instance *self = (instance *)op;
  pthread_t thread;
  if (self->calls == 0 && pthread_create(&thread, NULL, crash_later, NULL) == 0)
    pthread_detach(thread);
  return good_process(op, batch, work);
}

#define BAD_NAME "starts_threads"
#define BAD_PROCESS process
#include "table.h"
