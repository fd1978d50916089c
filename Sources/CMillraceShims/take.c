/* SPDX-License-Identifier: Apache-2.0
 * Bytes from one descriptor to another within the kernel. */
#define _GNU_SOURCE
#include "mrshim.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>

int64_t mrshim_splice(int from, int into, size_t most) {
  ssize_t size = splice(from, NULL, into, NULL, most, SPLICE_F_NONBLOCK);
  return size < 0 ? -errno : size;
}

int64_t mrshim_sendfile(int from, int into, size_t most) {
  ssize_t size = sendfile(into, from, NULL, most);
  return size < 0 ? -errno : size;
}

int mrshim_readable(int fd) {
  int size = 0;
  return ioctl(fd, FIONREAD, &size) < 0 ? -errno : size;
}
