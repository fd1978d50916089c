/* SPDX-License-Identifier: Apache-2.0
 * Where a record begins and ends in a stream of bytes.
 *
 *   bytes   chunks, cut behind newlines
 *   line    up to a newline, which is dropped with the carriage return before it
 *   length  a count of bytes, then the bytes; `prefix` says how the count is written
 *   whole   all of a file
 *
 * A record that is too long is refused, or skipped where it was asked for. The position of a
 * reader is `io_framer_offset`: the first byte that no emitted record covers. A record that is
 * being skipped begins there, so going on from a position skips it again, as one. */
#ifndef MR_IO_FRAME_H
#define MR_IO_FRAME_H

#include "stream.h"

#include "../shared/cut_lines.h"

typedef enum { IO_AS_BYTES, IO_AS_LINE, IO_AS_LENGTH, IO_AS_WHOLE } io_as;
typedef enum { IO_U32_BIG, IO_U32_LITTLE, IO_VARINT } io_prefix;

/* How to frame, and where to: one for all files of an instance. */
typedef struct {
  io_as as;
  io_prefix prefix;
  uint32_t skips;   /* records that are too long are skipped */
  uint64_t longest; /* payload bytes */
  const mr_host *host;
  mr_ctx *ctx;
  mr_out *out;
  uint32_t schema;
  cut_lines cut;
} io_framing;

typedef struct {
  uint8_t *bytes; /* read and not emitted: [at, used) */
  uint64_t at, used, room;
  uint64_t skipped;   /* of the record that is being skipped; they are not in `bytes` any more */
  uint64_t skip_left; /* length: of that record, how many are still to come */
  uint64_t scanned;   /* line: bytes from `at` on that are known to have no newline */
  uint32_t skipping;
  uint32_t told; /* whole: it was emitted */
} io_framer;

/* Emit what the stream has, at most *credit records, and not for too long. MR_OK: call again;
 * MR_AGAIN: output is full, or nothing is there yet; MR_DONE: the stream is at its end, for now;
 * MR_E_*, in `trouble`. */
mr_status io_frame(const io_framing *how, io_framer *framer, io_stream *stream, uint32_t *credit,
                   io_trouble *trouble);
/* The stream has ended: emit what needs no further byte. MR_OK: all is out; MR_AGAIN: output is
 * full; MR_E_*. */
mr_status io_frame_end(const io_framing *how, io_framer *framer, io_stream *stream,
                       uint32_t *credit, io_trouble *trouble);
/* The offset of the first byte that is not part of an emitted record. */
uint64_t io_framer_offset(const io_framer *framer, const io_stream *stream);
/* Does part of a record wait for its end? */
int io_framer_is_inside(const io_framer *framer);
void io_framer_free(io_framer *framer);

/* ---- for the files that implement it --------------------------------------------- */

/* Emit the records that are complete in the buffer. MR_OK: more bytes are needed, or the credit is
 * used up. */
mr_status io_frame_lines(const io_framing *how, io_framer *framer, const io_stream *stream,
                         uint32_t *credit, io_trouble *trouble);
mr_status io_frame_lengths(const io_framing *how, io_framer *framer, const io_stream *stream,
                           uint32_t *credit, io_trouble *trouble);
/* Emit one record. MR_OK, MR_AGAIN, or MR_E_TOO_LARGE with a text. */
mr_status io_frame_emit(const io_framing *how, const io_framer *framer, const io_stream *stream,
                        const uint8_t *bytes, uint64_t size, io_trouble *trouble);
/* A record is too long: refuse it, or say that it is skipped. `size` 0: not known yet. */
mr_status io_frame_refuse(const io_framing *how, io_framer *framer, const io_stream *stream,
                          uint64_t size, io_trouble *trouble);

#endif
