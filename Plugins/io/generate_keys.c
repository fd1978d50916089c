// SPDX-License-Identifier: Apache-2.0
// Keys of `generate`: their hashes, made once, and Zipf's distribution with exponent 1: key k comes
// with a probability proportional to 1 / (k + 1).
//
// Vose's alias method. Each of the `count` columns is as likely as the other; column i belongs to
// key i up to `share[i]` and to key `other[i]` from there on.
#include "generate.h"

static mr_status make_hashes(generate_keys *keys, const mr_host *host, int text) {
  keys->hash = malloc(keys->count * sizeof *keys->hash);
  if (keys->hash == NULL)
    return MR_E_NOMEM;
  for (uint64_t key = 0; key < keys->count; key++) {
    uint8_t name[24] = {'k'};
    if (text)
      keys->hash[key] = host->hash(name, 1 + generate_digits(name + 1, key));
    else
      keys->hash[key] = host->hash(&key, sizeof key);
  }
  return MR_OK;
}

static mr_status make_aliases(generate_keys *keys) {
  uint64_t count = keys->count, poor = 0, rich = count;
  keys->share = malloc(count * sizeof *keys->share);
  keys->other = malloc(count * sizeof *keys->other);
  uint32_t *waiting = malloc(count * sizeof *waiting); /* poor from the left, rich from the right */
  if (keys->share == NULL || keys->other == NULL || waiting == NULL) {
    free(waiting);
    return MR_E_NOMEM;
  }
  double sum = 0;
  for (uint64_t key = count; key-- > 0;)
    sum += 1.0 / (double)(key + 1);
  for (uint64_t key = 0; key < count; key++) {
    keys->share[key] = (double)count / ((double)(key + 1) * sum);
    keys->other[key] = (uint32_t)key;
    if (keys->share[key] < 1)
      waiting[poor++] = (uint32_t)key;
    else
      waiting[--rich] = (uint32_t)key;
  }
  while (poor > 0 && rich < count) {
    uint32_t small = waiting[--poor], large = waiting[rich];
    keys->other[small] = large;
    keys->share[large] -= 1 - keys->share[small];
    if (keys->share[large] < 1) {
      rich++;
      waiting[poor++] = large;
    }
  }
  /* What is left differs from 1 by rounding only, and its `other` is itself. */
  free(waiting);
  return MR_OK;
}

mr_status generate_keys_make(generate_keys *keys, const mr_host *host, int text) {
  if (keys->count == 0)
    return MR_OK;
  mr_status status = make_hashes(keys, host, text);
  return status == MR_OK && keys->zipf ? make_aliases(keys) : status;
}

void generate_keys_free(generate_keys *keys) {
  free(keys->hash);
  free(keys->share);
  free(keys->other);
}
