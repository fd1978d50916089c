/* SPDX-License-Identifier: Apache-2.0
 * One file or pipe as the bytes that it means: decompressed, if it is compressed.
 *
 *   UNKNOWN  fewer bytes are there than it takes to see what they are
 *   PLAIN    bytes are handed on as they are
 *   CODED    a decoder stands in between
 *
 * `offset` counts plain bytes handed out: the number that a position keeps. */
#ifndef MR_IO_STREAM_H
#define MR_IO_STREAM_H

#include "decode.h"
#include "input.h"

typedef struct {
  io_input input;
  io_codec wanted; /* what the user said */
  io_codec codec;  /* IO_AUTO: unknown yet */
  io_decoder *decoder;
  uint8_t *raw; /* stored bytes that are read and not decoded: [at, used) */
  uint32_t at, used;
  uint64_t offset;
} io_stream;

/* Open `path`, which stays the caller's. MR_OK or MR_E_IO. */
mr_status io_stream_open(io_stream *stream, const char *path, io_codec wanted, io_trouble *trouble);
/* The same for a file that is open already. */
void io_stream_begin(io_stream *stream, io_input input, io_codec wanted);
void io_stream_close(io_stream *stream);
/* Begin again at the first byte: the file was emptied. */
void io_stream_rewind(io_stream *stream);

/* Up to `room` bytes. MR_OK; MR_DONE: the end, for now; MR_AGAIN: nothing is there yet; MR_E_IO. */
mr_status io_stream_read(io_stream *stream, uint8_t *to, uint64_t room, uint64_t *got,
                         io_trouble *trouble);
/* Go on behind byte `offset`, from the beginning. MR_OK; MR_DONE: there are not so many; MR_E_IO.
 */
mr_status io_stream_seek(io_stream *stream, uint64_t offset, io_trouble *trouble);
/* The end has come and will stay. MR_OK: it may be here, and io_stream_read may still have bytes
 * that were too few to tell a codec by; MR_E_IO. */
mr_status io_stream_finish(io_stream *stream, io_trouble *trouble);

#endif
