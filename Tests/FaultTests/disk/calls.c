// SPDX-License-Identifier: Apache-2.0
// The calls of the C library that a run makes on its files, in front of the library's own.
#define _GNU_SOURCE
#include "disk.h"
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static long on_file(enum disk_call call, long number, int file, long b, long c, long d) {
  disk_operation o = {.call = call, .number = number, .a = {file, b, c, d}, .file = file};
  return disk_perform(&o);
}

static long on_path(enum disk_call call, long number, int folder, const char *path, long c,
                    long d) {
  disk_operation o = {.call = call, .number = number, .a = {folder, (long)path, c, d}, .file = -1};
  disk_absolute(folder, path, o.path);
  return disk_perform(&o);
}

static int on_paths(enum disk_call call, long number, const int folders[2], const char *path,
                    const char *other, long flags) {
  disk_operation o = {.call = call,
                      .number = number,
                      .a = {folders[0], (long)path, folders[1], (long)other, flags},
                      .file = -1};
  disk_absolute(folders[0], path, o.path);
  disk_absolute(folders[1], other, o.other);
  return (int)disk_perform(&o);
}

static const int here[2] = {AT_FDCWD, AT_FDCWD};

static int open_at(int folder, const char *path, int flags, mode_t mode) {
  enum disk_call call = flags & O_CREAT ? DISK_CREATE : DISK_OPEN;
  return (int)on_path(call, SYS_openat, folder, path, flags, (long)mode);
}

#define MODE_OF(flags)                                                                             \
  mode_t mode = 0;                                                                                 \
  if ((flags) & O_CREAT) {                                                                         \
    va_list rest;                                                                                  \
    va_start(rest, flags);                                                                         \
    mode = va_arg(rest, mode_t);                                                                   \
    va_end(rest);                                                                                  \
  }

int open(const char *path, int flags, ...) {
  MODE_OF(flags)
  return open_at(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...) {
  MODE_OF(flags)
  return open_at(folder, path, flags, mode);
}

ssize_t read(int file, void *into, size_t size) {
  return on_file(DISK_READ, SYS_read, file, (long)into, (long)size, 0);
}

ssize_t pread(int file, void *into, size_t size, off_t place) {
  return on_file(DISK_READ, SYS_pread64, file, (long)into, (long)size, place);
}

ssize_t write(int file, const void *bytes, size_t size) {
  return on_file(DISK_WRITE, SYS_write, file, (long)bytes, (long)size, 0);
}

ssize_t pwrite(int file, const void *bytes, size_t size, off_t place) {
  return on_file(DISK_WRITE, SYS_pwrite64, file, (long)bytes, (long)size, place);
}

int fsync(int file) { return (int)on_file(DISK_SYNC, SYS_fsync, file, 0, 0, 0); }

int fdatasync(int file) { return (int)on_file(DISK_SYNC, SYS_fdatasync, file, 0, 0, 0); }

int ftruncate(int file, off_t size) {
  return (int)on_file(DISK_TRUNCATE, SYS_ftruncate, file, size, 0, 0);
}

int fallocate(int file, int mode, off_t place, off_t size) {
  return (int)on_file(DISK_ALLOCATE, SYS_fallocate, file, mode, place, size);
}

int unlink(const char *path) {
  return (int)on_path(DISK_UNLINK, SYS_unlinkat, AT_FDCWD, path, 0, 0);
}

int rmdir(const char *path) {
  return (int)on_path(DISK_UNLINK, SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR, 0);
}

int unlinkat(int folder, const char *path, int flags) {
  return (int)on_path(DISK_UNLINK, SYS_unlinkat, folder, path, flags, 0);
}

int mkdir(const char *path, mode_t mode) {
  return (int)on_path(DISK_MKDIR, SYS_mkdirat, AT_FDCWD, path, (long)mode, 0);
}

int rename(const char *path, const char *other) {
  return on_paths(DISK_RENAME, SYS_renameat2, here, path, other, 0);
}

int renameat2(int from, const char *path, int into, const char *other, unsigned flags) {
  const int folders[2] = {from, into};
  return on_paths(DISK_RENAME, SYS_renameat2, folders, path, other, (long)flags);
}

int link(const char *path, const char *other) {
  return on_paths(DISK_LINK, SYS_linkat, here, path, other, 0);
}

/* The same by other names. */
int open64(const char *, int, ...) __attribute__((alias("open")));
int openat64(int, const char *, int, ...) __attribute__((alias("openat")));
ssize_t pread64(int, void *, size_t, off_t) __attribute__((alias("pread")));
ssize_t pwrite64(int, const void *, size_t, off_t) __attribute__((alias("pwrite")));
int ftruncate64(int, off_t) __attribute__((alias("ftruncate")));
int fallocate64(int, int, off_t, off_t) __attribute__((alias("fallocate")));
