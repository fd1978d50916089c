/* SPDX-License-Identifier: Apache-2.0
 * The bytes of one file or stream, as they are stored.
 *
 * A regular file is read with pread, so that its offset is ours alone; a pipe, a terminal or a
 * socket is never waited for. */
#ifndef MR_IO_INPUT_H
#define MR_IO_INPUT_H

#include "io.h"

/* Bytes at the beginning of a file that tell it from another with its name or number. */
#define IO_PRINT 256u

/* Which file it is, whatever its name: where it lies, and a hash of how it begins. */
typedef struct {
  uint64_t device, inode;
  uint64_t print;      /* hash of the first `print_size` bytes */
  uint32_t print_size; /* at most IO_PRINT */
} io_identity;

typedef struct {
  const char *path; /* the caller's */
  int file;         /* -1: closed */
  uint32_t seekable;
  uint64_t at;   /* bytes read so far */
  uint64_t size; /* when it was opened */
  uint64_t device, inode;
  /* How it began when its end was read last; NULL: nobody asks. Bytes that are read from a file
   * which does not begin so any more are not its continuation. */
  const io_identity *known;
  uint64_t (*hash)(const void *, uint64_t);
  uint32_t changed; /* that has happened: the answer was MR_DONE */
} io_input;

/* Open `path`. What cannot be read as bytes, such as a folder, is refused. MR_OK or MR_E_IO. */
mr_status io_input_open(io_input *input, const char *path, io_trouble *trouble);
void io_input_close(io_input *input);

/* Read up to `room` bytes; *got tells how many. MR_OK; MR_DONE: the end, for now; MR_AGAIN: nothing
 * is there yet; MR_E_IO. */
mr_status io_input_read(io_input *input, uint8_t *to, uint64_t room, uint64_t *got,
                        io_trouble *trouble);

/* Who is this? Reads its beginning. 0: it cannot be read. */
int io_input_identify(const io_input *input, uint64_t (*hash)(const void *, uint64_t),
                      io_identity *identity);
/* Does the file still begin as `identity` says? Where it lies does not count. */
int io_input_begins_as(const io_input *input, uint64_t (*hash)(const void *, uint64_t),
                       const io_identity *identity);

#endif
