/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "mrshim.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define DESCRIPTORS_MAX 16
#define FIRST_SPARE 64 /* above every number a child is promised */

static void set_attributes(posix_spawnattr_t *attributes, int block_terminal_signals) {
  sigset_t mask, defaults;
  sigemptyset(&mask);
  if (block_terminal_signals) {
    /* A ^C goes to the whole group of the terminal, and only the supervisor may answer it. */
    sigaddset(&mask, SIGHUP);
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGQUIT);
    sigaddset(&mask, SIGTERM);
  }
  sigfillset(&defaults);
  posix_spawnattr_setsigmask(attributes, &mask);
  posix_spawnattr_setsigdefault(attributes, &defaults);
  posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

pid_t mrshim_spawn(const mrshim_spawn_options *options) {
  int spare[DESCRIPTORS_MAX];
  size_t moved = 0;
  pid_t pid = 0;
  int error = options->descriptors > DESCRIPTORS_MAX ? EINVAL : 0;
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  set_attributes(&attributes, options->block_terminal_signals);
  /* First all out of the way, then to their places: {3 -> 4, 4 -> 3} must work. */
  while (error == 0 && moved < options->descriptors) {
    spare[moved] = fcntl(options->from[moved], F_DUPFD_CLOEXEC, FIRST_SPARE);
    if (spare[moved] < 0) {
      error = errno;
      break;
    }
    error = posix_spawn_file_actions_adddup2(&actions, spare[moved], options->to[moved]);
    moved++;
  }
  if (error == 0 && options->directory)
    error = posix_spawn_file_actions_addchdir_np(&actions, options->directory);
  if (error == 0)
    error = posix_spawn(&pid, options->path, &actions, &attributes, options->arguments,
                        options->environment);
  while (moved > 0)
    close(spare[--moved]);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error == 0 ? pid : -error;
}

int mrshim_pidfd(pid_t pid) {
  int fd = (int)syscall(SYS_pidfd_open, pid, 0);
  return fd < 0 ? -errno : fd;
}

int mrshim_wait(int pidfd, int block, int *value) {
  siginfo_t info = {0};
  int result;
  do {
    result = waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED | (block ? 0 : WNOHANG));
  } while (result < 0 && errno == EINTR);
  if (result < 0)
    return -errno;
  if (info.si_pid == 0)
    return 0;
  *value = info.si_status;
  return info.si_code == CLD_EXITED ? 1 : 2;
}

int mrshim_kill(int pidfd, int signal) {
  return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}

int mrshim_die_with_parent(void) { return prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ? -errno : 0; }
