/* SPDX-License-Identifier: Apache-2.0
 * What `stdout` and `file.sink` have in common: records as text in a buffer, the buffer to a file.
 *
 * A batch is taken or not taken as a whole. One whose bytes could not all be written is taken out
 * of the buffer again; what of it has been written already is remembered in `ahead` and left out
 * when the same batch comes again. So neither a full disk nor a slow reader doubles a byte. */
#ifndef MR_IO_WRITER_H
#define MR_IO_WRITER_H

#include "io.h"

typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  const char *name; /* of the file, for messages */
  int file;
  uint32_t plain;    /* a write of any size ends by itself: no pipe, terminal or socket */
  uint32_t with_key; /* format=key_value */
  uint8_t *bytes;
  uint64_t used, room;
  uint64_t ahead;         /* leading bytes of the next batch that are written already */
  const uint32_t *cancel; /* of mr_start */
} io_writer;

/* Read `format` and become a writer to nothing yet. [setup] */
mr_status io_writer_create(io_writer *writer, const mr_host *host, mr_ctx *ctx,
                           const mr_config *config);
/* Write to `file`; `name` and `file` stay the caller's. [setup] */
void io_writer_attach(io_writer *writer, int file, const char *name);
void io_writer_destroy(io_writer *writer);

/* Take the records of a batch, write when no more are waiting. MR_OK, MR_YIELD with nothing
 * consumed when the reader is slow, or MR_E_IO. [task] */
mr_status io_writer_take(io_writer *writer, const mr_batch *batch, mr_work *work);
/* Write what is left. MR_OK, MR_AGAIN when the reader is slow, or MR_E_IO. [task] */
mr_status io_writer_finish(io_writer *writer);

extern const mr_param io_format;

#endif
