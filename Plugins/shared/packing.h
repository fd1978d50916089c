/* SPDX-License-Identifier: Apache-2.0
 * Numbers, bytes and texts in a row, for saved state and for tokens of sinks; shared by plugins
 * that know nothing else of each other.
 *
 * Numbers are little endian, of 1 to 8 bytes; a text is a number of 2 bytes and so many bytes
 * without NUL. Neither end knows more than the order: a reader that finds too little, or a text
 * that is too long, has `failed`, reads zeros from then on, and refuses what it has at its end. */
#ifndef MR_SHARED_PACKING_H
#define MR_SHARED_PACKING_H

#include <millrace/ext/state.h>
#include <stdlib.h>

typedef struct {
  uint8_t *bytes;
  uint64_t size, room;
  int failed; /* no memory */
} packing;

static inline int pack_room(packing *into, uint64_t size) {
  if (into->failed || into->room - into->size >= size)
    return !into->failed;
  uint64_t room = 2 * into->room + size + 64;
  uint8_t *grown = (uint8_t *)realloc(into->bytes, room);
  into->failed = grown == NULL;
  if (grown == NULL)
    return 0;
  into->bytes = grown;
  into->room = room;
  return 1;
}

static inline void pack_number(packing *into, uint64_t number, uint32_t size) {
  if (!pack_room(into, size))
    return;
  for (uint32_t i = 0; i < size; i++)
    into->bytes[into->size++] = (uint8_t)(number >> (8 * i));
}

static inline void pack_bytes(packing *into, const void *bytes, uint64_t size) {
  if (size == 0 || !pack_room(into, size))
    return;
  memcpy(into->bytes + into->size, bytes, size);
  into->size += size;
}

static inline void pack_text(packing *into, const char *text) {
  uint64_t size = strlen(text);
  pack_number(into, size, 2);
  pack_bytes(into, text, size);
}

static inline void pack_free(packing *packed) {
  free(packed->bytes);
  packed->bytes = NULL;
  packed->size = packed->room = 0;
}

/* Write it all and free it. MR_OK, MR_E_NOMEM or what the writer answers. */
static inline mr_status pack_send(packing *packed, mr_writer *writer) {
  mr_status status = packed->failed ? MR_E_NOMEM : MR_OK;
  for (uint64_t done = 0; done < packed->size && status == MR_OK;) {
    int64_t moved = writer->write(writer, packed->bytes + done, packed->size - done);
    if (moved > 0)
      done += (uint64_t)moved;
    else
      status = moved < 0 ? (mr_status)moved : MR_E_IO;
  }
  pack_free(packed);
  return status;
}

/* All that a reader has. MR_OK, MR_E_NOMEM or what the reader answers; free it in any case. */
static inline mr_status pack_receive(packing *into, mr_reader *reader) {
  uint8_t bytes[4096];
  for (;;) {
    int64_t got = reader->read(reader, bytes, sizeof bytes);
    if (got <= 0)
      return got < 0 ? (mr_status)got : into->failed ? MR_E_NOMEM : MR_OK;
    pack_bytes(into, bytes, (uint64_t)got);
  }
}

typedef struct {
  const uint8_t *at;
  uint64_t left;
  int failed;
} unpacking;

static inline unpacking unpack_from(const packing *packed) {
  unpacking from = {packed->bytes, packed->size, 0};
  return from;
}

static inline uint64_t unpack_number(unpacking *from, uint32_t size) {
  uint64_t number = 0;
  from->failed |= from->left < size;
  if (from->failed)
    return 0;
  for (uint32_t i = 0; i < size; i++)
    number |= (uint64_t)from->at[i] << (8 * i);
  from->at += size;
  from->left -= size;
  return number;
}

/* The next `size` bytes where they lie. NULL: there are not so many. */
static inline const uint8_t *unpack_bytes(unpacking *from, uint64_t size) {
  from->failed |= from->left < size;
  if (from->failed)
    return NULL;
  from->at += size;
  from->left -= size;
  return from->at - size;
}

/* As a C string in `into`, which has `room` bytes. */
static inline void unpack_text(unpacking *from, char *into, uint64_t room) {
  uint64_t size = unpack_number(from, 2);
  const uint8_t *bytes = unpack_bytes(from, size);
  into[0] = 0;
  from->failed |= size >= room || (size > 0 && bytes != NULL && memchr(bytes, 0, size) != NULL);
  if (from->failed)
    return;
  if (size > 0)
    memcpy(into, bytes, size);
  into[size] = 0;
}

#endif
