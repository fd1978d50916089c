// SPDX-License-Identifier: Apache-2.0
// The C library of expressions alone, on one core: records of about 150 bytes, made by a fixed
// rule, in memory one after another. Prints one line of JSON, of processor time: what else runs on
// the machine does not count.
//
//   filter   `amount > 100` through mrx_test, as `filter` asks it
//   bound    the least that finds the same records: memmem for the name, digits by hand; it knows
//            that the records are flat, have the field and write it in one way
//   check    mrx_json_check over the same bytes
//
// usage: expression [--write FILE] [COUNT]
#ifndef _GNU_SOURCE
#define _GNU_SOURCE // memmem
#endif
#include "mrx.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS 9

typedef struct {
  uint8_t *bytes;
  uint64_t *ends; /* ends[i] is where record i ends and i + 1 begins */
  uint64_t count;
} records;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static records make(uint64_t count) {
  static const char *const countries[] = {"DE", "AT", "CH", "FR"};
  records r = {malloc(count * 200), malloc((count + 1) * sizeof(uint64_t)), count};
  uint64_t at = 0, state = 42;
  for (uint64_t i = 0; i < count; i++) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    uint32_t cents = (uint32_t)(state >> 33) % 20000, customer = (uint32_t)(state >> 40) % 100000;
    r.ends[i] = at;
    at += (uint64_t)sprintf((char *)r.bytes + at,
                            "{\"id\":%" PRIu64 ",\"customer\":\"c%05u\",\"country\":\"%s\","
                            "\"product\":\"a thing with a name\",\"amount\":%u.%02u,"
                            "\"currency\":\"EUR\",\"time\":\"2026-01-%02uT12:00:00Z\",\"ok\":true}",
                            1000000 + i, customer, countries[state >> 62], cents / 100, cents % 100,
                            1 + (uint32_t)(state >> 35) % 28);
  }
  r.ends[count] = at;
  return r;
}

static uint64_t filter(const records *r, mr_expression *e) {
  uint64_t kept = 0;
  for (uint64_t i = 0; i < r->count; i++) {
    mrx_record of = {r->bytes + r->ends[i], r->ends[i + 1] - r->ends[i], NULL, 0, MR_TIME_NONE};
    int holds;
    if (mrx_test(e, &of, &holds) != 0)
      abort();
    kept += (uint64_t)holds;
  }
  return kept;
}

static uint64_t bound(const records *r) {
  static const char name[] = "\"amount\":";
  uint64_t kept = 0;
  for (uint64_t i = 0; i < r->count; i++) {
    const uint8_t *at = r->bytes + r->ends[i];
    at = memmem(at, r->ends[i + 1] - r->ends[i], name, sizeof name - 1);
    int64_t value = 0;
    for (at += sizeof name - 1; (uint8_t)(*at - '0') <= 9; at++)
      value = value * 10 + (*at - '0');
    int more = 0;
    if (*at == '.')
      for (at++; (uint8_t)(*at - '0') <= 9; at++)
        more |= *at != '0';
    kept += value > 100 || (value == 100 && more);
  }
  return kept;
}

static uint64_t check(const records *r) {
  mr_json_fault fault;
  uint64_t valid = 0;
  for (uint64_t i = 0; i < r->count; i++)
    valid += (uint64_t)mrx_json_check(r->bytes + r->ends[i], r->ends[i + 1] - r->ends[i], &fault);
  return valid;
}

int main(int argc, char **argv) {
  const char *file = argc > 2 && strcmp(argv[1], "--write") == 0 ? argv[2] : NULL;
  int given = file != NULL ? 3 : 1;
  records r = make(argc > given ? strtoull(argv[given], NULL, 10) : 200000);
  if (file != NULL) {
    FILE *out = fopen(file, "w");
    for (uint64_t i = 0; out != NULL && i < r.count; i++)
      fprintf(out, "%.*s\n", (int)(r.ends[i + 1] - r.ends[i]), (char *)r.bytes + r.ends[i]);
    return out == NULL || fclose(out) != 0;
  }
  mrx_fault fault;
  mr_expression *e = mrx_compile("amount > 100", 12, MR_EXPRESSION_CONDITION, &fault);
  double best[3] = {1e9, 1e9, 1e9};
  uint64_t kept[3] = {0, 0, 0};
  for (int round = 0; round < ROUNDS; round++)
    for (int which = 0; which < 3; which++) {
      double begin = now();
      kept[which] = which == 0 ? filter(&r, e) : which == 1 ? bound(&r) : check(&r);
      double took = now() - begin;
      best[which] = took < best[which] ? took : best[which];
    }
  if (kept[0] != kept[1] || kept[2] != r.count)
    return 1;
  double n = (double)r.count, bytes = (double)r.ends[r.count];
  printf("{\"bytes_per_record\": %.1f, \"kept\": %.3f, \"filter_per_s\": %.0f, "
         "\"bound_per_s\": %.0f, \"check_per_s\": %.0f, \"check_bytes_per_s\": %.0f}\n",
         bytes / n, (double)kept[0] / n, n / best[0], n / best[1], n / best[2], bytes / best[2]);
  return 0;
}
