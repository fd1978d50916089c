/* SPDX-License-Identifier: Apache-2.0 */
#include "include/mrshim.h"
#include <zstd.h>

size_t mrshim_compress(const void *bytes, size_t size, void *into, size_t room) {
  size_t written = ZSTD_compress(into, room, bytes, size, 1);
  return ZSTD_isError(written) || written >= size ? 0 : written;
}

size_t mrshim_expand(const void *bytes, size_t size, void *into, size_t room) {
  size_t written = ZSTD_decompress(into, room, bytes, size);
  return ZSTD_isError(written) ? 0 : written;
}
