// SPDX-License-Identifier: Apache-2.0
// Saved state and positions that are cut, or have other bytes: an operator refuses them with
// MR_E_STATE, or takes them for what they say, and lives.
#include "host.h"

static void damage(text *bytes) {
  if (bytes->size == 0)
    return;
  if (one_in(2))
    bytes->size = chance() % bytes->size;
  for (uint64_t n = bytes->size > 0 ? chance() % 4 : 0; n > 0; n--)
    bytes->bytes[chance() % bytes->size] = (char)(one_in(2) ? chance() : one_in(2) ? 0xff : 0);
}

/* A life to the end of the input, or until it fails. */
static void live_on(life *l) {
  uint32_t taken;
  if (l->source != NULL) {
    for (int i = 0; i < 20 && poll_source(l, BATCH) == MR_OK; i++)
      ;
    return;
  }
  for (uint32_t at = 0; at < input_count && at < 200; at += taken) {
    uint32_t count = input_count - at < BATCH ? input_count - at : BATCH;
    if (process(l, input + at, count, at, &taken) < 0 || taken == 0)
      return;
  }
  stop(l);
}

static void spoil(checkpoint *one) {
  if (one->count > 0)
    damage(&one->pieces[chance() % one->count].bytes);
  if (one->places.count > 0) {
    mr_split *split = &one->places.items[chance() % one->places.count];
    text bytes = {(char *)(uintptr_t)split->position.data, split->position.size, 0, 0};
    damage(&bytes);
    split->position.size = bytes.size;
  }
}

void run_damage(const mr_operator *op, uint64_t seed) {
  text ignored = {0};
  life l = {.result = &ignored};
  checkpoint none = {0}, saved;
  uint32_t taken, refused = 0;
  (void)seed;
  if (begin(&l, op, &none) != MR_OK || assign(&l, &none) != MR_OK || start(&l, 0) != MR_OK)
    fail("setup: %s", l.ctx.text);
  for (uint32_t at = 0; l.source == NULL && at < input_count && at < 100; at += taken)
    if (process(&l, input + at, 1, at, &taken) < 0)
      fail("process: %s", l.ctx.text);
  if (l.source != NULL)
    poll_source(&l, 10);
  for (int i = 0; i < 40; i++) {
    if (take_checkpoint(&l, 1, &saved) != MR_OK)
      fail("save: %s", l.ctx.text);
    spoil(&saved);
    life next = {.result = &ignored};
    mr_status status = begin(&next, op, &saved);
    if (status == MR_OK)
      status = assign(&next, &saved);
    if (status == MR_OK)
      status = start(&next, 1);
    if (status == MR_OK)
      live_on(&next);
    else if (status != MR_E_STATE)
      fail("a damaged state is answered by %d: %s", (int)status, next.ctx.text);
    refused += status != MR_OK;
    if (next.arena != NULL)
      end(&next);
    else
      op->destroy(next.instance);
    forget(&saved);
    ignored.size = 0;
  }
  if (refused == 0)
    fail("no damaged state was refused");
  end(&l);
  drop(&ignored);
}
