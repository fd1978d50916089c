/* SPDX-License-Identifier: Apache-2.0
 * What the files of `file.source` share: its state, its parameters, its splits. */
#ifndef MR_IO_FILE_SOURCE_H
#define MR_IO_FILE_SOURCE_H

#include "reading.h"

typedef struct {
  io_reading reading;
  int64_t rescan;    /* ns */
  uint32_t assigned; /* `assign` was called: `idle` tells what it said */
  uint32_t idle;     /* no split is ours */
  uint32_t paused;
} file_source;

#define FILE_SOURCE_PARAMS 8u
extern const mr_param *const file_source_params[FILE_SOURCE_PARAMS];

/* Read the parameters; *rescan is nanoseconds. MR_OK or MR_E_*. */
mr_status file_source_configure(io_reading *reading, const mr_config *config, int64_t *rescan);

/* Of `millrace.source/1`. */
mr_status file_source_discover(void *op, mr_splits *found);
mr_status file_source_assign(void *op, const mr_split *splits, uint64_t n);
mr_status file_source_positions(void *op, uint64_t epoch, mr_splits *into);

#endif
