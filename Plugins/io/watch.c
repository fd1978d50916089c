// SPDX-License-Identifier: Apache-2.0
#include "watch.h"
#include <errno.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define SECOND 1000000000

mr_status io_watch_make(io_watch *watch, int64_t every, io_trouble *trouble) {
  *watch = (io_watch){.notices = inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
  watch->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  struct timespec period = {.tv_sec = every / SECOND, .tv_nsec = every % SECOND};
  struct itimerspec ticks = {.it_interval = period, .it_value = period};
  if (watch->timer < 0 || timerfd_settime(watch->timer, 0, &ticks, NULL) != 0)
    return io_note_errno(trouble, NULL, "cannot make a timer");
  return MR_OK;
}

void io_watch_free(io_watch *watch) {
  if (watch->notices >= 0)
    close(watch->notices);
  if (watch->timer >= 0)
    close(watch->timer);
  watch->notices = watch->timer = -1;
}

int io_watch_file(io_watch *watch, int file) {
  /* By its number, not by a name that may be another file's already. */
  char name[40];
  snprintf(name, sizeof name, "/proc/self/fd/%d", file);
  return watch->notices < 0 ? -1 : inotify_add_watch(watch->notices, name, IN_MODIFY | IN_ATTRIB);
}

void io_watch_folder(io_watch *watch, const char *path) {
  if (watch->notices >= 0)
    inotify_add_watch(watch->notices, path,
                      IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF |
                          IN_MOVE_SELF | IN_ONLYDIR);
}

void io_watch_forget(io_watch *watch, int number) {
  if (watch->notices >= 0 && number >= 0)
    inotify_rm_watch(watch->notices, number);
}

uint32_t io_watch_take(io_watch *watch, void (*changed)(void *argument, int number),
                       void *argument) {
  _Alignas(struct inotify_event) char bytes[16384];
  uint32_t look = 0;
  uint64_t ticks;
  if (read(watch->timer, &ticks, sizeof ticks) == (ssize_t)sizeof ticks)
    look |= IO_LOOK_FILES | IO_LOOK_FOLDERS;
  for (;;) {
    ssize_t size = watch->notices < 0 ? -1 : read(watch->notices, bytes, sizeof bytes);
    if (size <= 0)
      return look;
    for (ssize_t at = 0; at < size;) {
      const struct inotify_event *event = (const void *)(bytes + at);
      if (event->mask & IN_Q_OVERFLOW)
        look |= IO_LOOK_FILES | IO_LOOK_FOLDERS;
      else if (event->mask & (IN_MODIFY | IN_ATTRIB))
        changed(argument, event->wd);
      else if (!(event->mask & IN_IGNORED))
        look |= IO_LOOK_FOLDERS;
      at += (ssize_t)(sizeof *event + event->len);
    }
  }
}
