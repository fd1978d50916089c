/* SPDX-License-Identifier: Apache-2.0
 * What the files of this plugin share: the operators, and a few lines each of them needs. */
#ifndef MR_BENCH_H
#define MR_BENCH_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* clock_gettime */
#endif
#include "../shared/failure.h"
#include <millrace/millrace.h>
#include <stdlib.h>

extern const mr_operator bench_token_source, bench_token_sink, bench_echo, bench_count,
    bench_keyed;
extern const mr_operator oracle_source, oracle_sink;

/* Fail with a formatted text. Returns `code`. */
#define bench_fail(...) failure_say(1024, __VA_ARGS__)

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
