/* SPDX-License-Identifier: Apache-2.0
 * Drives one operator through checkpoints and crashes, as often as there are seeds:
 *
 *   barriers sink|flow|damage|proof LIBRARY OPERATOR FIRST-SEED SEEDS [PARAMETER=VALUE …] < RECORDS
 *
 * What is proven is at the top of sink.c, flow.c, damage.c and proof.c. `sink` looks at what LOOK
 * prints, and expects BEFORE and the records, one to a line; with EXACT=1 after each commit too;
 * with FULL=1 files may not grow now and then; TORN is a file that crashes leave rubbish in; with
 * RESET, a command, runs before each seed. */
#include "host.h"
#include <unistd.h>

int main(int count, char **words) {
  if (count < 6) {
    fprintf(stderr, "usage: barriers sink|flow|damage|proof LIBRARY OPERATOR FIRST-SEED SEEDS "
                    "[PARAMETER=VALUE …] < RECORDS\n");
    return 2;
  }
  parameters = words + 6;
  parameter_count = count - 6;
  const mr_operator *op = load(words[2], words[3]);
  uint64_t first = strtoull(words[4], NULL, 10), seeds = strtoull(words[5], NULL, 10);
  if (op->kind != MR_KIND_SOURCE)
    read_input();
  for (uint64_t seed = first; seed < first + seeds; seed++) {
    const char *reset = getenv("RESET");
    if (reset != NULL && system(reset) != 0)
      fail("`%s` fails", reset);
    keyed_state_clear();
    seed_chance(seed);
    fprintf(stderr, "seed %llu\r", (unsigned long long)seed);
    if (strcmp(words[1], "sink") == 0)
      run_sink(op, seed);
    else if (strcmp(words[1], "flow") == 0)
      run_flow(op, seed);
    else if (strcmp(words[1], "damage") == 0)
      run_damage(op, seed);
    else
      run_proof(op);
  }
  return 0;
}
