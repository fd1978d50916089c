/* SPDX-License-Identifier: Apache-2.0
 * Bytes of a file sink that nobody shall see yet, compressed if they are to be.
 *
 *   state    means                                    on                      next
 *   EMPTY    nothing is there                         add                     HELD
 *   HELD     all of it is in memory                   spill                   FILED
 *   FILED    the beginning is in a hidden file, the   spill                   FILED
 *            rest in memory                           end                     EMPTY; the file stays
 *
 * A call that fails because of the disk has changed nothing that counts: what could not be written
 * is still in memory, the file is as long as it was, and the same call may come again. But when a
 * sync has failed, the system may have dropped those bytes, and would say yes the next time. */
#ifndef MR_IO_STAGE_H
#define MR_IO_STAGE_H

#include "digest.h"
#include "encode.h"
#include "naming.h"

typedef struct {
  io_encoder *encoder;
  uint32_t framed; /* a member or frame has begun and not ended */
  int file;        /* -1: EMPTY or HELD */
  uint8_t *bytes;  /* as they will be stored: [0, used) are not in the file yet */
  uint64_t used, room;
  uint64_t filed;   /* bytes in the file */
  uint64_t synced;  /* bytes of them that survive a loss of power */
  uint32_t broken;  /* that failed once: nobody knows what the file has, and no call succeeds */
  io_digest digest; /* of all, filed or not */
  char path[IO_PATH];
} io_stage;

/* MR_OK or MR_E_NOMEM. */
mr_status io_stage_make(io_stage *stage, io_codec codec, io_hash hash, io_trouble *trouble);
void io_stage_free(io_stage *stage);

static inline uint64_t io_stage_size(const io_stage *stage) { return stage->filed + stage->used; }

/* Take text, into memory. MR_OK, or what ends the instance. */
mr_status io_stage_add(io_stage *stage, const uint8_t *text, uint64_t size, io_trouble *trouble);
/* End the member or frame, so that what follows can be joined to it. */
mr_status io_stage_end_frame(io_stage *stage, io_trouble *trouble);
/* Write what is in memory to the file called `path`, which is made. MR_OK or MR_E_*. */
mr_status io_stage_spill(io_stage *stage, io_trouble *trouble);
/* Make the file, and its name, survive a loss of power. MR_OK or MR_E_INTERNAL, from then on for
 * every call: the instance has to be given up. */
mr_status io_stage_sync(io_stage *stage, io_trouble *trouble);
/* Begin again with nothing; a file stays where it is. */
void io_stage_end(io_stage *stage);
/* Go on with the first `size` bytes of `from`, copied, if they still have this digest. MR_OK,
 * MR_E_STATE or MR_E_IO. */
mr_status io_stage_inherit(io_stage *stage, const char *from, uint64_t size, uint64_t digest,
                           io_trouble *trouble);

#endif
