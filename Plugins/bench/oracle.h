/* SPDX-License-Identifier: Apache-2.0
 * The sequence oracle. Record n, n from 0 to count - 1, has the key n mod keys, the sequence
 * n / keys within it, and this payload, numbers of 8 bytes, little endian:
 *
 *   key (it is the record's key)  sequence  n
 *
 * Instance i of p emits the keys with key mod p = i, so every key has one source task. The sink
 * knows which sequence it expects of each key. */
#ifndef MR_ORACLE_H
#define MR_ORACLE_H

#include "bench.h"

#define ORACLE_BYTES 24u

typedef struct {
  uint64_t key, sequence, n;
} oracle_payload;
MR_STATIC_ASSERT(sizeof(oracle_payload) == ORACLE_BYTES, "the payload has no gaps");

extern const mr_param oracle_count, oracle_keys;

#endif
