/* SPDX-License-Identifier: Apache-2.0
 * What the files of this plugin share: the operators, and a few lines each of them needs. */
#ifndef MR_BENCH_H
#define MR_BENCH_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* clock_gettime */
#endif
#include <millrace/millrace.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

extern const mr_operator bench_token_source, bench_token_sink, bench_echo, bench_count,
    bench_keyed;
extern const mr_operator oracle_source, oracle_sink;

/* Fail with a formatted text. Returns `code`. */
__attribute__((format(printf, 4, 5))) static inline mr_status
bench_fail(const mr_host *host, mr_ctx *ctx, mr_status code, const char *format, ...) {
  char text[1024];
  va_list values;
  va_start(values, format);
  int size = vsnprintf(text, sizeof text, format, values);
  va_end(values);
  if (size < 0)
    return mr_fail(host, ctx, code, format);
  uint64_t shown = (uint64_t)size < sizeof text ? (uint64_t)size : sizeof text - 1;
  host->set_error(ctx, code, text, shown);
  return code;
}

static inline mr_status bench_no_memory(const mr_host *host, mr_ctx *ctx) {
  return mr_fail(host, ctx, MR_E_NOMEM, "out of memory");
}

static inline mr_status bench_number(const mr_config *config, const char *path, uint64_t *into) {
  int64_t number = 0;
  mr_status status = config->get_int(config, path, &number);
  *into = (uint64_t)number;
  return status;
}

/* What the extensions answer when bytes could not be moved, or are not as they should be. */
static inline mr_status bench_moved(const mr_host *host, mr_ctx *ctx, mr_status status) {
  return status == MR_OK ? MR_OK : mr_fail(host, ctx, status, "its state could not be moved");
}
static inline mr_status bench_damaged(const mr_host *host, mr_ctx *ctx) {
  return mr_fail(host, ctx, MR_E_STATE, "the saved state is damaged");
}

static inline const void *bench_no_extension(const mr_operator *self, const char *id) {
  (void)self;
  (void)id;
  return NULL;
}

#endif
