/* SPDX-License-Identifier: Apache-2.0
 * Plain bytes to gzip or Zstandard, piece by piece. */
#ifndef MR_IO_ENCODE_H
#define MR_IO_ENCODE_H

#include "decode.h"

typedef struct io_encoder io_encoder;

/* NULL: no memory. */
io_encoder *io_encoder_make(io_codec codec);
void io_encoder_free(io_encoder *encoder);

/* Encode from `from` to `to`; *taken and *made tell how far. With `last`, also end the member or
 * frame; after that the encoder begins another. 1: all that was given has come out, as far as it
 * shall; 0: call again with what is left and more room; -1: it failed. */
int io_encode(io_encoder *encoder, const uint8_t *from, uint64_t size, uint64_t *taken, uint8_t *to,
              uint64_t room, uint64_t *made, int last);

#endif
