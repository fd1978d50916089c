/* SPDX-License-Identifier: Apache-2.0
 * mrr.h - the hot-path host services: arena, lanes, windows, routing, chains and their loops.
 *
 * Everything here works on memory that is handed in; nothing allocates, locks or makes a system
 * call. For each object there is `mrr_X_bytes`, which says how much memory it needs (to be
 * zeroed and aligned to MRR_ALIGNMENT), and `mrr_X_make`, which lives in it and is never undone.
 *
 * Set-up order: arena, quotas, loops, lanes, ports, tasks, chains, join, then the loops run.
 * A chain and all that hangs from it belongs to the loop it was put on. */
#ifndef MRR_H
#define MRR_H

#include "mrr_pages.h"
#include <millrace/millrace.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MRR_ALIGNMENT 128u
#define MRR_EDGES 64u /* edges that may leave one port */

typedef struct mrr_arena mrr_arena;
typedef struct mrr_lane mrr_lane;
typedef struct mrr_task mrr_task;
typedef struct mrr_chain mrr_chain;
typedef struct mrr_loop mrr_loop;

/* ---- arena ------------------------------------------------------------------ */

uint64_t mrr_arena_bytes(uint32_t blocks, uint32_t quotas);
/* `base` holds `blocks` blocks of 64 KiB; block 0 is never used. */
mrr_arena *mrr_arena_make(void *memory, uint8_t *base, uint32_t blocks, uint32_t quotas);
/* Gives blocks [first, first + count) to a quota, count <= 128. Quotas are laid side by side
 * from block 1 on; what is left after the last one may be borrowed. */
void mrr_arena_quota(mrr_arena *a, uint32_t quota, uint32_t first, uint32_t count);
void mrr_arena_spare(mrr_arena *a, uint32_t first);
/* Blocks not free now. For tests and gauges. */
uint32_t mrr_arena_used(const mrr_arena *a);
/* For tests that step in one thread: could this block be taken now? */
int mrr_arena_is_free(const mrr_arena *a, uint32_t block);

/* ---- loops ------------------------------------------------------------------ */

uint64_t mrr_loop_bytes(uint32_t chains);
mrr_loop *mrr_loop_make(void *memory, uint32_t chains, int64_t spin_ns);
/* What wakes the loop's thread once it sleeps: futex or eventfd. */
void mrr_loop_waker(mrr_loop *l, void (*wake)(void *argument), void *argument);

enum {
  MRR_TURN_MOVED = 1 << 0,  /* something was done */
  MRR_TURN_ACTIVE = 1 << 1, /* chains are still looked at: turn again soon */
  MRR_TURN_ENDED = 1 << 2,  /* a chain finished or failed: ask mrr_loop_ended */
  MRR_TURN_NOTED = 1 << 3   /* a call was put off: ask mrr_loop_noted */
};
/* One turn: takes the ready chains, steps every active one once, parks the idle ones.
 * `*due` becomes the earliest time a chain wants to be stepped again, or INT64_MAX. */
uint32_t mrr_loop_turn(mrr_loop *l, int64_t now, int64_t *due);
/* Announce that the thread will sleep. 0: something is ready, do not. Else sleep while the
 * word that mrr_loop_word names is 1, then call mrr_loop_awake. */
int mrr_loop_doze(mrr_loop *l);
void mrr_loop_awake(mrr_loop *l);
uint32_t *mrr_loop_word(mrr_loop *l);
/* Wake the loop's thread, whatever it does. [any] */
void mrr_loop_poke(mrr_loop *l);
/* The next chain that ended since it was asked last, or NULL. */
mrr_chain *mrr_loop_ended(mrr_loop *l);
/* Chains that are looked at in each turn. [loop] */
uint32_t mrr_loop_active(const mrr_loop *l);
/* The next chain with a call that its operator put off for the first or the tenth time, and which
 * member that is; or NULL. The operator's text is in its context. */
mrr_chain *mrr_loop_noted(mrr_loop *l, uint32_t *member);
/* Where the fault handler finds the box of the running task. */
mrr_box *const *mrr_loop_current(const mrr_loop *l);

/* ---- lanes ------------------------------------------------------------------ */

enum {
  MRR_CONTROL_WATERMARK = 1,
  MRR_CONTROL_BARRIER = 2,
  MRR_CONTROL_CANCEL = 3,
  MRR_CONTROL_END = 4,
  MRR_CONTROL_STAMP = 5 /* value: birth, monotonic ns, of a record near this position */
};

uint64_t mrr_lane_bytes(uint32_t queue);
mrr_lane *mrr_lane_make(void *memory, uint32_t queue);

/* ---- tasks ------------------------------------------------------------------ */

enum {
  MRR_ROUTE_FORWARD = 0, /* the one lane there is */
  MRR_ROUTE_ROUND_ROBIN = 1,
  MRR_ROUTE_HASH = 2,
  MRR_ROUTE_BROADCAST = 3,
  MRR_ROUTE_LEAST_LOADED = 4,
  MRR_ROUTE_CUSTOM = 5
};

typedef struct mrr_task_shape {
  uint32_t ports; /* output ports */
  uint32_t input_lanes;
} mrr_task_shape;

uint64_t mrr_task_bytes(mrr_task_shape shape);
mrr_task *mrr_task_make(void *memory, mrr_task_shape shape, mrr_cells *cells, mrr_box *box,
                        mr_ctx *context);

uint64_t mrr_port_bytes(uint32_t edges, uint32_t lanes);
/* `edges` edges with `lanes` lanes in all. `staging`, if not NULL, is private memory for what
 * finds no block: `staging_bytes` for records, and behind it 4 bytes for each 32 of these. */
void mrr_port_make(mrr_task *t, uint32_t port, void *memory, mrr_arena *a, uint32_t quota,
                   uint32_t edges, uint32_t lanes, uint8_t *staging, uint64_t staging_bytes,
                   int forwards);
/* Adds the lanes of one edge, in the order of the consuming tasks; input is the port there. */
void mrr_port_edge(mrr_task *t, uint32_t port, uint32_t edge, uint32_t partition,
                   mrr_lane *const *lanes, uint32_t count);
void mrr_port_partitioner(mrr_task *t, uint32_t port, uint32_t edge, const mr_partition *table,
                          void *op);
/* The next member of the chain takes this port's output directly. */
void mrr_port_fuse(mrr_task *t, uint32_t port);
void mrr_task_input(mrr_task *t, uint32_t number, mrr_lane *lane, uint32_t input);
mr_out *mrr_task_out(mrr_task *t, uint32_t port);

/* The operator behind it. `type` is a table that lives for ever. */
void mrr_task_operator(mrr_task *t, const mr_operator *type, const mr_source *source, void *op,
                       uint32_t batch_limit);

/* ---- chains ----------------------------------------------------------------- */

/* `outputs`: lanes that leave the last member. Its ports have their edges by then. */
uint64_t mrr_chain_bytes(uint32_t members, uint32_t outputs);
mrr_chain *mrr_chain_make(void *memory, mrr_arena *a, mrr_task *const *members, uint32_t count,
                          uint32_t outputs);
/* Puts it on a loop, ready to be stepped. */
void mrr_chain_join(mrr_chain *c, mrr_loop *l);
/* A source ends at its next step; other chains end with their input. [any] */
void mrr_chain_drain(mrr_chain *c);
void mrr_chain_wake(mrr_chain *c); /* [any] */
/* A source emits barrier `epoch` (not 0) at its next step, behind what it has written; one that
 * has ended emits none. Others pass barriers on. `epoch` in the black box of a task is that of
 * the last one that passed it. [any] */
void mrr_chain_barrier(mrr_chain *c, uint64_t epoch);

typedef struct mrr_failure {
  uint32_t member;    /* position in the chain */
  mr_status status;   /* what the operator answered; MR_OK: the host refused what it did */
  uint32_t violation; /* MRR_BROKE_* */
  uint32_t record;    /* position in the batch, with MR_E_DATA */
  uint64_t sequence;  /* of the batch */
  uint32_t lane, count;
} mrr_failure;

enum {
  MRR_BROKE_NOTHING = 0,
  MRR_BROKE_WINDOW = 1,   /* wrote or committed past its window */
  MRR_BROKE_CONSUMED = 2, /* consumed or bad beyond the batch */
  MRR_BROKE_STATUS = 3,   /* a status that is not defined, or not allowed here */
  MRR_BROKE_STAGING = 4,  /* more output than staging memory holds, or a record its quota cannot */
  MRR_BROKE_DECLARED = 5  /* more records than its port declares per input */
};

enum { MRR_CHAIN_IS_RUNNING = 0, MRR_CHAIN_HAS_FINISHED = 3, MRR_CHAIN_HAS_FAILED = 4 };
uint32_t mrr_chain_state(const mrr_chain *c);
mrr_failure mrr_chain_failure(const mrr_chain *c);
mrr_task *mrr_chain_member(const mrr_chain *c, uint32_t member);

/* ---- contexts: the host services that need nothing but the task -------------- */

uint64_t mrr_context_bytes(void);
mr_ctx *mrr_context_make(void *memory, uint64_t tag, uint64_t seed);
uint64_t mrr_context_tag(const mr_ctx *c);
/* The counters of its task, or NULL. */
mrr_cells *mrr_context_cells(mr_ctx *c);
/* What the operator said last through set_error; returns its size, at most `room`. */
uint32_t mrr_context_error(mr_ctx *c, char *text, uint32_t room, mr_status *code);
/* Table entries of mr_host. */
void mrr_host_set_error(mr_ctx *c, mr_status code, const char *text, uint64_t size);
void mrr_host_wake(mr_ctx *c);
uint64_t mrr_host_random(mr_ctx *c);
uint64_t mrr_host_hash(const void *key, uint64_t size);
/* Entry of mr_host_metrics. */
void mrr_observe(mr_histogram *h, uint64_t value);

/* Stamps around calls that Swift makes during set-up. `l` may be one without chains. */
void mrr_box_enter(mrr_loop *l, mrr_task *t, uint32_t call, int64_t now);
void mrr_box_leave(mrr_loop *l, mrr_task *t);

uint64_t mrr_xxh3(const void *data, uint64_t size);

#ifdef __cplusplus
}
#endif
#endif
