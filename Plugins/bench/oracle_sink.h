/* SPDX-License-Identifier: Apache-2.0
 * `oracle.sink`: what its files share. */
#ifndef MR_ORACLE_SINK_H
#define MR_ORACLE_SINK_H

#include "oracle.h"

typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  uint64_t count, keys, channel;
  uint64_t seen;
  uint64_t *expected; /* sequence that comes next, per key */
  uint64_t *before;   /* the same when the epoch began */
  uint32_t tasks;
  uint32_t counted, round; /* in the total of its channel */
  char *effects;           /* folder; NULL: none */
  char lineage[33];
} oracle;

mr_status oracle_effects_configure(oracle *op, const mr_config *config);
extern const mr_sink oracle_phases;
extern const mr_state oracle_state;

#endif
