/* SPDX-License-Identifier: Apache-2.0
 * What a call per record costs: through the ABI as a batch of one, and as the plain callback
 * (self, bytes, length) -> status that other hosts have. Same records of 100 bytes, same work (add
 * up the words of the payload), one indirect call each, and the status is looked at. A host under
 * no load hands over batches of one, so the first should not cost more.
 */
#include "limit.h"
#include <millrace/millrace.h>

#include <stdio.h>
#include <stdlib.h>

enum { RECORDS = 1024, STRIDE = 144, ROUNDS = 64 };

typedef mr_status (*callback)(void *self, const uint8_t *bytes, size_t length);

static uint64_t add_up(const uint8_t *payload, uint32_t length) {
  uint64_t sum = 0, word;
  for (uint32_t i = 0; i + sizeof word <= length; i += sizeof word) {
    memcpy(&word, payload + i, sizeof word);
    sum += word;
  }
  return sum;
}

static mr_status take_batch(void *self, const mr_batch *in, mr_work *work) {
  uint64_t *sum = self;
  for (uint32_t i = 0; i < in->count; i++) {
    const mr_record *record = mr_at(in, i);
    *sum += add_up(mr_payload(in, record), record->length);
  }
  work->consumed = in->count;
  return MR_OK;
}

static mr_status take_bytes(void *self, const uint8_t *bytes, size_t length) {
  uint64_t *sum = self;
  *sum += add_up(bytes, (uint32_t)length);
  return MR_OK;
}

/* Volatile: the compiler must not see which function it is, as a host does not. */
static mr_status (*volatile process)(void *, const mr_batch *, mr_work *) = take_batch;
static callback volatile receive = take_bytes;

static void call_batches(const uint8_t *base, const uint32_t *units, uint64_t *sum) {
  mr_batch batch = {.struct_size = sizeof batch, .base = base};
  mr_work work = {.struct_size = sizeof work};
  for (uint32_t i = 0; i < RECORDS; i += work.consumed) {
    batch.index = units + i;
    batch.count = 1;
    batch.sequence = i;
    work.consumed = 0;
    if (process(sum, &batch, &work) != MR_OK || work.consumed != 1) {
      abort();
    }
  }
}

static void call_callbacks(const uint8_t *base, const uint32_t *units, uint64_t *sum) {
  for (uint32_t i = 0; i < RECORDS; i++) {
    const mr_record *record = (const mr_record *)(const void *)(base + units[i] * MR_UNIT);
    if (receive(sum, (const uint8_t *)(record + 1), record->length) != MR_OK) {
      abort();
    }
  }
}

/* Nanoseconds per record, the best of many rounds: the rest is the machine's noise. */
static double best(void (*call)(const uint8_t *, const uint32_t *, uint64_t *), const uint8_t *base,
                   const uint32_t *units, uint64_t *sum, double seconds) {
  double least = 1, end = limit_now() + seconds, before, after;
  do {
    before = limit_now();
    for (int round = 0; round < ROUNDS; round++) {
      call(base, units, sum);
    }
    after = limit_now();
    if (after - before < least) {
      least = after - before;
    }
  } while (after < end);
  return least * 1e9 / RECORDS / ROUNDS;
}

int limit_calls(double seconds) {
  uint8_t *base = aligned_alloc(64, RECORDS * STRIDE);
  uint32_t units[RECORDS];
  uint64_t batches = 0, callbacks = 0;
  if (!base) {
    return 1;
  }
  for (uint32_t i = 0; i < RECORDS; i++) {
    mr_record record = {.length = 100, .flags = MR_REC_UNKEYED, .event_time = MR_TIME_NONE};
    uint64_t number = i;
    memset(base + i * STRIDE, 1, STRIDE);
    memcpy(base + i * STRIDE, &record, sizeof record);
    memcpy(base + i * STRIDE + sizeof record, &number, sizeof number);
    units[i] = i * STRIDE / MR_UNIT;
  }
  call_batches(base, units, &batches);
  call_callbacks(base, units, &callbacks);
  int right = batches == callbacks;
  double batch = best(call_batches, base, units, &batches, seconds / 2);
  double plain = best(call_callbacks, base, units, &callbacks, seconds / 2);
  printf("{\"shape\":\"limit-calls\",\"batch_of_one_ns\":%.3f,\"callback_ns\":%.3f,"
         "\"ratio\":%.3f,\"right\":%s}\n",
         batch, plain, batch / plain, right ? "true" : "false");
  free(base);
  return !right;
}
