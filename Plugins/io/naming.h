/* SPDX-License-Identifier: Apache-2.0
 * The names of files that are written.
 *
 *   %Y %m %d %H %M %S %j   year, month, day, hour, minute, second, day of the year, UTC
 *   %%                     a percent sign
 *
 * Parts of a file get a number of five digits or more before the first dot of their name:
 * `logs/web.log.gz` becomes `logs/web-00000.log.gz`. While a part is written it is called
 * `.web-00000.log.gz.part`, in the same folder. */
#ifndef MR_IO_NAMING_H
#define MR_IO_NAMING_H

#include "io.h"

#define IO_PATH 4096u /* with its NUL */

/* Is every percent sign the beginning of something known? The character behind a wrong one, or 0.
 */
int io_naming_unknown(const char *pattern);
/* Does the name change with time? Then, the seconds after which it may: 1, 60, 3600 or 86400. */
int64_t io_naming_period(const char *pattern);
/* The name at `seconds` since 1970. 0: it is too long. */
int io_naming_expand(const char *pattern, int64_t seconds, char into[IO_PATH]);
/* The name of a part, and the one it has before it is complete. 0: too long. */
int io_naming_part(const char *path, uint64_t number, char into[IO_PATH]);
int io_naming_unfinished(const char *path, char into[IO_PATH]);
/* The smallest number that no part of `path`, complete or not, has or is below. */
uint64_t io_naming_next(const char *path);
/* Make the folders above `path`. MR_OK or MR_E_IO. */
mr_status io_make_folders(const char *path, io_trouble *trouble);

#endif
