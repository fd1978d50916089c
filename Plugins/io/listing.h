/* SPDX-License-Identifier: Apache-2.0
 * The files that a path or a pattern names: `*`, `?` and `[…]` in any part, sorted by their bytes.
 * A file that is called exactly as the pattern is meant by itself. */
#ifndef MR_IO_LISTING_H
#define MR_IO_LISTING_H

#include "io.h"

typedef struct {
  char **paths;
  uint64_t count;
  uint64_t others; /* names that are no regular files, left out */
} io_listing;

/* Is this a pattern, and not the name of a file? */
int io_is_pattern(const char *path);
/* Find the regular files. For a path without a pattern, whatever is there. MR_OK or MR_E_*. */
mr_status io_list(const char *pattern, io_listing *found, io_trouble *trouble);
/* Every folder that a name of the pattern may appear in, those of its middle parts too. */
mr_status io_list_folders(const char *pattern, io_listing *found, io_trouble *trouble);
void io_listing_free(io_listing *listing);

#endif
