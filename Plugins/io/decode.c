// SPDX-License-Identifier: Apache-2.0
#include "decode.h"
#include <zlib.h>
#include <zstd.h>

/* Larger windows than zstd's own default (128 MiB) are refused by the library. */
struct io_decoder {
  io_codec codec;
  uint32_t inside; /* a member or frame has begun and not ended */
  uint32_t ended;  /* gzip: a member has ended; only another one, or zeros, may follow */
  uint32_t zeros;  /* gzip: the padding has begun */
  z_stream gzip;
  ZSTD_DStream *zstd;
};

static const uint8_t gzip_magic[] = {0x1f, 0x8b, 0x08};
static const uint8_t zstd_magic[] = {0x28, 0xb5, 0x2f, 0xfd};
static const uint8_t skip_magic[] = {0x2a, 0x4d, 0x18}; /* behind 0x50 … 0x5f */

static int begins(const uint8_t *bytes, uint64_t size, const uint8_t *magic, uint64_t length) {
  return memcmp(bytes, magic, size < length ? size : length) == 0;
}

io_codec io_codec_of(const uint8_t *bytes, uint64_t size) {
  if (size == 0)
    return IO_AUTO;
  if (begins(bytes, size, gzip_magic, sizeof gzip_magic))
    return size >= sizeof gzip_magic ? IO_GZIP : IO_AUTO;
  if (begins(bytes, size, zstd_magic, sizeof zstd_magic) ||
      ((bytes[0] & 0xf0) == 0x50 && begins(bytes + 1, size - 1, skip_magic, sizeof skip_magic)))
    return size >= sizeof zstd_magic ? IO_ZSTD : IO_AUTO;
  return IO_NONE;
}

static int ends(const char *path, const char *with) {
  size_t size = strlen(path), length = strlen(with);
  return size > length && strcmp(path + size - length, with) == 0;
}

io_codec io_codec_of_name(const char *path) {
  if (ends(path, ".gz"))
    return IO_GZIP;
  return ends(path, ".zst") ? IO_ZSTD : IO_NONE;
}

const char *io_codec_name(io_codec codec) { return codec == IO_GZIP ? "gzip" : "zstd"; }

io_decoder *io_decoder_make(io_codec codec) {
  io_decoder *decoder = calloc(1, sizeof *decoder);
  if (decoder == NULL)
    return NULL;
  decoder->codec = codec;
  int made;
  if (codec == IO_GZIP)
    made = inflateInit2(&decoder->gzip, MAX_WBITS + 16) == Z_OK;
  else
    made = (decoder->zstd = ZSTD_createDStream()) != NULL;
  if (made)
    return decoder;
  free(decoder);
  return NULL;
}

void io_decoder_free(io_decoder *decoder) {
  if (decoder == NULL)
    return;
  if (decoder->codec == IO_GZIP)
    inflateEnd(&decoder->gzip);
  else
    ZSTD_freeDStream(decoder->zstd);
  free(decoder);
}

void io_decoder_reset(io_decoder *decoder) {
  decoder->inside = decoder->ended = decoder->zeros = 0;
  if (decoder->codec == IO_GZIP)
    inflateReset(&decoder->gzip);
  else
    ZSTD_DCtx_reset(decoder->zstd, ZSTD_reset_session_only);
}

/* Between members: skip padding. */
static uint64_t skip_zeros(io_decoder *decoder, const uint8_t *from, uint64_t size) {
  uint64_t zeros = 0;
  while (zeros < size && from[zeros] == 0)
    zeros++;
  decoder->zeros |= zeros > 0;
  return zeros;
}

static const char *decode_gzip(io_decoder *decoder, const uint8_t *from, uint64_t size,
                               uint64_t *taken, uint8_t *to, uint64_t room, uint64_t *made) {
  z_stream *gzip = &decoder->gzip;
  if (decoder->ended && !decoder->inside) {
    *taken = skip_zeros(decoder, from, size);
    if (*taken == size)
      return NULL;
    if (decoder->zeros || from[*taken] != gzip_magic[0])
      return "something that is not gzip follows the last member";
  }
  gzip->next_in = (z_const Bytef *)(uintptr_t)(from + *taken);
  gzip->avail_in = (uInt)(size - *taken);
  gzip->next_out = to;
  gzip->avail_out = (uInt)room;
  decoder->inside |= gzip->avail_in > 0;
  int answer = inflate(gzip, Z_NO_FLUSH);
  *taken = size - gzip->avail_in;
  *made = room - gzip->avail_out;
  if (answer == Z_STREAM_END) {
    decoder->inside = 0;
    decoder->ended = 1;
    inflateReset(gzip);
  }
  if (answer == Z_OK || answer == Z_STREAM_END || answer == Z_BUF_ERROR)
    return NULL;
  if (answer == Z_NEED_DICT)
    return "it needs a dictionary";
  return gzip->msg != NULL ? gzip->msg : zError(answer);
}

static const char *decode_zstd(io_decoder *decoder, const uint8_t *from, uint64_t size,
                               uint64_t *taken, uint8_t *to, uint64_t room, uint64_t *made) {
  ZSTD_inBuffer input = {from, size, 0};
  ZSTD_outBuffer output = {to, room, 0};
  size_t answer = ZSTD_decompressStream(decoder->zstd, &output, &input);
  *taken = input.pos;
  *made = output.pos;
  if (ZSTD_isError(answer))
    return ZSTD_getErrorName(answer);
  if (answer == 0)
    decoder->inside = 0;
  else
    decoder->inside |= input.pos > 0;
  return NULL;
}

const char *io_decode(io_decoder *decoder, const uint8_t *from, uint64_t size, uint64_t *taken,
                      uint8_t *to, uint64_t room, uint64_t *made) {
  const uint64_t most = 1u << 30; /* what fits the counts of zlib */
  *taken = *made = 0;
  if (room > most)
    room = most;
  return decoder->codec == IO_GZIP ? decode_gzip(decoder, from, size, taken, to, room, made)
                                   : decode_zstd(decoder, from, size, taken, to, room, made);
}

int io_decoder_is_inside(const io_decoder *decoder) { return decoder->inside != 0; }
