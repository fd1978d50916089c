/* SPDX-License-Identifier: Apache-2.0
 * A disk that fails, and one that remembers: a library that is preloaded into every process of a
 * run (LD_PRELOAD) and stands between it and the system where files of some folders are meant.
 *
 *   MR_DISK_UNDER   these folders, absolute, with ':' between; all other files are left alone
 *   MR_DISK_SHARED  a file of 4,096 zero bytes: `disk_shared`, which all processes of a run map
 *   MR_DISK_FAIL    CALL:ERROR:FIRST:COUNT. Of the calls of this kind the FIRSTth fails, and those
 *                   that follow, COUNT in all. CALL is a name in `disk_calls`, or `space`: all that
 *                   need some. ERROR is EIO, ENOSPC, EDQUOT or EINTR; `short`: half is written, and
 *                   the call says so; or `late`: the call is made, and says EIO.
 *   MR_DISK_LOG     a file: each change is written into it as it is made (`disk_entry`). power.py
 *                   reads it, and says what a disk may hold when the power goes
 *   MR_DISK_CUT     it goes after so many entries: then each process ends at its next call
 *
 * Memory that is mapped, and bytes that the kernel moves (splice, sendfile), are not seen. */
#ifndef MR_TEST_DISK_H
#define MR_TEST_DISK_H

#include <limits.h>
#include <stdint.h>

enum disk_call {
  DISK_READ,
  DISK_OPEN,
  DISK_CREATE, /* open, where a file is made if it is not there */
  DISK_WRITE,
  DISK_SYNC,
  DISK_RENAME,
  DISK_LINK,
  DISK_UNLINK,
  DISK_MKDIR,
  DISK_TRUNCATE,
  DISK_ALLOCATE,
  DISK_CALLS
};

typedef struct {
  _Atomic uint64_t counts[16]; /* calls of each kind; at DISK_CALLS those that need space */
  _Atomic uint64_t failed;     /* of them */
  _Atomic uint64_t entries;    /* in the log */
  _Atomic uint32_t is_over;    /* set by the test: no more failures */
  _Atomic uint32_t is_cut;
} disk_shared;

/* A change, in the log. Two texts follow: two paths, or what was written and nothing. */
typedef struct {
  uint32_t call, sizes[2], zero;
  uint64_t file, place; /* inode; offset or size; of a sync 1, if it failed */
} disk_entry;

/* A call on its way to the system. */
typedef struct {
  enum disk_call call;
  long number, a[5];
  int error;                            /* it fails with that */
  int file;                             /* what it is about: a descriptor, or -1 and a path */
  char path[PATH_MAX], other[PATH_MAX]; /* absolute */
} disk_operation;

/* Makes the call, or fails, as was wished. As `syscall` returns. */
long disk_perform(disk_operation *o);
/* `path` as it is seen from an open folder. */
void disk_absolute(int folder, const char *path, char into[PATH_MAX]);

#endif
