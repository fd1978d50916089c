/* SPDX-License-Identifier: Apache-2.0
 * Both ends of what `millrace plugin check` runs: sources whose records depend on their parameters
 * alone, and a sink that writes down what came.
 *
 * What the sink writes for each record, 32 bytes, little endian:
 *
 *   u32 length   u16 flags   u16 key length   i64 event time   u64 key hash   u64 payload hash */
#ifndef MR_CONFORM_H
#define MR_CONFORM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* strndup */
#endif
#include <millrace/millrace.h>
#include <stdlib.h>

#define CONFORM_FRAME 32u

extern const mr_operator conform_bytes, conform_text, conform_json, conform_record;

/* One record to be sent. */
typedef struct {
  uint32_t length;
  uint16_t key_length;
  uint16_t flags;
  int64_t event_time;
} conform_shape;

/* SplitMix64. */
static inline uint64_t conform_next(uint64_t *state) {
  uint64_t value = *state += UINT64_C(0x9E3779B97F4A7C15);
  value = (value ^ (value >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  value = (value ^ (value >> 27)) * UINT64_C(0x94D049BB133111EB);
  return value ^ (value >> 31);
}

#endif
