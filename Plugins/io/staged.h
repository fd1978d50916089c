/* SPDX-License-Identifier: Apache-2.0
 * What is known of bytes that wait for the commit of their epoch: the names of hidden files, and
 * the tokens that name them.
 *
 * A hidden file is called `.NAME.LINEAGE-NODE-WRITER-ATTEMPT-SERIAL.staged`: the name of the output
 * (its beginning, if it is long), 32 hexadecimal digits, 16 of a hash of cluster, job and node,
 * three numbers. Bytes are written before their epoch is known, so files of an attempt are
 * numbered.
 *
 * Token, as packing.h has it. An empty one: nothing was written.
 *
 *   u8   version, 1
 *   u8   kind
 *   kind 1, a place in one file
 *     u64 u64 u64  offset in the file, length, digest
 *     text         path of the file
 *     text         path of the hidden file; empty: `length` bytes follow
 *   kind 2, complete parts
 *     u32          how many; for each:
 *     u64 u64      length, digest
 *     text         path it shall have
 *     text         path of the hidden file
 *
 * A reader refuses another version or kind, and what
 * is longer or shorter than it says. */
#ifndef MR_IO_STAGED_H
#define MR_IO_STAGED_H

#include "naming.h"
#include <millrace/ext/sink.h>

#include "../shared/packing.h"

#define IO_TOKEN_VERSION 1u
enum { IO_TOKEN_PLACE = 1, IO_TOKEN_PARTS = 2 };

/* A part that is complete and has not got its name yet. */
typedef struct {
  uint64_t size, digest;
  char *path, *hidden;
} io_complete;

/* Who writes. */
typedef struct {
  char words[128]; /* `LINEAGE-NODE-WRITER-`, what files of all attempts share */
  uint64_t attempt, serial;
  uint32_t known; /* `open` was called: there are checkpoints */
} io_identity_of_writer;

void io_identify_writer(io_identity_of_writer *identity, const mr_sink_writer *who,
                        uint64_t (*hash)(const void *, uint64_t));
/* The name of the next hidden file for an output at `path`, made in the last of its folders that
 * does not depend on the time. 0: it is too long. */
int io_hide(io_identity_of_writer *identity, const char *path, char into[IO_PATH]);
/* Remove the hidden files of smaller attempts, but for `kept`. */
void io_unhide_older(const io_identity_of_writer *identity, const char *path, const char *kept);

#endif
