/* SPDX-License-Identifier: Apache-2.0
 * A host in miniature that takes checkpoints, crashes and goes on: what the scenarios share.
 *
 * Nothing of the real host is in it. A crash leaves an instance as it is, without destroy, so that
 * what only lived in it is lost and what it left on the disk stays; the next attempt begins from
 * what a claimed epoch has. A state is kept as the pieces that the operator made of it. */
#ifndef BARRIER_HOST_H
#define BARRIER_HOST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <millrace/millrace.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 64 };

typedef struct {
  char *bytes;
  uint64_t size, room, at;
} text;

void add(text *to, const void *bytes, uint64_t size);
void add_text(text *to, const text *from);
void drop(text *one);
__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...);

/* Chance from a seed. */
uint64_t chance(void);
static inline int one_in(uint64_t n) { return chance() % n == 0; }
void seed_chance(uint64_t seed);

/* ---- what a checkpoint has --------------------------------------------------------- */

typedef struct {
  uint32_t group; /* UINT32_MAX: none */
  text bytes;
} piece;

typedef struct {
  mr_split *items;
  uint64_t count;
} splits;

typedef struct {
  uint64_t epoch; /* 0: there is none */
  piece *pieces;
  uint32_t count;
  splits places;
  text keyed;     /* what the host keeps for it */
  uint64_t taken; /* records of the input */
  uint64_t made;  /* bytes of the output */
} checkpoint;

void forget(checkpoint *one);

/* ---- an instance --------------------------------------------------------------------- */

struct mr_ctx {
  char text[1024];
};

typedef struct {
  const mr_operator *op;
  struct mr_ctx ctx;
  void *instance;
  const mr_state *state;   /* NULL: none */
  const mr_source *source; /* NULL: none */
  const mr_sink *sink;     /* NULL: none */
  mr_out out;
  mr_out *outs[2];
  uint32_t zero;
  mr_start facts;
  uint8_t *arena;
  uint32_t *slots;
  uint32_t parked; /* it stopped in the middle of a batch: no barrier may pass */
  text *result;    /* where output goes, as `key<TAB>value<NEWLINE>` */
} life;

extern int64_t wall; /* the clock, ns */
extern char **parameters;
extern int parameter_count;
extern const mr_host the_host;

const mr_operator *load(const char *library, const char *id);
/* Create, restore what the checkpoint has, if there is one. MR_OK or what was answered. */
mr_status begin(life *l, const mr_operator *op, const checkpoint *from);
/* Later: a sink is fenced first. */
mr_status restore(life *l, const checkpoint *from);
/* The first splits, or those of the checkpoint. */
mr_status assign(life *l, const checkpoint *from);
mr_status start(life *l, uint64_t restored_epoch);
/* process, or poll with so much credit; output goes to l->result. *taken: records that are done. */
mr_status process(life *l, const uint32_t *records, uint32_t count, uint64_t sequence,
                  uint32_t *taken);
mr_status poll_source(life *l, uint32_t credit);
mr_status stop(life *l);
/* positions and save. MR_OK or what was answered. */
mr_status take_checkpoint(life *l, uint64_t epoch, checkpoint *into);
/* End it well; or as a crash does: only what the host owns is given back. */
void end(life *l);
void crash(life *l);

/* ---- input ---------------------------------------------------------------------------- */

extern uint8_t *input_arena;
extern uint32_t *input; /* units in `input_arena` */
extern uint32_t input_count;
extern text input_lines; /* as read */
/* Lines, each a record. With PIECES=1: pieces of a stream of bytes, cut anywhere. With
 * ORACLE=COUNT,KEYS: records of oracle.source. With TIMES=1 their event times are 1 ms apart. */
void read_input(void);
/* Bytes of the first `count` lines of the input, newlines included. */
uint64_t lines_until(uint32_t count);

/* ---- scenarios ------------------------------------------------------------------------- */

void run_sink(const mr_operator *op, uint64_t seed);
void run_flow(const mr_operator *op, uint64_t seed);
void run_damage(const mr_operator *op, uint64_t seed);
void run_proof(const mr_operator *op);

/* ---- state per key, and timers --------------------------------------------------------- */

/* NULL: this operator did not declare any. */
const void *keyed_state_service(const char *id);
void keyed_state_declare(const mr_operator *op);
void keyed_state_clear(void);
void keyed_state_save(text *into);
void keyed_state_restore(text saved);
uint64_t keyed_state_count(void);
/* Fire timers of event time that are due when the watermark is `time`. */
void fire_timers(life *l, int64_t time);

#endif
