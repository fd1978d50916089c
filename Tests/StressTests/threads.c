/* SPDX-License-Identifier: Apache-2.0
 * Loops on threads of their own, each sleeping on its futex, and a watchdog.
 *
 * Nothing here limits a sleep but what a chain is due for: a wake-up that is lost therefore stops
 * the records, which the watchdog sees. */
#define _GNU_SOURCE
#include "stress.h"
#include <linux/futex.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define WATCHDOG_NS 20000000000ll

typedef struct run {
  flow_graph *graph;
  uint32_t left;     /* loops that are not done. any */
  uint32_t open;     /* chains that have not ended. any */
  uint32_t failed;   /* a chain failed. any */
  uint32_t barriers; /* somebody sends them */
  uint64_t last;     /* the barrier behind which none comes; 0: more may come. any */
  uint64_t next;     /* numbers the threads below. any */
} run;

typedef struct thread {
  run *run;
  uint32_t loop;
  pthread_t id;
} thread;

static int64_t clock_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void wake(void *word) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0); }

static void sleep_on(uint32_t *word, int64_t due) {
  int64_t left = due == INT64_MAX ? 0 : due - clock_now();
  if (due != INT64_MAX && left <= 0)
    return;
  struct timespec t = {left / 1000000000, left % 1000000000};
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, 1, due == INT64_MAX ? NULL : &t, NULL, 0);
}

/* Chains pass barriers after their end too, so a loop goes on until the last one is through. */
static int is_done(const run *r, uint32_t loop, uint32_t chains) {
  if (__atomic_load_n(&r->failed, __ATOMIC_RELAXED))
    return 1;
  if (chains || !r->barriers)
    return chains == 0;
  uint64_t last = __atomic_load_n(&r->last, __ATOMIC_ACQUIRE);
  return last && flow_passed(r->graph, loop, last);
}

static void *turn(void *argument) {
  thread *self = argument;
  run *r = self->run;
  mrr_loop *l = flow_loop(r->graph, self->loop);
  uint32_t chains = flow_chains_on(r->graph, self->loop);
  flow_join(r->graph, self->loop);
  while (!is_done(r, self->loop, chains)) {
    int64_t due;
    uint32_t flags = mrr_loop_turn(l, clock_now(), &due);
    for (mrr_chain *c = mrr_loop_ended(l); c; c = mrr_loop_ended(l)) {
      chains--;
      __atomic_fetch_sub(&r->open, 1, __ATOMIC_RELEASE);
      if (mrr_chain_state(c) == MRR_CHAIN_HAS_FAILED)
        __atomic_store_n(&r->failed, 1, __ATOMIC_RELAXED);
    }
    if (flags & (MRR_TURN_MOVED | MRR_TURN_ACTIVE | MRR_TURN_ENDED))
      continue;
    if (mrr_loop_doze(l)) {
      sleep_on(mrr_loop_word(l), due);
      mrr_loop_awake(l);
    }
  }
  __atomic_fetch_sub(&r->left, 1, __ATOMIC_RELEASE);
  return NULL;
}

static int running(run *r) { return __atomic_load_n(&r->left, __ATOMIC_ACQUIRE) != 0; }

/* What an operator's own threads may do: wake, report errors; and a host's: poke, and, one of them,
 * open and shut taps. They begin before the chains are on their loops. */
static void *meddle(void *argument) {
  run *r = argument;
  uint64_t n = __atomic_fetch_add(&r->next, 1, __ATOMIC_RELAXED);
  uint32_t chains = flow_chain_count(r->graph);
  const int taps = n == 0;
  while (running(r)) {
    n = n * 6364136223846793005ull + 1442695040888963407ull;
    uint32_t chain = (uint32_t)(n >> 33) % chains;
    mr_ctx *c = flow_context(r->graph, chain);
    if (flow_rouse(r->graph, chain))
      mrr_host_wake(c);
    if ((n >> 20 & 15) == 0) {
      char text[32];
      mr_status code;
      mrr_host_set_error(c, MR_E_IO, "not so bad", 10);
      uint32_t size = mrr_context_error(c, text, sizeof text, &code);
      if (size && (size != 10 || memcmp(text, "not so bad", 10) != 0 || code != MR_E_IO))
        __atomic_store_n(&r->failed, 1, __ATOMIC_RELAXED);
      if (taps)
        flow_tap_any(r->graph, n >> 24);
      mrr_host_wake(c); /* without a reason */
      mrr_loop_poke(flow_loop(r->graph, chain % flow_loop_count(r->graph)));
    }
  }
  return NULL;
}

/* The last one goes out when all chains have ended. It is told before it is sent: whoever passes
 * it knows that it is the last. */
static void *send_barriers(void *argument) {
  run *r = argument;
  const struct timespec pause = {0, 2000000};
  uint64_t epoch = 1;
  for (; running(r) && __atomic_load_n(&r->open, __ATOMIC_ACQUIRE); epoch++) {
    mrr_chain_barrier(flow_source_chain(r->graph), epoch);
    nanosleep(&pause, NULL);
  }
  __atomic_store_n(&r->last, epoch, __ATOMIC_RELEASE);
  mrr_chain_barrier(flow_source_chain(r->graph), epoch);
  return NULL;
}

/* 0: no record moved for too long. */
static int watch(run *r) {
  uint64_t before = 0;
  int64_t since = clock_now();
  const struct timespec pause = {0, 1000000};
  while (running(r)) {
    nanosleep(&pause, NULL);
    uint64_t now = flow_progress(r->graph);
    if (now != before)
      since = clock_now();
    else if (clock_now() - since > WATCHDOG_NS)
      return 0;
    before = now;
  }
  return 1;
}

int stress_run(const scenario *s, uint32_t round) {
  flow_graph *g = flow_graph_new(s->seed ? s->seed + round : 0);
  s->make(g, round);
  flow_build(g, s->loops, 0, s->spare);
  flow_taps(g, 0);
  run r = {.graph = g, .left = s->loops, .barriers = s->barriers};
  r.open = flow_chain_count(g);
  thread threads[8];
  pthread_t others[8];
  uint32_t other_count = 0, wrong = 0;
  for (; other_count < s->foreign; other_count++)
    pthread_create(&others[other_count], NULL, meddle, &r);
  if (s->barriers)
    pthread_create(&others[other_count++], NULL, send_barriers, &r);
  for (uint32_t i = 0; i < s->loops; i++) {
    mrr_loop_waker(flow_loop(g, i), wake, mrr_loop_word(flow_loop(g, i)));
    threads[i] = (thread){&r, i, 0};
  }
  for (uint32_t i = 0; i < s->loops; i++)
    pthread_create(&threads[i].id, NULL, turn, &threads[i]);
  if (!watch(&r)) {
    printf("%s round %u: nothing moves any more: a wake-up is lost\n", s->name, round);
    for (uint32_t i = 0; i < s->loops; i++)
      printf("  loop %u: word %u\n", i,
             __atomic_load_n(mrr_loop_word(flow_loop(g, i)), __ATOMIC_RELAXED));
    _exit(1); /* the threads still use what is on this stack */
  }
  for (uint32_t i = 0; i < s->loops; i++)
    pthread_join(threads[i].id, NULL);
  for (uint32_t i = 0; i < other_count; i++)
    pthread_join(others[i], NULL);
  flow_tapped tapped = flow_tap_seen(g, 0, 0);
  if (r.failed || tapped.broken || !flow_right(g)) {
    flow_find_complaint(g);
    printf("%s round %u: %s\n", s->name, round,
           r.failed        ? "a chain failed"
           : tapped.broken ? "a tap was shown what is no record"
                           : "wrong at the end");
    printf("  %s\n", flow_text(g));
    wrong = 1;
  }
  flow_graph_free(g);
  return (int)wrong;
}
