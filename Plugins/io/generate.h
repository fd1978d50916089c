/* SPDX-License-Identifier: Apache-2.0
 * `generate`: made-up records, the same ones for the same parameters.
 *
 * Record n, n from 0 to count - 1, depends on n, the parameters and the seed only. Instance i of p
 * emits the n with n mod p = i. Payloads, all numbers 8 bytes little endian:
 *
 *   size, no keys      n, filler up to `size`
 *   size, keys         key, n, filler up to `size`; the key is the first 8 bytes
 *   value              the text given
 *   neither            n as decimal digits
 *   keys without size  "k" and the key as decimal digits before the value
 *
 * With `spacing` its time is n times that, in ns since 1970.
 */
#ifndef MR_IO_GENERATE_H
#define MR_IO_GENERATE_H

#include "io.h"
#include <millrace/ext/state.h>

/* Which key record n has. */
typedef struct {
  uint64_t count; /* 0: records have no key */
  uint64_t seed;
  uint32_t zipf;
  uint64_t *hash;  /* of each key's bytes */
  double *share;   /* zipf: alias table, the part of column i that is key i's own */
  uint32_t *other; /* zipf: whose the rest of column i is */
} generate_keys;

/* One form of record that needs no formatting: a head and a payload that only change in places. */
typedef struct {
  uint8_t *image;   /* head and payload, `stride` bytes, zero behind the payload */
  uint64_t stride;  /* a multiple of 16 */
  uint32_t stamped; /* n is in it, behind the key; otherwise it is the same every time */
  uint32_t reserved0;
} generate_image;

typedef struct {
  const mr_host *host;
  mr_ctx *ctx;
  mr_out *out;
  generate_keys keys;
  generate_image image; /* NULL image: text */
  mr_record head;
  mr_str value; /* data NULL: the number */
  uint64_t size;
  uint64_t count;    /* UINT64_MAX: no end */
  uint64_t next;     /* n of the next record */
  uint64_t first;    /* the one whose time the clock begins with */
  uint64_t step;     /* from one n of this instance to the next */
  double rate;       /* per second, over all instances; 0: no limit */
  uint64_t spacing;  /* ns; 0: records have no time */
  int64_t began;     /* monotonic ns when record `first` was due; 0: not yet */
  uint64_t restored; /* tasks there were when `next` was saved; 0: it was not */
  int timer;
} generate;

extern const mr_state generate_state;

/* Fill the tables. MR_OK or MR_E_NOMEM, without text. `text`: keys are "k0", "k1", ... */
mr_status generate_keys_make(generate_keys *keys, const mr_host *host, int text);
void generate_keys_free(generate_keys *keys);

/* Write up to `limit` records and advance `next`. Returns how many; fewer: see out->status. */
uint32_t generate_write_images(generate *op, uint32_t limit);
uint32_t generate_write_text(generate *op, uint32_t limit);

/* A number that n and the seed determine, and that looks like chance (splitmix64). */
static inline uint64_t generate_chance(uint64_t seed, uint64_t n) {
  uint64_t mixed = seed + (n + 1) * 0x9E3779B97F4A7C15u;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
  return mixed ^ (mixed >> 31);
}

static inline uint64_t generate_key(const generate_keys *keys, uint64_t n) {
  if (!keys->zipf)
    return n % keys->count;
  uint64_t chance = generate_chance(keys->seed, n);
  uint64_t column = (chance >> 32) * keys->count >> 32;
  double part = (double)(uint32_t)chance * 0x1p-32;
  return part < keys->share[column] ? column : keys->other[column];
}

/* `number` in decimal at `to`, at most 20 digits. Returns how many. */
static inline uint32_t generate_digits(uint8_t *to, uint64_t number) {
  uint8_t digits[20];
  uint32_t at = sizeof digits;
  do
    digits[--at] = (uint8_t)('0' + number % 10);
  while ((number /= 10) != 0);
  memcpy(to, digits + at, sizeof digits - at);
  return (uint32_t)sizeof digits - at;
}

#endif
