// SPDX-License-Identifier: Apache-2.0
#include "frame.h"

/* Read at once: it stays in the second cache of most processors. */
#define BUFFER (64u * 1024u)
/* Of one call, so that the deadline is kept. */
#define BYTES_PER_CALL (64u * 1024u)

uint64_t io_framer_offset(const io_framer *framer, const io_stream *stream) {
  return stream->offset - (framer->used - framer->at) - framer->skipped;
}

int io_framer_is_inside(const io_framer *framer) {
  return framer->used > framer->at || framer->skipping;
}

void io_framer_free(io_framer *framer) {
  free(framer->bytes);
  *framer = (io_framer){0};
}

mr_status io_frame_emit(const io_framing *how, const io_framer *framer, const io_stream *stream,
                        const uint8_t *bytes, uint64_t size, io_trouble *trouble) {
  uint8_t *to = mr_reserve(how->out, (uint32_t)size);
  if (to == NULL) {
    if (how->out->status != MR_E_TOO_LARGE)
      return how->out->status;
    return io_note(trouble, MR_E_TOO_LARGE,
                   "MR5305 %s: the record at byte %llu has %llu bytes, more than the output of "
                   "this node may hold\ngive the node more room for its output, or lower "
                   "max_record",
                   stream->input.path, (unsigned long long)io_framer_offset(framer, stream),
                   (unsigned long long)size);
  }
  if (size > 0)
    memcpy(to, bytes, size);
  mr_record head = io_head((uint32_t)size, how->schema);
  mr_commit(how->out, &head);
  return MR_OK;
}

mr_status io_frame_refuse(const io_framing *how, io_framer *framer, const io_stream *stream,
                          uint64_t size, io_trouble *trouble) {
  static const char *const kinds[] = {"chunk", "line", "record", "file"};
  unsigned long long at = io_framer_offset(framer, stream), longest = how->longest;
  const char *kind = kinds[how->as];
  char found[40] = "";
  if (size > 0)
    snprintf(found, sizeof found, " (%llu)", (unsigned long long)size);
  if (!how->skips)
    return io_note(trouble, MR_E_TOO_LARGE,
                   "MR5305 %s: the %s at byte %llu has more than %llu bytes%s\n"
                   "raise max_record, at most to 8388576, or give too_long=skip",
                   stream->input.path, kind, at, longest, found);
  io_say(how->host, how->ctx, MR_WARN,
         "%s: the %s at byte %llu has more than %llu bytes%s and is skipped", stream->input.path,
         kind, at, longest, found);
  return MR_OK;
}

/* Read behind what is held. Room is made by moving it to the front, then by growing. */
static mr_status fill(io_framer *framer, io_stream *stream, uint64_t most, io_trouble *trouble) {
  uint64_t held = framer->used - framer->at, got;
  if (framer->at > 0) {
    memmove(framer->bytes, framer->bytes + framer->at, held);
    framer->at = 0;
    framer->used = held;
  }
  if (framer->used == framer->room) {
    uint64_t room = framer->room == 0 ? BUFFER : 2 * framer->room;
    room = room > most ? most : room;
    uint8_t *grown = room > framer->room ? realloc(framer->bytes, room) : NULL;
    if (grown == NULL)
      return io_note(trouble, MR_E_NOMEM, "out of memory");
    framer->bytes = grown;
    framer->room = room;
  }
  mr_status status = io_stream_read(stream, framer->bytes + framer->used,
                                    framer->room - framer->used, &got, trouble);
  framer->used += got;
  return status;
}

/* The next chunk, read into the place where it will be read. What follows its last newline waits
 * in the buffer. */
static mr_status frame_chunk(const io_framing *how, io_framer *framer, io_stream *stream,
                             uint32_t *credit, io_trouble *trouble) {
  uint64_t got;
  uint8_t *to = mr_reserve(how->out, IO_CHUNK);
  if (to == NULL)
    return how->out->status;
  if (framer->bytes == NULL && (framer->bytes = malloc(IO_CHUNK)) == NULL)
    return io_note(trouble, MR_E_NOMEM, "out of memory");
  if (framer->used > 0)
    memcpy(to, framer->bytes, framer->used);
  mr_status status = MR_OK;
  uint64_t filled = framer->used;
  /* A chunk is full, or the last one: where it ends does not depend on how a decoder deals. */
  for (; status == MR_OK && filled < IO_CHUNK; filled += got)
    status = io_stream_read(stream, to + filled, IO_CHUNK - filled, &got, trouble);
  if (filled == framer->used)
    return status;
  uint32_t all = (uint32_t)filled, length = io_cut(to, all);
  if (to[length - 1] != '\n' && all < IO_CHUNK)
    length = 0; /* the line goes on */
  framer->used = all - length;
  memcpy(framer->bytes, to + length, framer->used);
  if (length > 0) {
    mr_record head = io_head(length, how->schema);
    mr_commit(how->out, &head);
    --*credit;
  }
  return status;
}

/* A file that is too long to be a record: forget it piece by piece. */
static mr_status frame_whole(const io_framing *how, io_framer *framer, io_stream *stream,
                             io_trouble *trouble) {
  uint64_t size = framer->used;
  if (framer->skipping || size <= how->longest)
    return MR_OK;
  mr_status status = io_frame_refuse(how, framer, stream, 0, trouble);
  framer->skipping = status == MR_OK;
  return status;
}

static mr_status frame_buffered(const io_framing *how, io_framer *framer, io_stream *stream,
                                uint32_t *credit, io_trouble *trouble) {
  switch (how->as) {
  case IO_AS_LINE:
    return io_frame_lines(how, framer, stream, credit, trouble);
  case IO_AS_LENGTH:
    return io_frame_lengths(how, framer, stream, credit, trouble);
  default:
    return frame_whole(how, framer, stream, trouble);
  }
}

mr_status io_frame(const io_framing *how, io_framer *framer, io_stream *stream, uint32_t *credit,
                   io_trouble *trouble) {
  uint64_t begun = stream->offset;
  mr_status status = MR_OK;
  while (status == MR_OK && *credit > 0 && stream->offset - begun < BYTES_PER_CALL) {
    if (how->as == IO_AS_BYTES) {
      status = frame_chunk(how, framer, stream, credit, trouble);
      continue;
    }
    status = frame_buffered(how, framer, stream, credit, trouble);
    if (framer->skipping) {
      framer->skipped += framer->used - framer->at;
      framer->at = framer->used;
    }
    /* A count before the bytes has at most 10 of them, a line break 2. */
    if (status == MR_OK && *credit > 0)
      status = fill(framer, stream, how->longest + BUFFER, trouble);
  }
  return status;
}

static mr_status cut_short(const io_framer *framer, const io_stream *stream, io_trouble *trouble) {
  return io_note(trouble, MR_E_IO,
                 "MR5305 %s is cut: it ends at byte %llu, in the middle of the record at byte "
                 "%llu\nfetch or make the file again, and check `prefix`",
                 stream->input.path, (unsigned long long)stream->offset,
                 (unsigned long long)io_framer_offset(framer, stream));
}

mr_status io_frame_end(const io_framing *how, io_framer *framer, io_stream *stream,
                       uint32_t *credit, io_trouble *trouble) {
  mr_status status = io_stream_finish(stream, trouble);
  if (status == MR_OK && stream->used > stream->at)
    status = io_frame(how, framer, stream, credit, trouble);
  if (status != MR_OK && status != MR_DONE)
    return status;
  if (*credit == 0)
    return MR_AGAIN;
  uint64_t size = framer->used - framer->at;
  if (how->as == IO_AS_LENGTH && (size > 0 || framer->skipping))
    return cut_short(framer, stream, trouble);
  if (!framer->skipping && (size > 0 || (how->as == IO_AS_WHOLE && !framer->told))) {
    const uint8_t *bytes = size > 0 ? framer->bytes + framer->at : NULL;
    status = io_frame_emit(how, framer, stream, bytes, size, trouble);
    if (status != MR_OK && status != MR_DONE)
      return status;
    --*credit;
  }
  framer->told = 1;
  framer->at = framer->used = framer->skipped = 0;
  framer->skipping = 0;
  return MR_OK;
}
