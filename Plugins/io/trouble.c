// SPDX-License-Identifier: Apache-2.0
// Failures with room for a path, and the codes that go with what the system says.
#include "io.h"
#include <errno.h>

mr_status io_note(io_trouble *trouble, mr_status status, const char *format, ...) {
  if (trouble->status != MR_OK)
    return trouble->status;
  va_list values;
  va_start(values, format);
  if (vsnprintf(trouble->text, sizeof trouble->text, format, values) < 0)
    trouble->text[0] = 0;
  va_end(values);
  return trouble->status = status;
}

static const char *code_of(int error) {
  switch (error) {
  case ENOENT:
  case ESTALE:
    return "MR5306";
  case EACCES:
  case EPERM:
  case EROFS:
  case ENOTDIR:
  case EISDIR:
  case ELOOP:
    return "MR5302";
  case ENOSPC:
  case EDQUOT:
    return "MR5307";
  default:
    return "MR5303";
  }
}

static const char *next_of(int error) {
  switch (error) {
  case ENOENT:
    return "check the path";
  case EACCES:
  case EPERM:
    return "check the owner and the permissions of the file and its folders";
  case EROFS:
    return "choose a path on a file system that can be written";
  case ENOSPC:
  case EDQUOT:
    return "free some space, then run again";
  case EMFILE:
  case ENFILE:
    return "raise the limit of open files (ulimit -n)";
  default:
    return NULL;
  }
}

mr_status io_note_errno(io_trouble *trouble, const char *next, const char *format, ...) {
  int error = errno;
  if (trouble->status != MR_OK)
    return trouble->status;
  char what[4352];
  va_list values;
  va_start(values, format);
  if (vsnprintf(what, sizeof what, format, values) < 0)
    what[0] = 0;
  va_end(values);
  if (next == NULL)
    next = next_of(error);
  trouble->error = error;
  return io_note(trouble, MR_E_IO, "%s %s: %s%s%s", code_of(error), what, strerror(error),
                 next != NULL ? "\n" : "", next != NULL ? next : "");
}

mr_status io_tell(io_trouble *trouble, const mr_host *host, mr_ctx *ctx) {
  mr_status status = trouble->status;
  host->set_error(ctx, status, trouble->text, strlen(trouble->text));
  trouble->status = MR_OK;
  trouble->error = 0;
  return status;
}

void io_say(const mr_host *host, mr_ctx *ctx, mr_level level, const char *format, ...) {
  char text[4608];
  va_list values;
  va_start(values, format);
  int size = vsnprintf(text, sizeof text, format, values);
  va_end(values);
  if (size > 0)
    host->log(ctx, level, text, (uint64_t)size < sizeof text ? (uint64_t)size : sizeof text - 1);
}
