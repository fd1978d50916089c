// SPDX-License-Identifier: Apache-2.0
#include "input.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

static mr_status refuse(io_input *input, io_trouble *trouble, const char *kind) {
  io_input_close(input);
  return io_note(trouble, MR_E_IO, "MR5302 %s is %s, expected a regular file or a pipe",
                 input->path, kind);
}

static const char *unreadable_kind(mode_t mode) {
  switch (mode & S_IFMT) {
  case S_IFDIR:
    return "a directory";
  case S_IFBLK:
    return "a disk";
  case S_IFCHR:
    return "a device";
  default:
    return "a socket";
  }
}

mr_status io_input_open(io_input *input, const char *path, io_trouble *trouble) {
  struct stat facts;
  *input = (io_input){.path = path};
  /* Not blocking: a named pipe may have no writer yet. */
  input->file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (input->file < 0 && errno == ENXIO)
    return refuse(input, trouble, "a socket");
  if (input->file < 0 || fstat(input->file, &facts) != 0) {
    io_note_errno(trouble, NULL, "cannot read %s", path);
    io_input_close(input);
    return trouble->status;
  }
  input->seekable = S_ISREG(facts.st_mode);
  if (!input->seekable && !S_ISFIFO(facts.st_mode) && !isatty(input->file))
    return refuse(input, trouble, unreadable_kind(facts.st_mode));
  input->size = (uint64_t)facts.st_size;
  input->device = facts.st_dev;
  input->inode = facts.st_ino;
  if (input->seekable)
    posix_fadvise(input->file, 0, 0, POSIX_FADV_SEQUENTIAL);
  return MR_OK;
}

void io_input_close(io_input *input) {
  if (input->file >= 0)
    close(input->file);
  input->file = -1;
}

/* A pipe whose first writer has not come yet looks like one whose last writer has gone, but not to
 * poll(2). */
static int has_nobody_written(const io_input *input) {
  struct pollfd ready = {.fd = input->file, .events = POLLIN};
  return input->at == 0 && poll(&ready, 1, 0) == 0;
}

mr_status io_input_read(io_input *input, uint8_t *to, uint64_t room, uint64_t *got,
                        io_trouble *trouble) {
  ssize_t size;
  *got = 0;
  do
    size = input->seekable ? pread(input->file, to, room, (off_t)input->at)
                           : read(input->file, to, room);
  while (size < 0 && errno == EINTR);
  if (size < 0 && errno == EAGAIN)
    return MR_AGAIN;
  if (size < 0)
    return io_note_errno(trouble, NULL, "cannot read %s at byte %llu", input->path,
                         (unsigned long long)input->at);
  if (size == 0)
    return !input->seekable && has_nobody_written(input) ? MR_AGAIN : MR_DONE;
  if (input->known && !io_input_begins_as(input, input->hash, input->known)) {
    input->changed = 1;
    return MR_DONE;
  }
  input->at += (uint64_t)size;
  *got = (uint64_t)size;
  return MR_OK;
}

static ssize_t read_beginning(const io_input *input, uint8_t *bytes, uint64_t size) {
  return input->seekable ? pread(input->file, bytes, size, 0) : 0;
}

int io_input_identify(const io_input *input, uint64_t (*hash)(const void *, uint64_t),
                      io_identity *identity) {
  uint8_t bytes[IO_PRINT];
  ssize_t size = read_beginning(input, bytes, sizeof bytes);
  if (size < 0)
    return 0;
  *identity = (io_identity){.device = input->device,
                            .inode = input->inode,
                            .print = hash(bytes, (uint64_t)size),
                            .print_size = (uint32_t)size};
  return 1;
}

int io_input_begins_as(const io_input *input, uint64_t (*hash)(const void *, uint64_t),
                       const io_identity *identity) {
  uint8_t bytes[IO_PRINT];
  if (identity->print_size > IO_PRINT)
    return 0;
  ssize_t size = read_beginning(input, bytes, identity->print_size);
  return size == (ssize_t)identity->print_size && hash(bytes, (uint64_t)size) == identity->print;
}
