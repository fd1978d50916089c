/* SPDX-License-Identifier: Apache-2.0
 * `file.sink`: what its files share.
 *
 * A pipe or a device goes through `writer`. Everything else is a regular file, written in one of
 * two ways:
 *
 *   in place   `path` itself, emptied at the start or added to, complete at the end
 *   in parts   numbered files that get their names when they are complete: with roll_size,
 *              roll_every, or a time in the path
 *
 * With checkpoints (`open` was called) nothing is written there before its epoch is committed: it
 * waits in `stage`, and `part` stays as it was opened. A file in place then gets the bytes of one
 * epoch after the other, each at the offset that its token names; a part is complete when an epoch
 * says so, and its hidden file is renamed. docs/decisions/020-staged-output.md says why.
 *
 * Without checkpoints, parts are also completed while no records come, by a thread of the sink: it
 * holds `lock` for that, as every call does. It sleeps until the open part is due, or until there
 * is one. */
#ifndef MR_IO_FILE_SINK_H
#define MR_IO_FILE_SINK_H

#include "part.h"
#include "stage.h"
#include "staged.h"
#include "writer.h"
#include <pthread.h>

typedef enum { IO_SYNC_NEVER, IO_SYNC_FINISH, IO_SYNC_ALWAYS } io_sync;

typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  char *path; /* as configured: perhaps with a time */
  uint32_t append, with_key;
  io_codec codec;
  io_sync sync;
  int64_t roll_size;  /* bytes, 0: no limit */
  int64_t roll_every; /* ns, 0: for ever */
  int64_t period;     /* ns after which the name may change, 0: never */
  uint32_t in_parts, streams;
  io_writer writer; /* streams */
  uint8_t *bytes;   /* text that is not written yet */
  uint64_t used, room;
  uint64_t *ends; /* of the records in it */
  uint64_t end_count, end_room;
  io_part part;         /* guarded by lock, as all above, once the thread runs */
  char name[IO_PATH];   /* that the part was made from */
  uint64_t next_number; /* of the next part of that name */
  io_trouble trouble;   /* of the thread, told by the next call */
  pthread_mutex_t lock;
  pthread_cond_t changed; /* a part was opened, or the end has come */
  pthread_t clock;
  uint32_t has_clock, ends_clock;

  /* With checkpoints only. */
  io_identity_of_writer writer_identity;
  io_stage stage;
  uint64_t offset;        /* in place: where the next epoch begins */
  uint32_t restored;      /* `offset`, or the parts, are those of a checkpoint */
  int64_t opened;         /* parts: wall clock of the first record in `stage` */
  uint64_t number;        /* parts: of the part in `stage` */
  int64_t newest;         /* parts: the clock never goes back behind this */
  io_complete *completes; /* parts that are complete and belong to the next token */
  uint64_t complete_count, complete_room;
  char inherited[IO_PATH]; /* hidden file of an earlier attempt that `stage` began with; "": none */
  uint64_t inherited_size, inherited_digest;
  uint32_t outlived;    /* and is needed no more */
  uint64_t first_epoch; /* the first that this instance prepared; 0: none */
} file_sink;

#define FILE_SINK_PARAMS 7u
extern const mr_param *const file_sink_params[FILE_SINK_PARAMS];

/* Read the parameters. MR_OK or MR_E_*. */
mr_status file_sink_configure(file_sink *sink, const mr_config *config);

/* Take the text of a record. MR_OK or MR_E_*, in `trouble`. */
mr_status file_sink_add(file_sink *sink, const uint8_t *payload, const mr_record *record,
                        int64_t now);
/* Make room for the text of one more record. 0: no memory. */
int file_sink_make_room(file_sink *sink, uint64_t size);
/* Write what is taken. */
mr_status file_sink_flush(file_sink *sink, int64_t now);
/* `name` and `next_number` of a part that begins now. */
mr_status file_sink_name_part(file_sink *sink, int64_t now);
/* Complete the part that is open. */
mr_status file_sink_roll(file_sink *sink);
/* The same for a batch when there are checkpoints: all of it, or up to work->consumed. A failure
 * has taken nothing. */
mr_status file_sink_stage(file_sink *sink, const mr_batch *batch, mr_work *work);
/* The input has ended: so has the part. */
mr_status file_sink_end_stage(file_sink *sink);
/* Become a writer after create and restore: at the end of what is committed. */
mr_status file_sink_start_stage(file_sink *sink, uint64_t restored_epoch);
/* What belongs to an epoch, and its token. */
mr_status file_sink_prepare(file_sink *sink, uint64_t epoch, mr_writer *token);
void file_sink_free_stage(file_sink *sink);
extern const mr_sink file_sink_phases;
extern const mr_state file_sink_state;

/* When the open part must be completed, wall clock; INT64_MAX: at the end. */
int64_t file_sink_due(const file_sink *sink);
/* Start and end the thread. MR_OK or MR_E_*. */
mr_status file_sink_start_clock(file_sink *sink);
void file_sink_end_clock(file_sink *sink);

#endif
