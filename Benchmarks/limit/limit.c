/* SPDX-License-Identifier: Apache-2.0
 * The most that handing records from one core to another through memory can give, so that a lane
 * can be judged on any machine. Nothing here does a job: no operator, no index, no counting of
 * blocks. What does one cannot be faster.
 *
 *   limit hop [--record 144] [--batch 256] [--for 1.0]   one way; a batch is one release store
 *   limit roundtrip [--for 1.0]                          one word there and back, both ends
 * spinning limit calls [--for 1.0]                              one call per record: as a batch of
 * one, and as a plain callback (see calls.c)
 *
 * One line of JSON on stdout. The two threads are bound to the first two processors allowed.
 *
 * word            stored by  read by    store    load     hands over
 * ring.published  producer   consumer   release  acquire  the records below it
 * ring.taken      consumer   producer   release  acquire  the room of the records below it
 * ping, pong      one end    the other  release  acquire  the number itself
 * No wrap: positions are 64-bit byte counts.
 */
#define _GNU_SOURCE
#include "limit.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { RING = 1 << 20, HEADER = 32, SAMPLES = 1 << 20 };

typedef struct {
  _Alignas(128) _Atomic uint64_t word;
} shared_word;

static struct {
  uint8_t *bytes;
  shared_word published, taken, last; /* last: records in all, once that is known; 0 before */
  uint32_t step, batch;
} ring;

static shared_word ping, pong;
static int processors[2];

double limit_now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void find_processors(void) {
  cpu_set_t allowed;
  int found = 0;
  sched_getaffinity(0, sizeof allowed, &allowed);
  for (int i = 0; i < CPU_SETSIZE && found < 2; i++) {
    if (CPU_ISSET(i, &allowed)) {
      processors[found++] = i;
    }
  }
  if (found < 2) {
    fprintf(stderr, "limit: two processors are needed, %d allowed\n", found);
    exit(69);
  }
}

static void bind_to(int processor) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(processor, &one);
  pthread_setaffinity_np(pthread_self(), sizeof one, &one);
}

/* Reads one word of each record, as the cheapest operator does. */
static void *take_records(void *sum) {
  uint64_t position = 0, records = 0, total = 0, last = 0;
  bind_to(processors[1]);
  while (!last || records < last) {
    uint64_t end = atomic_load_explicit(&ring.published.word, memory_order_acquire);
    for (; position < end; position += ring.step, records++) {
      uint64_t number;
      memcpy(&number, ring.bytes + (position & (RING - 1)) + HEADER, sizeof number);
      total += number;
    }
    atomic_store_explicit(&ring.taken.word, position, memory_order_release);
    last = atomic_load_explicit(&ring.last.word, memory_order_acquire);
  }
  *(uint64_t *)sum = total;
  return NULL;
}

/* Writes a header and a payload per record for so many seconds; returns how many records. */
static uint64_t put_records(uint32_t record, double seconds) {
  uint8_t payload[4096] = {1};
  uint64_t position = 0, seen = 0, records = 0;
  double end = limit_now() + seconds;
  bind_to(processors[0]);
  do {
    for (uint32_t publish = 0; publish < 4096; publish += ring.batch) {
      for (uint32_t i = 0; i < ring.batch; i++, records++, position += ring.step) {
        while (position + ring.step - seen > RING) {
          atomic_store_explicit(&ring.published.word, position, memory_order_release);
          seen = atomic_load_explicit(&ring.taken.word, memory_order_acquire);
        }
        uint8_t *at = ring.bytes + (position & (RING - 1));
        uint64_t header[HEADER / 8] = {record, records, position, 0};
        memcpy(at, header, HEADER);
        memcpy(at + HEADER, payload, record - HEADER);
        memcpy(at + HEADER, &records, sizeof records);
      }
      atomic_store_explicit(&ring.published.word, position, memory_order_release);
    }
  } while (limit_now() < end);
  return records;
}

static int hop(uint32_t record, uint32_t batch, double seconds) {
  uint64_t sum = 0;
  pthread_t consumer;
  /* A record may cross the end of the ring: behind it lies room that nothing else uses. */
  ring.bytes = mmap(NULL, RING + 8192, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  ring.step = (record + 15) & ~15u;
  ring.batch = batch;
  double start = limit_now();
  pthread_create(&consumer, NULL, take_records, &sum);
  uint64_t records = put_records(record, seconds);
  atomic_store_explicit(&ring.last.word, records, memory_order_release);
  pthread_join(consumer, NULL);
  seconds = limit_now() - start;
  int right = sum == records * (records - 1) / 2;
  printf("{\"shape\":\"limit-hop\",\"record_bytes\":%u,\"batch\":%u,\"records\":%llu,"
         "\"seconds\":%.4f,\"records_per_second\":%.0f,\"right\":%s}\n",
         record, batch, (unsigned long long)records, seconds, (double)records / seconds,
         right ? "true" : "false");
  return !right;
}

static void *answer(void *unused) {
  uint64_t number = 0;
  bind_to(processors[1]);
  while (number != UINT64_MAX) {
    uint64_t asked = atomic_load_explicit(&ping.word, memory_order_acquire);
    if (asked != number) {
      number = asked;
      atomic_store_explicit(&pong.word, number, memory_order_release);
    }
  }
  return unused;
}

static void ask(uint64_t number) {
  atomic_store_explicit(&ping.word, number, memory_order_release);
  while (atomic_load_explicit(&pong.word, memory_order_acquire) != number) {
  }
}

static int by_size(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static int roundtrip(double seconds) {
  static uint32_t nanoseconds[SAMPLES];
  pthread_t other;
  uint64_t trips = 0;
  double begin = limit_now(), now = begin;
  pthread_create(&other, NULL, answer, NULL);
  bind_to(processors[0]);
  while (now < begin + seconds) {
    ask(++trips);
    double after = limit_now();
    nanoseconds[trips % SAMPLES] = (uint32_t)((after - now) * 1e9);
    now = after;
  }
  ask(UINT64_MAX);
  pthread_join(other, NULL);
  size_t count = trips < SAMPLES ? trips : SAMPLES;
  qsort(nanoseconds, count, sizeof nanoseconds[0], by_size);
  printf("{\"shape\":\"limit-roundtrip\",\"records\":%llu,\"seconds\":%.4f,\"p50_ns\":%u,"
         "\"p99_ns\":%u,\"p999_ns\":%u}\n",
         (unsigned long long)trips, now - begin, nanoseconds[count / 2],
         nanoseconds[count * 99 / 100], nanoseconds[count * 999 / 1000]);
  return 0;
}

int main(int argc, char **argv) {
  uint32_t record = 144, batch = 256;
  double seconds = 1;
  for (int i = 2; i + 1 < argc; i += 2) {
    if (!strcmp(argv[i], "--record")) {
      record = (uint32_t)atoi(argv[i + 1]);
    } else if (!strcmp(argv[i], "--batch")) {
      batch = (uint32_t)atoi(argv[i + 1]);
    } else if (!strcmp(argv[i], "--for")) {
      seconds = atof(argv[i + 1]);
    }
  }
  const char *mode = argc > 1 ? argv[1] : "";
  if (record < HEADER + 8 || record > 4096 || !batch || batch > 4096) {
    fprintf(stderr, "limit: a record is 40 to 4096 bytes, a batch 1 to 4096 records\n");
    return 64;
  }
  find_processors();
  if (!strcmp(mode, "hop")) {
    return hop(record, batch, seconds);
  }
  if (!strcmp(mode, "roundtrip")) {
    return roundtrip(seconds);
  }
  if (!strcmp(mode, "calls")) {
    return limit_calls(seconds);
  }
  fprintf(stderr, "usage: limit hop|roundtrip|calls [--record N] [--batch N] [--for SECONDS]\n");
  return 64;
}
