// SPDX-License-Identifier: Apache-2.0
// Records that are complete in the framer's buffer: lines, and bytes behind a count.
#include "frame.h"

/* ---- lines ------------------------------------------------------------------------ */

/* A line that is being skipped: has its end come? */
static void skip_line(io_framer *framer) {
  uint64_t size = framer->used - framer->at;
  const uint8_t *from = framer->bytes + framer->at;
  const uint8_t *newline = size > 0 ? memchr(from, '\n', size) : NULL;
  if (newline == NULL)
    return;
  framer->at += (uint64_t)(newline - from) + 1;
  framer->skipping = 0;
  framer->skipped = 0;
}

/* A line that is long, or needs other memory: [at, end) of the buffer, without its newline. */
static mr_status finish_line(const io_framing *how, io_framer *framer, const io_stream *stream,
                             uint64_t end, uint32_t *credit, io_trouble *trouble) {
  const uint8_t *bytes = framer->bytes + framer->at;
  uint64_t size = end - framer->at;
  size -= size > 0 && bytes[size - 1] == '\r';
  mr_status status;
  if (size > how->longest) {
    status = io_frame_refuse(how, framer, stream, size, trouble);
  } else {
    status = io_frame_emit(how, framer, stream, bytes, size, trouble);
    *credit -= status == MR_OK;
  }
  if (status == MR_OK)
    framer->at = end + 1;
  return status;
}

/* All lines of the buffer. */
static mr_status cut_buffer(const io_framing *how, io_framer *framer, const io_stream *stream,
                            uint32_t *credit, io_trouble *trouble) {
  mr_status status = MR_OK;
  cut text = {.out = how->out,
              .head = io_head(0, how->schema),
              .bytes = framer->bytes,
              .size = framer->used,
              .drops_cr = 1};
  while (framer->at<framer->used && * credit> 0 && status == MR_OK) {
    text.start = framer->at;
    text.most = *credit;
    if (framer->scanned == 0 && how->longest >= CUT_LONG)
      how->cut(&text);
    framer->at = text.start;
    *credit = text.most;
    if (*credit == 0)
      break;
    uint64_t from = framer->at + framer->scanned;
    const uint8_t *newline = memchr(framer->bytes + from, '\n', framer->used - from);
    if (newline == NULL) {
      framer->scanned = framer->used - framer->at;
      break;
    }
    status = finish_line(how, framer, stream, (uint64_t)(newline - framer->bytes), credit, trouble);
    framer->scanned = 0;
  }
  return status;
}

mr_status io_frame_lines(const io_framing *how, io_framer *framer, const io_stream *stream,
                         uint32_t *credit, io_trouble *trouble) {
  if (framer->skipping)
    skip_line(framer);
  if (framer->skipping)
    return MR_OK;
  mr_status status = cut_buffer(how, framer, stream, credit, trouble);
  /* One more for a carriage return that may belong to the end. */
  if (status != MR_OK || *credit == 0 || framer->scanned <= how->longest + 1)
    return status;
  status = io_frame_refuse(how, framer, stream, 0, trouble);
  framer->skipping = status == MR_OK;
  framer->scanned = 0;
  return status;
}

/* ---- counts ----------------------------------------------------------------------- */

/* Read the count of bytes at `bytes`. Returns its own size; 0: it is not complete. A count of more
 * than 64 bits, and every other that cannot be right, comes out as one that is too large. */
static uint32_t read_count(io_prefix prefix, const uint8_t *bytes, uint64_t size, uint64_t *count) {
  if (prefix != IO_VARINT) {
    uint32_t number = 0;
    if (size < sizeof number)
      return 0;
    for (uint32_t i = 0; i < sizeof number; i++)
      number |= (uint32_t)bytes[i] << (8 * (prefix == IO_U32_LITTLE ? i : 3 - i));
    *count = number;
    return sizeof number;
  }
  *count = 0;
  for (uint32_t i = 0; i < size && i < 9; i++) {
    *count |= (uint64_t)(bytes[i] & 0x7f) << (7 * i);
    if (bytes[i] < 0x80)
      return i + 1;
  }
  *count = UINT64_MAX;
  return size < 9 ? 0 : 9;
}

/* The rest of a record that is skipped. */
static void skip_counted(io_framer *framer) {
  uint64_t size = framer->used - framer->at;
  if (size < framer->skip_left) {
    framer->skip_left -= size;
    return;
  }
  framer->at += framer->skip_left;
  framer->skip_left = framer->skipped = 0;
  framer->skipping = 0;
}

mr_status io_frame_lengths(const io_framing *how, io_framer *framer, const io_stream *stream,
                           uint32_t *credit, io_trouble *trouble) {
  if (framer->skipping)
    skip_counted(framer);
  while (!framer->skipping && *credit > 0) {
    uint64_t count, left = framer->used - framer->at;
    const uint8_t *bytes = framer->bytes + framer->at;
    uint32_t prefix = read_count(how->prefix, bytes, left, &count);
    if (prefix == 0)
      return MR_OK;
    mr_status status;
    if (count > how->longest) {
      status = io_frame_refuse(how, framer, stream, count, trouble);
      if (status != MR_OK)
        return status;
      framer->skipping = 1;
      framer->skip_left = count > UINT64_MAX - prefix ? count : count + prefix;
      skip_counted(framer);
      continue;
    }
    if (left - prefix < count)
      return MR_OK;
    status = io_frame_emit(how, framer, stream, bytes + prefix, count, trouble);
    if (status != MR_OK)
      return status;
    framer->at += prefix + count;
    --*credit;
  }
  return MR_OK;
}
