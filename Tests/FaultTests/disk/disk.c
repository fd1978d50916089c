// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "disk.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static const char *const disk_calls[DISK_CALLS] = {
    "read", "open",   "create", "write",    "sync",    "rename",
    "link", "unlink", "mkdir",  "truncate", "allocate"};
#define NEED_SPACE                                                                                 \
  (1u << DISK_CREATE | 1u << DISK_WRITE | 1u << DISK_RENAME | 1u << DISK_LINK | 1u << DISK_MKDIR | \
   1u << DISK_ALLOCATE)

static const struct {
  const char *name;
  int number;
} errors[] = {{"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT}, {"EINTR", EINTR}};

static disk_shared *shared;
static char folders[8 * PATH_MAX];
static int fail_call = -1, fail_error = EIO, is_short, is_late, log_file = -1;
static uint64_t fail_first, fail_count, cut_after = UINT64_MAX;
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;

static long raw(const disk_operation *o) {
  return syscall(o->number, o->a[0], o->a[1], o->a[2], o->a[3], o->a[4]);
}

/* ---- what is wished ------------------------------------------------------------------------ */

static void read_failure(const char *text) {
  char call[16], error[16];
  unsigned long long first, count;
  if (sscanf(text, "%15[^:]:%15[^:]:%llu:%llu", call, error, &first, &count) != 4)
    abort();
  fail_first = first;
  fail_count = count;
  fail_call = strcmp(call, "space") == 0 ? DISK_CALLS : -1;
  for (int i = 0; i < DISK_CALLS; i++)
    if (strcmp(disk_calls[i], call) == 0)
      fail_call = i;
  is_short = strcmp(error, "short") == 0;
  is_late = strcmp(error, "late") == 0;
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
    if (strcmp(errors[i].name, error) == 0)
      fail_error = errors[i].number;
}

__attribute__((constructor)) static void begin(void) {
  const char *under = getenv("MR_DISK_UNDER"), *counts = getenv("MR_DISK_SHARED");
  const char *fail = getenv("MR_DISK_FAIL"), *log = getenv("MR_DISK_LOG");
  const char *cut = getenv("MR_DISK_CUT");
  if (under == NULL || counts == NULL)
    return;
  snprintf(folders, sizeof folders, "%s", under);
  int file = (int)syscall(SYS_openat, AT_FDCWD, counts, O_RDWR | O_CLOEXEC);
  void *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (map == MAP_FAILED)
    abort();
  syscall(SYS_close, file);
  if (fail != NULL)
    read_failure(fail);
  if (log != NULL)
    log_file = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CLOEXEC);
  if (cut != NULL)
    cut_after = strtoull(cut, NULL, 10);
  shared = map;
}

static int is_under(const char *path) {
  for (const char *at = folders; *at != 0;) {
    size_t size = strcspn(at, ":");
    if (size > 0 && strncmp(path, at, size) == 0 && (path[size] == '/' || path[size] == 0))
      return 1;
    at += size + (at[size] == ':');
  }
  return 0;
}

static void name_of(int file, char into[PATH_MAX]) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t size = readlink(link, into, PATH_MAX - 1);
  into[size > 0 ? size : 0] = 0;
}

void disk_absolute(int folder, const char *path, char into[PATH_MAX]) {
  char base[PATH_MAX] = "";
  int error = errno;
  if (path[0] != '/' && folder != AT_FDCWD)
    name_of(folder, base);
  else if (path[0] != '/' && getcwd(base, sizeof base) == NULL)
    base[0] = 0;
  if (snprintf(into, PATH_MAX, "%s%s%s", base, path[0] != '/' ? "/" : "", path) >= PATH_MAX)
    into[0] = 0;
  errno = error;
}

/* Is this the call that is to fail? */
static int is_chosen(enum disk_call call) {
  uint64_t count = ++shared->counts[call];
  uint64_t of_space = (NEED_SPACE >> call & 1) ? ++shared->counts[DISK_CALLS] : 0;
  if (fail_call == DISK_CALLS)
    count = of_space;
  else if (fail_call != (int)call)
    return 0;
  if (count < fail_first || count - fail_first >= fail_count || shared->is_over)
    return 0;
  shared->failed++;
  return 1;
}

/* ---- what is remembered ---------------------------------------------------------------------- */

static void remember(enum disk_call call, uint64_t file, uint64_t place, const void *first,
                     size_t first_size, const char *second) {
  disk_entry one = {.call = call, .file = file, .place = place};
  one.sizes[0] = (uint32_t)first_size;
  one.sizes[1] = (uint32_t)strlen(second);
  struct iovec parts[3] = {
      {&one, sizeof one}, {(void *)first, first_size}, {(void *)second, one.sizes[1]}};
  size_t size = sizeof one + first_size + one.sizes[1];
  if (syscall(SYS_writev, log_file, parts, 3) != (long)size)
    abort();
  if (++shared->entries >= cut_after)
    shared->is_cut = 1;
}

static void remember_made(const disk_operation *o, uint64_t file) {
  remember(o->call, file, 0, o->path, strlen(o->path), "");
}

static void remember_size(const struct stat *facts, uint64_t size) {
  remember(DISK_TRUNCATE, facts->st_ino, size, "", 0, "");
}

static void remember_written(const disk_operation *o, const struct stat *before, long size) {
  uint64_t place = (uint64_t)o->a[3];
  if (fcntl(o->file, F_GETFL) & O_APPEND)
    place = (uint64_t)before->st_size;
  else if (o->number == SYS_write)
    place = (uint64_t)lseek(o->file, 0, SEEK_CUR) - (uint64_t)size;
  remember(o->call, before->st_ino, place, (const void *)o->a[1], (size_t)size, "");
}

/* The call, and what it changed. Nobody else makes one meanwhile. */
static long follow(const disk_operation *o) {
  struct stat before = {0}, after = {0};
  int was_there = o->file >= 0 ? fstat(o->file, &before) == 0 : lstat(o->path, &before) == 0;
  if (o->error != 0) {
    if (o->call == DISK_SYNC)
      remember(o->call, before.st_ino, 1, "", 0, "");
    errno = o->error;
    return -1;
  }
  long result = raw(o);
  int error = errno;
  if (result < 0)
    return result;
  switch (o->call) {
  case DISK_CREATE:
    if (fstat((int)result, &after) == 0 && !was_there)
      remember_made(o, after.st_ino);
    else if (o->a[2] & O_TRUNC)
      remember_size(&after, 0);
    break;
  case DISK_WRITE: remember_written(o, &before, result); break;
  case DISK_ALLOCATE:
    if (fstat(o->file, &after) == 0 && after.st_size != before.st_size)
      remember_size(&after, (uint64_t)after.st_size);
    break;
  case DISK_TRUNCATE: remember_size(&before, (uint64_t)o->a[1]); break;
  case DISK_SYNC: remember(o->call, before.st_ino, 0, "", 0, ""); break;
  case DISK_MKDIR:
    if (lstat(o->path, &after) == 0)
      remember_made(o, after.st_ino);
    break;
  case DISK_RENAME:
  case DISK_LINK:
  case DISK_UNLINK:
    remember(o->call, before.st_ino, 0, o->path, strlen(o->path), o->other);
    break;
  case DISK_READ:
  case DISK_OPEN:
  case DISK_CALLS: break;
  }
  errno = error;
  return result;
}

static void end_if_cut(void) {
  if (shared->is_cut)
    syscall(SYS_kill, getpid(), SIGKILL);
}

static long in_order(const disk_operation *o) {
  pthread_mutex_lock(&order);
  while (flock(log_file, LOCK_EX) != 0)
    ;
  end_if_cut();
  long result = follow(o);
  int error = errno;
  end_if_cut();
  flock(log_file, LOCK_UN);
  pthread_mutex_unlock(&order);
  errno = error;
  return result;
}

long disk_perform(disk_operation *o) {
  if (shared == NULL)
    return raw(o);
  int error = errno;
  if (o->file >= 0)
    name_of(o->file, o->path);
  int is_watched = is_under(o->path) || is_under(o->other);
  errno = error;
  if (!is_watched)
    return raw(o);
  if (is_chosen(o->call)) {
    if (is_short)
      o->a[2] = (o->a[2] + 1) / 2;
    else if (!is_late || raw(o) >= 0)
      o->error = errno = fail_error;
  }
  return log_file >= 0 ? in_order(o) : o->error != 0 ? -1 : raw(o);
}
