/* SPDX-License-Identifier: Apache-2.0
 * What the files of this plugin share: the operators, and a few lines each of them needs. */
#ifndef MR_IO_H
#define MR_IO_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memrchr */
#endif
#include "../shared/failure.h"
#include <millrace/millrace.h>
#include <stdlib.h>

extern const mr_operator io_stdin, io_stdout, io_file_source, io_file_sink, io_generate, io_null,
    io_dlq_source;

/* Payload bytes of a chunk: with its header, half a block of the arena. */
#define IO_CHUNK 32736u

/* Fail with a formatted text. Returns `code`. */
#define io_fail(...) failure_say(FAILURE_ROOM, __VA_ARGS__)

/* A failure that waits until a call has no output to lose. The first one stays. */
typedef struct {
  mr_status status; /* MR_OK: none */
  int error;        /* errno, where there was one */
  char text[FAILURE_ROOM];
} io_trouble;

/* Note a failure, unless there is one. The text may begin with a code, `MR5303 `, and end with a
 * line of its own that says what to do next. Returns the status that stands. */
__attribute__((format(printf, 3, 4))) mr_status io_note(io_trouble *trouble, mr_status status,
                                                        const char *format, ...);
/* The same for a call that left errno: its text is appended. `next` may be NULL. */
__attribute__((format(printf, 3, 4))) mr_status io_note_errno(io_trouble *trouble, const char *next,
                                                              const char *format, ...);
/* Tell the host, and forget. Returns the status. */
mr_status io_tell(io_trouble *trouble, const mr_host *host, mr_ctx *ctx);
/* Log one line. */
__attribute__((format(printf, 4, 5))) void io_say(const mr_host *host, mr_ctx *ctx, mr_level level,
                                                  const char *format, ...);

/* Is the parameter there, by its user or by default? */
static inline int io_given(const mr_config *config, const char *path) {
  mr_type type = config->type(config, path);
  return type != MR_T_ABSENT && type != MR_T_NULL;
}

/* A required path as a C string in *out, which the caller frees. */
static inline mr_status io_path(const mr_host *host, mr_ctx *ctx, const mr_config *config,
                                char **out) {
  mr_str path;
  mr_status status = config->get_string(config, "/path", &path);
  if (status != MR_OK)
    return status;
  if (path.size == 0 || memchr(path.data, 0, path.size) != NULL)
    return io_fail(host, ctx, MR_E_CONFIG, "path: expected the name of a file, found %s",
                   path.size == 0 ? "an empty text" : "a text with a NUL byte");
  char *copy = malloc(path.size + 1);
  if (copy == NULL)
    return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
  memcpy(copy, path.data, path.size);
  copy[path.size] = 0;
  *out = copy;
  return MR_OK;
}

/* Where to end a chunk: behind its last newline, so that lines stay whole. In a line that fills the
 * chunk, behind its last white space, so that at least words do. Else, all of it. */
static inline uint32_t io_cut(const uint8_t *bytes, uint32_t size) {
  const uint8_t *last = memrchr(bytes, '\n', size);
  if (last != NULL)
    return (uint32_t)(last - bytes) + 1;
  uint32_t end = size < IO_CHUNK ? 0 : size;
  while (end > 0 && bytes[end - 1] != ' ' && (uint8_t)(bytes[end - 1] - 9) > 4)
    end--;
  return end > 0 ? end : size;
}

/* The head of a record without key or time. */
static inline mr_record io_head(uint32_t length, uint32_t schema) {
  return (mr_record){
      .length = length, .flags = MR_REC_UNKEYED, .event_time = MR_TIME_NONE, .schema = schema};
}

#endif
