/* SPDX-License-Identifier: Apache-2.0
 * A hash of bytes that come piece by piece, however they are cut.
 *
 * Blocks of IO_DIGEST_BLOCK bytes are hashed with the host's hash of keys, which is the same in all
 * versions; what stands after a block is the hash of what stood before it and of the block. The
 * rest and the number of all bytes are added at the end. It proves that bytes in a file are those
 * that were prepared; it is no protection against somebody who wants to deceive. */
#ifndef MR_IO_DIGEST_H
#define MR_IO_DIGEST_H

#include "io.h"

#define IO_DIGEST_BLOCK 4096u

typedef uint64_t (*io_hash)(const void *, uint64_t);

typedef struct {
  io_hash hash;
  uint64_t sum;  /* of whole blocks */
  uint64_t size; /* bytes so far */
  uint8_t rest[IO_DIGEST_BLOCK];
} io_digest;

static inline void io_digest_begin(io_digest *digest, io_hash hash) {
  digest->hash = hash;
  digest->sum = digest->size = 0;
}
void io_digest_add(io_digest *digest, const uint8_t *bytes, uint64_t size);
/* The digest of all that was added so far; more may follow. */
uint64_t io_digest_value(const io_digest *digest);
/* Of bytes that lie together. */
uint64_t io_digest_of(io_hash hash, const uint8_t *bytes, uint64_t size);
/* Of [offset, offset + size) of a file. 1: *value is set; 0: there are not so many bytes; -1: it
 * cannot be read, and errno says why. */
int io_digest_file(io_hash hash, int file, uint64_t offset, uint64_t size, uint64_t *value);

#endif
