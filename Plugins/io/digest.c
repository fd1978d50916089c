// SPDX-License-Identifier: Apache-2.0
#include "digest.h"
#include <errno.h>
#include <unistd.h>

static void add_block(io_digest *digest, const uint8_t *block) {
  uint64_t pair[2] = {digest->sum, digest->hash(block, IO_DIGEST_BLOCK)};
  digest->sum = digest->hash(pair, sizeof pair);
}

void io_digest_add(io_digest *digest, const uint8_t *bytes, uint64_t size) {
  uint64_t held = digest->size % IO_DIGEST_BLOCK;
  digest->size += size;
  if (held > 0) {
    uint64_t more = IO_DIGEST_BLOCK - held < size ? IO_DIGEST_BLOCK - held : size;
    memcpy(digest->rest + held, bytes, more);
    if (held + more < IO_DIGEST_BLOCK)
      return;
    add_block(digest, digest->rest);
    bytes += more;
    size -= more;
  }
  for (; size >= IO_DIGEST_BLOCK; bytes += IO_DIGEST_BLOCK, size -= IO_DIGEST_BLOCK)
    add_block(digest, bytes);
  if (size > 0)
    memcpy(digest->rest, bytes, size);
}

uint64_t io_digest_value(const io_digest *digest) {
  uint64_t all[3] = {digest->sum, digest->hash(digest->rest, digest->size % IO_DIGEST_BLOCK),
                     digest->size};
  return digest->hash(all, sizeof all);
}

uint64_t io_digest_of(io_hash hash, const uint8_t *bytes, uint64_t size) {
  io_digest digest;
  io_digest_begin(&digest, hash);
  if (size > 0)
    io_digest_add(&digest, bytes, size);
  return io_digest_value(&digest);
}

int io_digest_file(io_hash hash, int file, uint64_t offset, uint64_t size, uint64_t *value) {
  uint8_t bytes[32768];
  io_digest digest;
  io_digest_begin(&digest, hash);
  while (size > 0) {
    ssize_t got = pread(file, bytes, size < sizeof bytes ? size : sizeof bytes, (off_t)offset);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return got < 0 ? -1 : 0;
    io_digest_add(&digest, bytes, (uint64_t)got);
    offset += (uint64_t)got;
    size -= (uint64_t)got;
  }
  *value = io_digest_value(&digest);
  return 1;
}
