/* SPDX-License-Identifier: Apache-2.0
 * Records as text to standard output, a pipe or a device: to what may be slow to take them.
 *
 * When not all of a batch can be written, because a disk is full or a reader slow, what has not
 * begun to be written is taken out of the buffer again and comes again with the next batch of its
 * lane. Records that have begun are remembered by lane and sequence and left out then. So no byte
 * is doubled, no record is torn by one of another lane, and nothing waits here for a call that
 * might not come. */
#ifndef MR_IO_WRITER_H
#define MR_IO_WRITER_H

#include "text.h"

typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  const char *name; /* of the file, for messages */
  int file;
  uint32_t plain;    /* a write of any size ends by itself: no pipe, terminal or socket */
  uint32_t with_key; /* format=key_value */
  uint32_t filters;  /* it is standard output: a reader that ends is no surprise */
  uint8_t *bytes;
  uint64_t used, room;
  uint64_t *taken_until;  /* per lane: records before this sequence are written */
  uint32_t lanes;         /* entries of `taken_until` */
  const uint32_t *cancel; /* of mr_start */
} io_writer;

/* Read `format` and become a writer to nothing yet. [setup] */
mr_status io_writer_create(io_writer *writer, const mr_host *host, mr_ctx *ctx,
                           const mr_config *config);
/* Write to `file`; `name` and `file` stay the caller's. [setup] */
void io_writer_attach(io_writer *writer, int file, const char *name);
void io_writer_destroy(io_writer *writer);

/* Take the records of a batch, write when no more are waiting. MR_OK, MR_YIELD when the reader is
 * slow, or MR_E_IO. [task] */
mr_status io_writer_take(io_writer *writer, const mr_batch *batch, mr_work *work);
/* Put bytes that an earlier writer had not written in front of everything else. 0: no memory. */
int io_writer_restore(io_writer *writer, const uint8_t *bytes, uint64_t size);
/* Write what is left. MR_OK, MR_AGAIN when the reader is slow, or MR_E_IO. [task] */
mr_status io_writer_finish(io_writer *writer);

#endif
