/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "mrshim.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int fill(struct sockaddr_un *address, const char *path) {
  size_t length = strlen(path);
  if (length >= sizeof address->sun_path)
    return -ENAMETOOLONG;
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  memcpy(address->sun_path, path, length);
  return 0;
}

int mrshim_unix_listen(const char *path) {
  struct sockaddr_un address;
  int error = fill(&address, path);
  if (error != 0)
    return error;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0)
    return -errno;
  /* The mode of the socket's inode before bind() is what the file gets: no moment at which others
   * could connect. */
  if (fchmod(fd, 0600) < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
      chmod(path, 0600) < 0 || listen(fd, 16) < 0) {
    error = -errno;
    close(fd);
    return error;
  }
  return fd;
}

int mrshim_unix_accept(int fd) {
  int result = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
  return result < 0 ? -errno : result;
}

int mrshim_unix_connect(const char *path) {
  struct sockaddr_un address;
  int error = fill(&address, path);
  if (error != 0)
    return error;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return -errno;
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
    return fd;
  error = -errno;
  close(fd);
  return error;
}

int64_t mrshim_peer_user(int fd) {
  struct ucred peer;
  socklen_t size = sizeof peer;
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ? -errno : (int64_t)peer.uid;
}

int mrshim_socket_pair(int fds[2]) {
  return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0 ? -errno : 0;
}

int64_t mrshim_send(int fd, const void *bytes, size_t size) {
  ssize_t sent;
  do {
    sent = send(fd, bytes, size, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? -errno : sent;
}
