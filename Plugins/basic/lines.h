/* SPDX-License-Identifier: Apache-2.0
 * `lines`: what its two files share.
 *
 * State per lane: `rest`, the beginning of a line whose end has not come; or `skipping`, when that
 * beginning was too long and has been refused already: what follows up to the next newline is
 * dropped. When the output is full in the middle of a record, `done` remembers how far it got: the
 * same record comes again as the first of this lane's next batch, perhaps after one of another. */
#ifndef MR_BASIC_LINES_H
#define MR_BASIC_LINES_H

#include "basic.h"

#include "../shared/cut_lines.h"

typedef struct {
  uint8_t *rest;
  uint64_t used, room;
  uint64_t done; /* bytes of the first record that comes next that are lines already */
  uint32_t skipping;
  uint32_t reserved0;
  mr_record head; /* of the record that the rest came with: its time and trace */
} lines_piece;

typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  mr_out *out;
  uint32_t schema;
  uint32_t lanes; /* entries of `lane` */
  lines_piece *lane;
  uint64_t longest;
  cut_lines cut;
} lines;

/* That of a lane, made if it is new. NULL: no memory. */
lines_piece *lines_piece_of(lines *op, uint32_t lane);
/* Add to what waits for its end. 0: no memory. */
int lines_hold(lines_piece *held, const uint8_t *bytes, uint64_t size);

extern const mr_state lines_state;

#endif
