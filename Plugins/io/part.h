/* SPDX-License-Identifier: Apache-2.0
 * One regular file that is being written: the file itself, or a part that gets its name when it is
 * complete.
 *
 *   state     means                              on                  next
 *   CLOSED    nothing is open                    open                OPEN
 *   OPEN      bytes go into it                   finish              CLOSED, complete, named
 *                                                a write failed      BROKEN
 *   BROKEN    cut behind its last whole record,  close               CLOSED, not named
 *             where that can be (not compressed)
 */
#ifndef MR_IO_PART_H
#define MR_IO_PART_H

#include "encode.h"
#include "naming.h"

typedef struct {
  int file;          /* -1: CLOSED */
  uint32_t numbered; /* it is a part: `number`, and a temporary name */
  uint32_t broken;
  uint64_t number;
  char path[IO_PATH]; /* the name it has, or will have */
  char temporary[IO_PATH];
  uint64_t size;       /* bytes in the file */
  int64_t opened;      /* wall clock, ns */
  io_encoder *encoder; /* NULL: bytes as they are */
  uint8_t *coded;
} io_part;

/* Open a file in place. It is not emptied yet. MR_OK or MR_E_IO. */
mr_status io_part_open(io_part *part, const char *path, io_codec codec, io_trouble *trouble);
/* Begin a part of `path`; `number` is the smallest that it may have. */
mr_status io_part_begin(io_part *part, const char *path, uint64_t number, io_codec codec,
                        io_trouble *trouble);
/* Write whole records; `ends` are their ends in `bytes`. When that fails, those that fit stay. */
mr_status io_part_write(io_part *part, const uint8_t *bytes, uint64_t size, const uint64_t *ends,
                        uint64_t count, io_trouble *trouble);
/* Write to the disk what the system has not yet. */
mr_status io_part_sync(io_part *part, io_trouble *trouble);
/* Complete it, on the disk first if `sync`, and give it its name. */
mr_status io_part_finish(io_part *part, int sync, io_trouble *trouble);
void io_part_close(io_part *part);

/* Rename a complete file. The new name must be free: nothing that is there is ever replaced. 0: it
 * failed, and errno says why. */
int io_give_name(const char *from, const char *to);
/* A name is safe when its folder is. 0: that failed, and errno says why. */
int io_sync_folder(const char *path);

#endif
