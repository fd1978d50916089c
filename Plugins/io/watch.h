/* SPDX-License-Identifier: Apache-2.0
 * Being told that files and folders have changed: inotify(7), and a timer for file systems that do
 * not tell (those of other machines). Nothing here waits. */
#ifndef MR_IO_WATCH_H
#define MR_IO_WATCH_H

#include "io.h"

typedef struct {
  int notices; /* inotify; -1: there is none */
  int timer;
  uint32_t told; /* that notices are missing */
} io_watch;

enum {
  IO_LOOK_FILES = 1 << 0,  /* look at all files */
  IO_LOOK_FOLDERS = 1 << 1 /* list them again */
};

/* `every`: nanoseconds between looks that no notice asked for. MR_OK or MR_E_*. */
mr_status io_watch_make(io_watch *watch, int64_t every, io_trouble *trouble);
void io_watch_free(io_watch *watch);
/* Tell about an open file. Returns the number that stands for it in notices, -1: none. */
int io_watch_file(io_watch *watch, int file);
void io_watch_folder(io_watch *watch, const char *path);
void io_watch_forget(io_watch *watch, int number);
/* Take what has been told: `changed` is called for each file's number. Returns IO_LOOK_* flags. */
uint32_t io_watch_take(io_watch *watch, void (*changed)(void *argument, int number),
                       void *argument);

#endif
