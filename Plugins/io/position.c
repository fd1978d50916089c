// SPDX-License-Identifier: Apache-2.0
#include "position.h"

#define VERSION 1u
#define HEAD (1u + 4u)                /* before the path */
#define TAIL (8u + 8u + 8u + 4u + 8u) /* behind it */
#define LONGEST_PATH 4096u

static uint8_t *put(uint8_t *to, uint64_t number, uint32_t size) {
  for (uint32_t i = 0; i < size; i++)
    to[i] = (uint8_t)(number >> (8 * i));
  return to + size;
}

static uint64_t get(const uint8_t **from, uint32_t size) {
  uint64_t number = 0;
  for (uint32_t i = 0; i < size; i++)
    number |= (uint64_t)(*from)[i] << (8 * i);
  *from += size;
  return number;
}

int io_position_add(io_position *position, const io_place *place) {
  uint64_t size = 1 + HEAD + place->path_size + TAIL;
  if (position->room - position->size < size) {
    uint64_t room = 2 * (position->room + size);
    uint8_t *grown = realloc(position->bytes, room);
    if (grown == NULL)
      return 0;
    position->bytes = grown;
    position->room = room;
  }
  uint8_t *to = position->bytes + position->size;
  if (position->size == 0)
    to = put(to, VERSION, 1);
  to = put(to, place->progress, 1);
  to = put(to, place->path_size, 4);
  memcpy(to, place->path, place->path_size);
  to = put(to + place->path_size, place->identity.device, 8);
  to = put(to, place->identity.inode, 8);
  to = put(to, place->identity.print, 8);
  to = put(to, place->identity.print_size, 4);
  to = put(to, place->offset, 8);
  position->size = (uint64_t)(to - position->bytes);
  return 1;
}

int io_position_next(const void *bytes, uint64_t size, uint64_t *at, io_place *place) {
  const uint8_t *all = bytes;
  if (*at == 0) {
    if (size == 0)
      return 0;
    if (all[0] != VERSION)
      return -1;
    *at = 1;
  }
  if (*at == size)
    return 0;
  if (size - *at < HEAD)
    return -1;
  const uint8_t *from = all + *at;
  uint64_t progress = get(&from, 1), path_size = get(&from, 4);
  if (progress > IO_AT_END || path_size == 0 || path_size > LONGEST_PATH ||
      size - *at - HEAD < path_size + TAIL || memchr(from, 0, path_size) != NULL)
    return -1;
  *place = (io_place){.progress = (io_progress)progress,
                      .path = (const char *)from,
                      .path_size = (uint32_t)path_size};
  from += path_size;
  place->identity.device = get(&from, 8);
  place->identity.inode = get(&from, 8);
  place->identity.print = get(&from, 8);
  place->identity.print_size = (uint32_t)get(&from, 4);
  place->offset = get(&from, 8);
  *at = (uint64_t)(from - all);
  return place->identity.print_size <= IO_PRINT ? 1 : -1;
}
