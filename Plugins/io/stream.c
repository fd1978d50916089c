// SPDX-License-Identifier: Apache-2.0
#include "stream.h"

#define RAW (128u * 1024u)
#define MAGIC 4u /* bytes that tell every codec */

void io_stream_begin(io_stream *stream, io_input input, io_codec wanted) {
  *stream = (io_stream){.input = input, .wanted = wanted};
  stream->codec = wanted == IO_NONE ? IO_NONE : IO_AUTO;
}

mr_status io_stream_open(io_stream *stream, const char *path, io_codec wanted,
                         io_trouble *trouble) {
  io_input input;
  mr_status status = io_input_open(&input, path, trouble);
  io_stream_begin(stream, input, wanted);
  return status;
}

void io_stream_close(io_stream *stream) {
  io_decoder_free(stream->decoder);
  free(stream->raw);
  stream->decoder = NULL;
  stream->raw = NULL;
  stream->at = stream->used = 0;
  io_input_close(&stream->input);
}

void io_stream_rewind(io_stream *stream) {
  io_decoder_free(stream->decoder);
  stream->decoder = NULL;
  stream->codec = stream->wanted == IO_NONE ? IO_NONE : IO_AUTO;
  stream->at = stream->used = 0;
  stream->input.at = 0;
  stream->offset = 0;
}

static mr_status no_memory(io_trouble *trouble) {
  return io_note(trouble, MR_E_NOMEM, "out of memory");
}

/* Read more stored bytes behind those that wait. */
static mr_status refill(io_stream *stream, io_trouble *trouble) {
  uint64_t got;
  if (stream->raw == NULL && (stream->raw = malloc(RAW)) == NULL)
    return no_memory(trouble);
  if (stream->at == stream->used)
    stream->at = stream->used = 0;
  mr_status status =
      io_input_read(&stream->input, stream->raw + stream->used, RAW - stream->used, &got, trouble);
  stream->used += (uint32_t)got;
  return status;
}

/* The file says what it is; the name, or the user, may have promised something else. */
static mr_status settle(io_stream *stream, io_codec found, io_trouble *trouble) {
  const char *path = stream->input.path;
  io_codec promised = stream->wanted == IO_AUTO ? io_codec_of_name(path) : stream->wanted;
  if (found == IO_AUTO)
    found = IO_NONE; /* too short for any codec */
  if (promised != IO_NONE && found != promised && stream->used > 0) {
    if (stream->wanted == IO_AUTO)
      return io_note(trouble, MR_E_IO,
                     "MR5305 %s does not begin as a %s file does, in spite of its name\n"
                     "give compression=none to read it as it is",
                     path, io_codec_name(promised));
    return io_note(trouble, MR_E_IO,
                   "MR5305 %s does not begin as a %s file does\n"
                   "leave out compression=%s, or correct the path",
                   path, io_codec_name(promised), io_codec_name(promised));
  }
  stream->codec = found;
  if (found == IO_NONE)
    return MR_OK;
  stream->decoder = io_decoder_make(found);
  return stream->decoder != NULL ? MR_OK : no_memory(trouble);
}

/* MR_OK: the codec is known. */
static mr_status look(io_stream *stream, io_trouble *trouble) {
  io_codec found = IO_AUTO;
  mr_status status = MR_OK;
  while (status == MR_OK && stream->used < MAGIC && found == IO_AUTO) {
    status = refill(stream, trouble);
    found = stream->used > 0 ? io_codec_of(stream->raw, stream->used) : IO_AUTO;
  }
  return found == IO_AUTO ? status : settle(stream, found, trouble);
}

static mr_status read_plain(io_stream *stream, uint8_t *to, uint64_t room, uint64_t *got,
                            io_trouble *trouble) {
  uint32_t waiting = stream->used - stream->at;
  if (waiting == 0)
    return io_input_read(&stream->input, to, room, got, trouble);
  *got = waiting < room ? waiting : room;
  memcpy(to, stream->raw + stream->at, *got);
  stream->at += (uint32_t)*got;
  return MR_OK;
}

static mr_status read_coded(io_stream *stream, uint8_t *to, uint64_t room, uint64_t *got,
                            io_trouble *trouble) {
  for (;;) {
    uint64_t taken, waiting = stream->used - stream->at;
    const char *wrong =
        io_decode(stream->decoder, stream->raw + stream->at, waiting, &taken, to, room, got);
    stream->at += (uint32_t)taken;
    if (wrong != NULL) {
      *got = 0;
      return io_note(trouble, MR_E_IO, "MR5305 %s is not intact %s: %s, near byte %llu of the file",
                     stream->input.path, io_codec_name(stream->codec), wrong,
                     (unsigned long long)(stream->input.at - (stream->used - stream->at)));
    }
    if (*got > 0)
      return MR_OK;
    if (taken > 0 || stream->at < stream->used)
      continue;
    mr_status status = refill(stream, trouble);
    if (status != MR_OK)
      return status;
  }
}

mr_status io_stream_read(io_stream *stream, uint8_t *to, uint64_t room, uint64_t *got,
                         io_trouble *trouble) {
  *got = 0;
  if (stream->codec == IO_AUTO) {
    mr_status status = look(stream, trouble);
    if (status != MR_OK)
      return status;
  }
  mr_status status = stream->codec == IO_NONE ? read_plain(stream, to, room, got, trouble)
                                              : read_coded(stream, to, room, got, trouble);
  stream->offset += *got;
  return status;
}

mr_status io_stream_seek(io_stream *stream, uint64_t offset, io_trouble *trouble) {
  uint8_t drop[16384];
  if (offset > 0 && stream->codec == IO_AUTO) {
    mr_status status = look(stream, trouble);
    if (status != MR_OK)
      return status;
  }
  if (stream->codec == IO_NONE && stream->input.seekable) {
    stream->at = stream->used = 0;
    stream->input.at = stream->offset = offset;
    return MR_OK;
  }
  while (stream->offset < offset) {
    uint64_t got, left = offset - stream->offset;
    mr_status status =
        io_stream_read(stream, drop, left < sizeof drop ? left : sizeof drop, &got, trouble);
    if (status != MR_OK)
      return status;
  }
  return MR_OK;
}

mr_status io_stream_finish(io_stream *stream, io_trouble *trouble) {
  if (stream->codec == IO_AUTO && stream->used > 0)
    return settle(stream, IO_AUTO, trouble);
  if (stream->decoder != NULL && io_decoder_is_inside(stream->decoder))
    return io_note(trouble, MR_E_IO,
                   "MR5305 %s is cut: it ends at byte %llu, in the middle of %s data\n"
                   "fetch or make the file again",
                   stream->input.path, (unsigned long long)stream->input.at,
                   io_codec_name(stream->codec));
  return MR_OK;
}
