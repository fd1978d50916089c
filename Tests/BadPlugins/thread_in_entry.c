// SPDX-License-Identifier: Apache-2.0
// The entry function starts a thread.
#include "bad.h"

static void *live_on(void *nothing) {
  pause();
  return nothing;
}

static void start_thread(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, live_on, NULL) == 0)
    pthread_detach(thread);
}

#define BAD_NAME "thread_in_entry"
#define BAD_ENTRY start_thread()
#include "table.h"
