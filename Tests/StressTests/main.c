/* SPDX-License-Identifier: Apache-2.0
 * stress [ROUNDS [SCENARIO]]   runs every scenario so many times (4), or one of them
 *
 * The lock-free types that are shipped, on real threads, each record checked. To be built with
 * ThreadSanitizer: swift build --sanitize=thread --product stress */
#define _GNU_SOURCE
#include "stress.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int main(int count, char **words) {
  uint32_t rounds = count > 1 ? (uint32_t)strtoul(words[1], NULL, 10) : 4;
  uint32_t ran = 0;
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (uint32_t i = 0; i < scenario_count; i++) {
    const scenario *s = &scenarios[i];
    if (count > 2 && strcmp(words[2], s->name) != 0)
      continue;
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (uint32_t round = 0; round < rounds; round++, ran++)
      if (stress_run(s, round) != 0)
        return 1;
    clock_gettime(CLOCK_MONOTONIC, &to);
    printf("stress: %-10s %u rounds in %.1f s\n", s->name, rounds,
           (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9);
  }
  if (ran == 0) {
    fprintf(stderr, "usage: stress [ROUNDS [SCENARIO]]\n");
    return 64;
  }
  printf("stress: nothing lost, nothing twice, nothing out of order\n");
  return 0;
}
