/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "mrshim.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int mrshim_memfd(const char *name, size_t size) {
  int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0)
    return -errno;
  /* Allocated now: a full memory is an error here, not a SIGBUS in the middle of a run. The
   * seals keep the other side from taking pages away under our feet. */
  int error = size > 0 ? posix_fallocate(fd, 0, (off_t)size) : 0;
  if (error == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
    error = errno;
  if (error == 0)
    return fd;
  close(fd);
  return -error;
}

int64_t mrshim_file_size(int fd) {
  struct stat status;
  return fstat(fd, &status) < 0 ? -errno : (int64_t)status.st_size;
}

int mrshim_map(int fd, size_t size, int writable, void **address) {
  int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE : MAP_SHARED;
  int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  void *result = mmap(NULL, size, protection, flags, fd, 0);
  if (result == MAP_FAILED)
    return -errno;
  *address = result;
  return 0;
}

int mrshim_unmap(void *address, size_t size) { return munmap(address, size) < 0 ? -errno : 0; }
