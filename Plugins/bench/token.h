/* SPDX-License-Identifier: Apache-2.0
 * The token of one channel: it is with the source, or on its way in a record, or handed back by the
 * sink. Whoever holds it is the only one to touch it.
 *
 *   word     stored by   read by   store    load     hands over
 *   here     both        source    release  acquire  the token, and `returned`
 *   source   source      sink      release  acquire  `host`; NULL: no source
 * Joining and leaving is under a lock. */
#ifndef MR_BENCH_TOKEN_H
#define MR_BENCH_TOKEN_H

#include "bench.h"
#include <time.h>

#define TOKEN_CHANNELS 64
#define TOKEN_BYTES 100u /* payload of the record: the time it left, its number, filler */

typedef struct {
  uint32_t here;
  uint32_t sinks;
  mr_ctx *source;
  const mr_host *host;
  int64_t returned; /* monotonic ns */
} token_channel;

/* Become the source of a channel, or its sink. NULL: it has one already. [setup] */
token_channel *token_join_source(uint64_t channel, const mr_host *host, mr_ctx *ctx);
token_channel *token_join_sink(uint64_t channel);
void token_leave_source(token_channel *channel);
void token_leave_sink(token_channel *channel);
/* Give the token back and wake the source, if there is one. [task] */
void token_give_back(token_channel *channel, int64_t now);

static inline int64_t token_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

#endif
