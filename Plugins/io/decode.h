/* SPDX-License-Identifier: Apache-2.0
 * gzip (RFC 1952) and Zstandard (RFC 8878) to plain bytes, piece by piece.
 *
 * A compressed file is a sequence of members (gzip) or frames (zstd), each complete in itself; what
 * they hold is joined. Behind the last gzip member zeros may follow. */
#ifndef MR_IO_DECODE_H
#define MR_IO_DECODE_H

#include "io.h"

typedef enum { IO_AUTO, IO_NONE, IO_GZIP, IO_ZSTD } io_codec;

typedef struct io_decoder io_decoder;

/* Which codec do these bytes, the first `size` of a file, begin? IO_AUTO: more bytes are needed to
 * know; IO_NONE: no codec that is known here. */
io_codec io_codec_of(const uint8_t *bytes, uint64_t size);
/* Which codec does the name promise? IO_NONE: none. */
io_codec io_codec_of_name(const char *path);
const char *io_codec_name(io_codec codec);

/* NULL: no memory. */
io_decoder *io_decoder_make(io_codec codec);
void io_decoder_free(io_decoder *decoder);
/* Forget what came; the next byte begins a file. */
void io_decoder_reset(io_decoder *decoder);

/* Decode from `from` to `to`; *taken and *made tell how far. NULL, or why the bytes are wrong. */
const char *io_decode(io_decoder *decoder, const uint8_t *from, uint64_t size, uint64_t *taken,
                      uint8_t *to, uint64_t room, uint64_t *made);
/* Is this the inside of a member or frame, where no file may end? */
int io_decoder_is_inside(const io_decoder *decoder);

#endif
