/* SPDX-License-Identifier: Apache-2.0
 * Pieces: what an image is written as, and read from. Little endian, all fields in place.
 *
 *   piece    head, sections, tail     one key group of one image
 *   section  head, blocks             one table of it
 *   block    head, contents           one page of that
 *   entry    head, value, key, subkey, zeros up to a multiple of 8
 *
 * Contents of a block, which is one of
 *   size 0, entries 0   nothing: the page is taken away
 *   size 0, entries 1   an entry that is larger than what shares a page
 *   size of the page    a map, then entries. Bit n of the 512 in the map: an entry begins at 8 x n
 *                       in the page. Entries that follow have their n in the bits of `value` from
 *                       22 up, rising; the others stay as they were read before
 *
 * A full piece is all there is of its group: what was read of the group before is dropped. An
 * increment replaces pages, named by table and number, and of these it holds the entries that were
 * written since. Its `base` is the epoch that it adds to, which is not older than any piece of the
 * group before it. Blocks come in the order of their numbers. Tables are found by name. In a page
 * an entry has a head of 32 bytes instead of 24; entries begin at 32, do not overlap, and between
 * two of them are no bytes or at least 32. Entries fill their block exactly.
 *
 * Checks: XXH3-64 of each head before its check, to which a block adds 3 x that of the first 24 of
 * its bytes, if it has any, and 5 x that of the rest; so a cut, a changed or a foreign byte is
 * found. They are no protection against someone who wants to do harm: the reader believes no number
 * before it has compared it with what is there, and two entries of one key are found when the index
 * is built. */
#ifndef MRR_KEYED_PIECE_H
#define MRR_KEYED_PIECE_H

#include <stdint.h>

#define MRR_PIECE_MAGIC 0x504B524Du /* "MRKP" */
#define MRR_PIECE_END 0x454B524Du   /* "MRKE" */
#define MRR_PIECE_VERSION 1u
#define MRR_PIECE_FULL 1u
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "pieces are written from memory");

typedef struct mrr_piece_head {
  uint32_t magic;
  uint16_t version, flags;
  uint32_t group, sections;
  uint64_t base, epoch; /* base: 0 with FULL */
  uint64_t check;
} mrr_piece_head;
_Static_assert(sizeof(mrr_piece_head) == 40, "format");

typedef struct mrr_section_head {
  uint32_t blocks;
  uint32_t version;    /* of the table */
  uint32_t value_size; /* of the table; 0: variable */
  uint32_t reserved0;
  char name[64]; /* ends with a NUL, zeros behind */
  uint64_t check;
} mrr_section_head;
_Static_assert(sizeof(mrr_section_head) == 88, "format");

typedef struct mrr_block_head {
  uint32_t page, entries;
  uint32_t bytes; /* of the contents */
  uint32_t size;  /* of the page, if there is a map: 512, 1,024, 2,048 or 4,096 */
  uint64_t check;
} mrr_block_head;
_Static_assert(sizeof(mrr_block_head) == 24, "format");

typedef struct mrr_entry_head {
  uint64_t hash; /* of the key; its low 10 bits are the group */
  int64_t stamp;
  uint32_t value; /* bytes; above them the place in the page, if there is a map */
  uint16_t key, subkey;
} mrr_entry_head;
#define MRR_PLACE_SHIFT 22u
#define MRR_MAP_WORDS 8u
#define MRR_MAP_BYTES (8u * MRR_MAP_WORDS)
_Static_assert(sizeof(mrr_entry_head) == 24, "format");

typedef struct mrr_piece_tail {
  uint32_t magic, reserved0;
  uint64_t size; /* of the piece, this tail included */
  uint64_t check;
} mrr_piece_tail;
_Static_assert(sizeof(mrr_piece_tail) == 24, "format");

#endif
