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
#include <millrace/draft/journal.h>
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
typedef struct mrr_wire mrr_wire;

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

/* Wall clock minus monotonic clock, for state that expires. [loop] */
void mrr_loop_wall(mrr_loop *l, int64_t offset);

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
  MRR_CONTROL_STAMP = 5, /* value: birth, monotonic ns, of a record near this position */
  MRR_CONTROL_IDLE = 6   /* a watermark; until the next one the lane holds nobody's time up */
};

uint64_t mrr_lane_bytes(uint32_t queue);
mrr_lane *mrr_lane_make(void *memory, uint32_t queue);

/* ---- wires: lanes that leave the process --------------------------------------- */

/* `size`: of the ring, a power of two; more than twice the largest record and 64 KiB. */
uint64_t mrr_wire_shared_bytes(uint64_t size);
uint64_t mrr_wire_bytes(void);
/* One end of it. `shared` is zero before the first end is made. */
mrr_wire *mrr_wire_make(void *memory, void *shared, uint64_t size);
/* What tells the other end's process that something has come, or that there is room. */
void mrr_wire_bell(mrr_wire *w, void (*ring)(void *argument), void *argument);

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
/* A chain of one task that writes all its input to a wire, with barriers and the end; and one that
 * brings what a wire has to its one output port, as a source does. Whoever hears the bell wakes
 * them. */
void mrr_chain_export(mrr_chain *c, mrr_wire *w);
void mrr_chain_import(mrr_chain *c, mrr_wire *w);
/* Puts it on a loop, ready to be stepped. */
void mrr_chain_join(mrr_chain *c, mrr_loop *l);
/* A source ends at its next step; other chains end with their input. [any] */
void mrr_chain_drain(mrr_chain *c);
void mrr_chain_wake(mrr_chain *c); /* [any] */
/* A source emits barrier `epoch` (not 0) at its next step, behind what it has written, also after
 * its END. Others pass barriers on. `epoch` in the black box of a task is that of the last one
 * that passed it. Epochs rise. [any] */
void mrr_chain_barrier(mrr_chain *c, uint64_t epoch);
/* Epochs up to `epoch` come to nothing: lanes that are blocked for one are read again, and its
 * barriers are taken in silence. [any] */
void mrr_chain_give_up(mrr_chain *c, uint64_t epoch);

/* A source is not polled any more; barriers still pass it. [any] */
void mrr_chain_halt(mrr_chain *c);

enum {
  MRR_FREEZE_TAKE = 0,   /* every record before the barrier is through, none behind it: save */
  MRR_FREEZE_GIVE_UP = 1 /* a newer barrier came before all lanes had shown this one */
};
/* Called at a barrier, before it leaves the chain. With MRR_FREEZE_TAKE other than 0 gives the
 * epoch up: nothing of it leaves. [loop] */
typedef int (*mrr_freeze)(void *argument, uint32_t what, uint64_t epoch);
void mrr_chain_on_barrier(mrr_chain *c, mrr_freeze freeze, void *argument);

/* A record that an operator does not take. Valid during the call that tells of it. */
typedef struct mrr_refused {
  uint32_t member;      /* position in the chain */
  uint32_t quarantined; /* 1: taken out before the operator saw it; 0: the operator refused it */
  const mr_record *record;
  const uint8_t *payload;
  uint64_t sequence; /* of the record, in its lane */
  uint32_t lane;
  uint32_t input; /* the operator's port */
} mrr_refused;

enum {
  MRR_REFUSAL_KEPT = 0,    /* it went to the dead letters */
  MRR_REFUSAL_DROPPED = 1, /* it is counted, no more */
  MRR_REFUSAL_FAILS = 2    /* the chain fails with MR_E_DATA */
};
/* Decides about such a record, and may write to the output ports of its task, whose windows are
 * open. What the operator wrote for the records before it is kept. Without one the chain fails.
 * [loop] */
typedef uint32_t (*mrr_refuse)(void *argument, const mrr_refused *r);
void mrr_chain_on_refusal(mrr_chain *c, mrr_refuse refuse, void *argument);

/* How closely a task's records are looked at before its operator gets them. */
enum {
  MRR_WATCH_NONE = 0,
  MRR_WATCH_BATCHES = 1, /* each batch is shown to the host */
  MRR_WATCH_STEPS = 2    /* the same, and a batch is one record */
};
void mrr_task_watch(mrr_task *t, uint32_t mode); /* [any] */
/* Sees the batch of a watched task. Answers how many of its records may go to the operator; the one
 * behind them, if there is one, is taken out and told of as quarantined. [loop] */
typedef uint32_t (*mrr_inspect)(void *argument, uint32_t member, const mr_batch *batch);
void mrr_chain_on_inspection(mrr_chain *c, mrr_inspect inspect, void *argument);
/* Writes the hash of the record that comes next into the ring of the task's box. [loop] */
void mrr_box_stamp(mrr_task *t, uint64_t low, uint64_t high);

/* ---- event time (event_time.c) -------------------------------------------------- */

/* The time of a record, in ns since 1970. 0, or else what is wrong with it has been told through
 * set_error of its source. */
typedef int32_t (*mrr_read_time)(void *argument, const uint8_t *value, uint64_t size,
                                 int64_t *time);
typedef struct mrr_event_time {
  mrr_read_time read; /* NULL: the source's own stamps count */
  void *argument;
  int64_t max_delay, idle_after, max_future; /* ns */
} mrr_event_time;
/* What a source writes gets its time, and a watermark follows from it. A record without one, or
 * with one too far ahead of the wall clock, is refused. Copied; before it joins a loop. */
void mrr_chain_event_time(mrr_chain *c, const mrr_event_time *how);

/* ---- taps: somebody looks at records that pass -------------------------------- */

#define MRR_TAP_INPUT 0xFFFFFFFFu /* what a task takes, in place of an output port */

/* What an operator is done with, or has written to a port in the call that is kept now. Valid
 * during the call that shows it. */
typedef struct mrr_passing {
  uint32_t member; /* position in the chain */
  uint32_t port;   /* output port, or MRR_TAP_INPUT */
  uint32_t input;  /* with MRR_TAP_INPUT: the operator's port */
  uint32_t count;
  const mrr_task *task;
} mrr_passing;
/* Record `i` and its payload, key first. NULL: it does not lie where records lie. */
const mr_record *mrr_passing_at(const mrr_passing *p, uint32_t i, const uint8_t **payload);

/* Shown what passes an open side of a task; answers before which time it needs to see no more of
 * that side. [loop] */
typedef int64_t (*mrr_tap)(void *argument, const mrr_passing *p, int64_t now);
void mrr_chain_on_tap(mrr_chain *c, mrr_tap tap, void *argument);
/* Opens or closes a side. Shut, it costs one look at a word in each call. [any, one at a time] */
void mrr_task_tap(mrr_task *t, uint32_t port, int open);
/* Records that have passed that side whenever it was open. [any] */
uint64_t mrr_task_passed(const mrr_task *t, uint32_t port);

/* Where a lane and a chain stand; a snapshot has them, and a chain that goes on from one gets them
 * back before it joins a loop. Reading: [loop] of the producer (sent) or consumer (received),
 * within `mrr_freeze`. */
uint64_t mrr_lane_sent(const mrr_lane *l);
uint64_t mrr_lane_received(const mrr_lane *l);
int64_t mrr_lane_watermark(const mrr_lane *l); /* the consumer's */
/* What the watermark of a lane counts for (control.c). */
enum { MRR_TIME_ACTIVE = 0, MRR_TIME_IDLE = 1, MRR_TIME_LAGGING = 2 };
uint32_t mrr_lane_time(const mrr_lane *l); /* the consumer's */
void mrr_lane_resume(mrr_lane *l, uint64_t position, int64_t watermark, uint32_t time);

/* How far the end of a chain's input has come, and the newest watermark it passed on. */
typedef struct mrr_chain_position {
  int64_t watermark;
  uint32_t ended;   /* 1: its input is over, or its source */
  uint32_t stopped; /* so many of its members need not be stopped again */
  uint32_t idle;    /* it holds nobody's time up */
  uint32_t reserved0;
} mrr_chain_position;
/* Of one member: records taken, whether it answered MR_DONE, and what became of others. */
typedef struct mrr_task_position {
  uint64_t taken;
  uint32_t done;
  uint32_t reserved0;
  uint64_t refused, quarantined;
} mrr_task_position;
mrr_chain_position mrr_chain_where(const mrr_chain *c);
mrr_task_position mrr_task_where(const mrr_task *t);
/* After the lanes of its members; `members` has an entry for each. */
void mrr_chain_resume(mrr_chain *c, mrr_chain_position at, const mrr_task_position *members);

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
  MRR_BROKE_DECLARED = 5, /* more records than its port declares per input */
  MRR_BROKE_WIRE = 6      /* the other end of its wire wrote what cannot be */
};

/* HAS_FINISHED: no more records leave it, barriers still do. */
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
