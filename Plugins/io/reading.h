/* SPDX-License-Identifier: Apache-2.0
 * The files that an instance of `file.source` reads, and how far it is.
 *
 *   state     means                                       on                          next
 *   WAITING   not open; `place` says where to begin       its turn                    OPEN
 *   OPEN      being read                                  its end, not followed       FINISHED
 *             followed: kept open at its end              another file has its name   FINISHED
 *   FINISHED  all of it is emitted; nothing is open       –
 *
 * Followed files also have:
 *   ready     something may be there to read
 *   at_end    what was read last was the end
 *   after     the file that had this name before: its rest comes first
 *   replaced  another file has its name
 *   leaving   that other file has bytes: its writer has moved on. What is read from here to the
 *             next end is all there is
 *   gone      no name is left; given up when the next tick of the timer finds it at its end */
#ifndef MR_IO_READING_H
#define MR_IO_READING_H

#include "frame.h"
#include "listing.h"
#include "position.h"
#include "watch.h"

typedef enum { IO_WAITING, IO_OPEN, IO_FINISHED } io_state;

typedef struct io_file io_file;
struct io_file {
  char *id;   /* the path it was found by: the split */
  char *path; /* the one it has now */
  io_state state;
  uint32_t split;       /* by its position in the last `assign` */
  io_identity identity; /* print_size 0: nothing is known of how it begins */
  uint64_t offset;      /* WAITING: where to begin; FINISHED: where it ended */
  uint32_t known;       /* `identity` comes from a position: the file must be this one */
  uint32_t ready, at_end, replaced, leaving, gone, doomed;
  int watch; /* -1: none */
  io_file *after;
  io_stream stream;
  io_framer framer;
};

typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  char *path; /* as it was configured */
  uint32_t follows;
  io_codec codec;
  io_framing framing;
  io_file **files;
  uint64_t count, room;
  uint64_t current; /* the file to read next */
  io_watch watch;
  io_trouble trouble;
} io_reading;

void io_reading_free(io_reading *reading);
/* A file that is not read yet, at the end of the list. NULL: no memory. */
io_file *io_reading_add(io_reading *reading, const char *path, uint64_t size);
/* Close a file and take it out of the list. */
void io_reading_remove(io_reading *reading, uint64_t at);

/* Open a file where it was left. MR_OK or MR_E_*. */
mr_status io_file_open(io_reading *reading, io_file *file);
void io_file_close(io_reading *reading, io_file *file);
/* Learn more of how a growing file begins. */
void io_file_identify(const io_reading *reading, io_file *file);
/* Where it is, for a checkpoint. */
io_place io_file_place(const io_reading *reading, io_file *file);

/* Emit records of followed files, or of the next file. MR_OK, MR_AGAIN, MR_DONE or MR_E_*. */
mr_status io_follow(io_reading *reading, uint32_t *credit);
/* Look for files and be told of them from now on. MR_OK or MR_E_*. */
mr_status io_follow_begin(io_reading *reading, int64_t every);

#endif
