/* SPDX-License-Identifier: Apache-2.0
 * What a checkpoint keeps of a file that is being read.
 *
 * A position is a list of entries, one for each file of the split: one, or all that a followed path
 * or pattern has named so far. Numbers are little endian.
 *
 *   byte   0      version, 1
 *   then, for each file:
 *   u8            state: 0 not begun, 1 begun, 2 read to its end
 *   u32           bytes of the path
 *   …             the path
 *   u64 u64       device and inode
 *   u64 u32       hash of the first bytes, and how many (0 … 256)
 *   u64           offset of the next record in the uncompressed bytes
 *
 * A reader refuses another version and a list that ends in the middle. It takes a file for the one
 * that was read if it begins as it did; when the path names another one, it looks for the inode in
 * the same folder. */
#ifndef MR_IO_POSITION_H
#define MR_IO_POSITION_H

#include "input.h"

typedef enum { IO_NOT_BEGUN, IO_BEGUN, IO_AT_END } io_progress;

typedef struct {
  io_progress progress;
  const char *path; /* not NUL-terminated when it comes from a position */
  uint32_t path_size;
  io_identity identity;
  uint64_t offset;
} io_place;

/* A position under construction; the caller frees `bytes`. */
typedef struct {
  uint8_t *bytes;
  uint64_t size, room;
} io_position;

/* Append a place. 0: no memory. */
int io_position_add(io_position *position, const io_place *place);
/* Read the place at *at and move on; *at is 0 for the first. 1: there is one; 0: that was all;
 * -1: this is no position. */
int io_position_next(const void *bytes, uint64_t size, uint64_t *at, io_place *place);

#endif
