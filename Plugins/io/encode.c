// SPDX-License-Identifier: Apache-2.0
#include "encode.h"
#include <zlib.h>
#include <zstd.h>

struct io_encoder {
  io_codec codec;
  z_stream gzip;
  ZSTD_CStream *zstd;
};

io_encoder *io_encoder_make(io_codec codec) {
  io_encoder *encoder = calloc(1, sizeof *encoder);
  if (encoder == NULL)
    return NULL;
  encoder->codec = codec;
  int made;
  if (codec == IO_GZIP)
    made = deflateInit2(&encoder->gzip, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16, 8,
                        Z_DEFAULT_STRATEGY) == Z_OK;
  else
    made = (encoder->zstd = ZSTD_createCStream()) != NULL &&
           !ZSTD_isError(ZSTD_CCtx_setParameter(encoder->zstd, ZSTD_c_checksumFlag, 1));
  if (made)
    return encoder;
  ZSTD_freeCStream(encoder->zstd);
  free(encoder);
  return NULL;
}

void io_encoder_free(io_encoder *encoder) {
  if (encoder == NULL)
    return;
  if (encoder->codec == IO_GZIP)
    deflateEnd(&encoder->gzip);
  ZSTD_freeCStream(encoder->zstd);
  free(encoder);
}

static int encode_gzip(io_encoder *encoder, const uint8_t *from, uint64_t size, uint64_t *taken,
                       uint8_t *to, uint64_t room, uint64_t *made, int last) {
  z_stream *gzip = &encoder->gzip;
  gzip->next_in = (z_const Bytef *)(uintptr_t)from;
  gzip->avail_in = (uInt)size;
  gzip->next_out = to;
  gzip->avail_out = (uInt)room;
  int answer = deflate(gzip, last ? Z_FINISH : Z_NO_FLUSH);
  *taken = size - gzip->avail_in;
  *made = room - gzip->avail_out;
  if (answer == Z_STREAM_END)
    return deflateReset(gzip) == Z_OK ? 1 : -1;
  if (answer != Z_OK && answer != Z_BUF_ERROR)
    return -1;
  return !last && gzip->avail_in == 0;
}

static int encode_zstd(io_encoder *encoder, const uint8_t *from, uint64_t size, uint64_t *taken,
                       uint8_t *to, uint64_t room, uint64_t *made, int last) {
  ZSTD_inBuffer input = {from, size, 0};
  ZSTD_outBuffer output = {to, room, 0};
  size_t left =
      ZSTD_compressStream2(encoder->zstd, &output, &input, last ? ZSTD_e_end : ZSTD_e_continue);
  *taken = input.pos;
  *made = output.pos;
  if (ZSTD_isError(left))
    return -1;
  return last ? left == 0 : input.pos == size;
}

int io_encode(io_encoder *encoder, const uint8_t *from, uint64_t size, uint64_t *taken, uint8_t *to,
              uint64_t room, uint64_t *made, int last) {
  const uint64_t most = 1u << 30; /* what fits the counts of zlib */
  int cut = size > most;
  *taken = *made = 0;
  size = cut ? most : size;
  int answer = encoder->codec == IO_GZIP
                   ? encode_gzip(encoder, from, size, taken, to, room, made, last && !cut)
                   : encode_zstd(encoder, from, size, taken, to, room, made, last && !cut);
  return cut && answer > 0 ? 0 : answer;
}
