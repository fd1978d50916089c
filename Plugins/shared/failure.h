/* SPDX-License-Identifier: Apache-2.0
 * Failures with a formatted text. */
#ifndef MR_SHARED_FAILURE_H
#define MR_SHARED_FAILURE_H

#include <millrace/millrace.h>
#include <stdarg.h>
#include <stdio.h>

#define FAILURE_ROOM 4608u

/* Fail with a text of less than `room` bytes, FAILURE_ROOM at most. Returns `code`. */
__attribute__((format(printf, 5, 6))) static inline mr_status
failure_say(uint32_t room, const mr_host *host, mr_ctx *ctx, mr_status code, const char *format,
            ...) {
  char text[FAILURE_ROOM];
  va_list values;
  va_start(values, format);
  int size = vsnprintf(text, room, format, values);
  va_end(values);
  if (size < 0)
    return mr_fail(host, ctx, code, format);
  host->set_error(ctx, code, text, (uint32_t)size < room ? (uint32_t)size : room - 1);
  return code;
}

#endif
