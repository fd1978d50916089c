/* SPDX-License-Identifier: Apache-2.0
 * The private structs of the data plane. Swift sees handles only (include/mrr.h).
 *
 * Who may touch what is said at each field: "loop" is the thread that steps the chain, "any" is
 * any thread, "setup" is before the loops run. */
#ifndef MRR_LAYOUT_H
#define MRR_LAYOUT_H

#include "include/mrr.h"
#include "word.h"
#include <millrace/ext/time.h>
#include <string.h>

#define MRR_UNIT_SHIFT 4u
#define MRR_BLOCK_SHIFT 12u /* units in a block, as a power of two */
#define MRR_BLOCK_BYTES (1u << (MRR_BLOCK_SHIFT + MRR_UNIT_SHIFT))
#define MRR_BATCH 256u
#define MRR_QUOTA_WORDS 2u
#define MRR_QUOTA_BLOCKS (64u * MRR_QUOTA_WORDS)
#define MRR_CONTROLS 8u
#define MRR_SOFT_CONTROLS 4u /* what watermarks and stamps may use of them */
#define MRR_BIAS (1u << 30)  /* counts a port draws in advance when it opens a block */
#define MRR_MOVED 192u       /* blocks one call may fill */
#define MRR_SCRATCH 1024u
#define MRR_LINE 128 /* two cache lines: the prefetcher fetches pairs */
#define MRR_ALIGNED __attribute__((aligned(MRR_LINE)))

_Static_assert(MR_UNIT == 1u << MRR_UNIT_SHIFT, "unit");

typedef struct mrr_port mrr_port;
typedef struct mrr_edge mrr_edge;

/* ---- arena (arena.c) ------------------------------------------------------ */

typedef struct mrr_block {
  uint32_t refs; /* any, atomic */
  uint32_t quota;
  uint8_t pad[56];
} mrr_block;

typedef struct mrr_quota {
  mrr_word free[MRR_QUOTA_WORDS]; /* bit = block is free. any */
  mrr_flag waiting;               /* the owner sleeps for a block. any */
  uint32_t first, count;
  mrr_chain *owner; /* setup */
} MRR_ALIGNED mrr_quota;

struct mrr_arena {
  uint8_t *base;
  mrr_block *blocks;
  uint32_t *first; /* head of the span a block belongs to; itself otherwise */
  uint32_t *span;  /* blocks in the span that begins here; 1 otherwise */
  mrr_quota *quotas;
  mrr_word *spare; /* masks of the blocks no quota owns. any */
  uint32_t block_count, quota_count;
  uint32_t spare_first, spare_count;
};

/* Net changes of counts, gathered over one step and applied additions first. loop */
typedef struct mrr_netting {
  uint32_t used;
  struct {
    uint32_t block;
    int32_t delta;
  } entry[8];
} mrr_netting;

static inline uint32_t mrr_block_of(uint32_t unit) { return unit >> MRR_BLOCK_SHIFT; }

uint32_t mrr_arena_take(mrr_arena *a, mrr_quota *q);
uint32_t mrr_arena_take_span(mrr_arena *a, mrr_quota *q, uint32_t blocks);
int mrr_arena_has(mrr_arena *a, mrr_quota *q, uint32_t blocks);
void mrr_arena_drop(mrr_arena *a, uint32_t block, uint32_t n);
void mrr_net(mrr_chain *c, uint32_t block, int32_t delta);
void mrr_net_settle(mrr_chain *c);

/* ---- taps (tap.c) --------------------------------------------------------- */

/* One side of a task: what it takes, or what it writes to one port. */
typedef struct mrr_gate {
  mrr_flag open; /* somebody looks. any */
  uint64_t seen; /* records that passed while it was open. loop; any reads */
  int64_t due;   /* nothing is shown before. loop */
} mrr_gate;

void mrr_tap_show(mrr_chain *c, uint32_t member, uint32_t consumed, int64_t now);

/* Of a record with a payload of so many bytes, as it lies in a block or a ring. */
static inline uint64_t mrr_record_bytes(uint32_t length) {
  return (sizeof(mr_record) + (uint64_t)length + (MR_UNIT - 1)) & ~(uint64_t)(MR_UNIT - 1);
}

/* ---- lanes (lane.c) ------------------------------------------------------- */

typedef struct mrr_control {
  uint64_t position;
  uint32_t kind;
  uint32_t flags;
  uint64_t epoch;
  int64_t value;
} mrr_control;

/* They give way to barriers and ends, and only the newest counts. */
static inline int mrr_is_soft(uint32_t kind) {
  return kind == MRR_CONTROL_WATERMARK || kind == MRR_CONTROL_IDLE || kind == MRR_CONTROL_STAMP;
}

enum { MRR_LANE_OPEN = 0, MRR_LANE_BLOCKED = 1, MRR_LANE_ENDED = 2 };

struct mrr_lane {
  /* written by the producer, read by the consumer */
  mrr_word tail MRR_ALIGNED;
  mrr_word control_tail;
  mrr_flag waiting MRR_ALIGNED;
  /* written by the consumer, read by the producer */
  mrr_word head MRR_ALIGNED;
  mrr_word control_head;
  mrr_flag parked MRR_ALIGNED;

  /* the producer's own */
  uint64_t put MRR_ALIGNED; /* next position to write; tail once published */
  uint64_t published;
  uint64_t head_seen;
  uint64_t run_from; /* begin of the run that ends at `put`, while routing */
  uint32_t run_block;
  uint32_t touched; /* has records that are not published yet */
  mrr_lane *next_touched;
  int64_t mark_sent; /* newest watermark sent */
  uint32_t idle_sent;
  mrr_chain *producer;

  /* the consumer's own */
  uint64_t get MRR_ALIGNED;
  uint64_t tail_seen;
  uint64_t control_get;
  uint32_t state; /* MRR_LANE_* */
  uint32_t empty; /* polls in a row that found nothing */
  uint32_t listed, ended;
  int64_t mark;
  uint32_t time;  /* MRR_TIME_ACTIVE, _IDLE, _LAGGING */
  uint64_t epoch; /* of the barrier it is blocked for */
  mrr_task *consumer;
  uint32_t number; /* among the consumer's lanes */
  uint32_t input;  /* the consumer's port */

  /* fixed */
  uint32_t capacity MRR_ALIGNED;
  uint32_t mask;
  uint32_t *ring;
  mrr_word *runs; /* bit = last record of its run */
  mrr_control control[MRR_CONTROLS];
};

uint64_t mrr_lane_room(mrr_lane *l, uint64_t wanted);
void mrr_lane_publish(mrr_lane *l);
int mrr_lane_control(mrr_lane *l, uint32_t kind, uint64_t epoch, int64_t value);
uint32_t mrr_lane_slice(mrr_lane *l, const mrr_arena *a, uint32_t limit);
void mrr_lane_give_up(const mrr_lane *l, uint32_t n, mrr_chain *c);
void mrr_lane_advance(mrr_lane *l, uint32_t n);
int mrr_lane_visible(mrr_lane *l);
const mrr_control *mrr_lane_next_control(mrr_lane *l);
void mrr_lane_pass_control(mrr_lane *l);

void mrr_lane_mark_run(mrr_lane *l, uint64_t from, uint64_t to);

/* ---- output ports (window.c, route.c) ------------------------------------- */

enum {
  MRR_PORT_UNUSED = 0, /* nobody listens */
  MRR_PORT_LANE = 1,   /* the index window is the lane's own ring */
  MRR_PORT_ROUTE = 2,  /* the index window is the scratch array; route.c moves it on */
  MRR_PORT_FUSED = 3   /* the scratch array is the next member's batch */
};

struct mrr_edge {
  uint32_t partition; /* MRR_ROUTE_* */
  uint32_t lane_count;
  mrr_lane **lanes;
  uint32_t next; /* round robin */
  const mr_partition *custom;
  void *custom_op;
};

/* A port that has been written to holds what is left of its bias; every run it publishes is
 * paid from that, without touching the shared counter. */
struct mrr_port {
  mr_out out; /* what the plugin sees; first, so that one is the other */
  mrr_task *task;
  mrr_arena *arena;
  mrr_quota *quota;
  uint32_t mode; /* MRR_PORT_* */
  uint32_t forwards;
  uint32_t block; /* open block; 0: none */
  uint32_t bias;  /* what is left of its counts */

  /* the call under way */
  uint8_t *cur0;
  uint32_t *icur0, *segment;
  uint32_t before;  /* records in an earlier piece of the ring */
  uint32_t wrapped; /* slots at the start of the ring, for when this piece is used up */
  uint32_t mixed;   /* indices of more than the open block */
  uint32_t moved_count;
  struct {
    uint32_t block, bias;
  } moved[MRR_MOVED];
  uint64_t refused;       /* bytes that grow could not give */
  uint8_t *low, *high;    /* where cur may be; our own, the plugin can write those in `out` */
  uint32_t *ilow, *ihigh; /* where icur may be */
  uint32_t broken;        /* it was not, or `forward` got a position outside the batch */

  /* what waits: scratch[head, tail) */
  uint32_t *scratch;
  uint32_t scratch_size, head, tail;

  /* records that found no block: staging[0, staged), their units in staged_index (window.c) */
  uint8_t *staging;
  uint32_t *staged_index;
  uint64_t staging_size, staged;
  uint32_t staged_size, staged_head, staged_tail;
  uint32_t in_staging; /* the window of this call is the staging memory */
  uint32_t direct;     /* records in the arena before it became so */
  uint8_t *arena_cur, *arena_end;

  mrr_lane *lane;    /* MRR_PORT_LANE, or where routing is stuck */
  mrr_lane *touched; /* lanes with records that are not published yet */
  uint32_t edge_count;
  mrr_edge *edges;
  mrr_lane **lane_room; /* setup: where the next edge keeps its lanes */
  mrr_gate gate;
};

void mrr_port_begin(mrr_port *p, uint32_t credit);
enum { MRR_WINDOW_LEFT = -1, MRR_WINDOW_TOO_LARGE = -2 };
int64_t mrr_port_check(const mrr_port *p);
uint32_t mrr_port_written(const mrr_port *p);
const uint8_t *mrr_port_written_at(const mrr_port *p, uint32_t i, const uint8_t **end);
uint32_t mrr_port_place(mrr_port *p, mrr_chain *c);
void mrr_port_publish(mrr_port *p);
void mrr_port_drop(mrr_port *p);
void mrr_port_move(mrr_port *p, uint32_t from, uint32_t to);
void mrr_port_cut(mrr_port *p, uint32_t n);
int mrr_port_flush(mrr_port *p, mrr_chain *c);
void mrr_port_close(mrr_port *p);
int mrr_port_room(mrr_port *p, uint32_t slots);
int mrr_route(mrr_port *p, mrr_chain *c);
void mrr_route_publish(mrr_port *p);
void mrr_scratch_release(mrr_port *p, uint32_t n, mrr_chain *c);
extern const mr_out_ops mrr_out_ops_table;

/* ---- tasks, chains, loops (step.c, loop.c) --------------------------------- */

struct mrr_task {
  const mr_operator *type;
  void *op;
  mr_status (*process)(void *op, const mr_batch *in, mr_work *work);
  mr_status (*stop)(void *op);
  const mr_source *source;
  mr_ctx *ctx;
  mrr_box *box;
  mrr_cells *cells;
  mrr_chain *chain;
  uint32_t resumable, stateless;
  uint32_t done;  /* answered MR_DONE: its input is thrown away */
  uint32_t quiet; /* a source that waits for its wake */
  uint32_t batch_limit, limit;
  uint32_t bound; /* records that one input record can cause on a port; 0: no bound */
  uint32_t slots; /* index slots without which it is not called */
  mrr_flag watch;  /* MRR_WATCH_*. any */
  mrr_flag tapped; /* one of its gates is open. any */
  uint64_t taken; /* records in, or out of a source */
  mr_batch batch;
  mr_work work;
  uint32_t port_count;
  mrr_port **ports;
  mrr_port *link; /* what the next member of the chain takes */

  /* a chain's head only */
  uint32_t lane_count, active_count, ended, blocked;
  uint32_t cursor;
  mrr_lane **lanes;
  mrr_lane **active;
  mrr_word *woken; /* bit = lane has something again. any */
  mrr_flag woken_any;
  int64_t watermark; /* minimum over the active lanes, as far as it has risen */
  const mr_time *time; /* it hears of the time. setup */
  int64_t told;        /* watermark that it was told */
  uint32_t held;       /* it passes watermarks on itself */
  uint64_t epoch;
  mrr_gate gate; /* of its input; those of its output are with the ports */
};

enum {
  MRR_CHAIN_RUNNING = 0,
  MRR_CHAIN_STOPPING = 1, /* input is over; `stop` of member `stopping` comes next */
  MRR_CHAIN_ENDING = 2,   /* everything is out but the END records */
  MRR_CHAIN_FINISHED = 3,
  MRR_CHAIN_FAILED = 4
};

struct mrr_chain {
  mrr_arena *arena;
  mrr_loop *loop;
  uint32_t slot; /* bit in the loop's ready set */
  uint32_t member_count;
  mrr_task **members;
  uint32_t output_count;
  mrr_lane **outputs; /* of the last member */
  uint32_t state;     /* MRR_CHAIN_* */
  uint32_t stopping;
  uint32_t active;  /* listed in loop->active */
  int64_t moved_at; /* turn of the last step that moved something */
  mrr_chain *next_ended;
  mrr_chain *next_noted;
  uint32_t noted;        /* in the loop's list of chains with something to say */
  uint32_t noted_member; /* whose operator put a call off */
  int64_t due;           /* do not step before; 0: at once */
  uint32_t tries;        /* of a call that answered TRANSIENT */
  uint32_t poll_off;     /* a poll was put off: a drain does not wait for it */
  uint32_t yielded;      /* a call of this step asked for others to run first */
  mrr_flag drain;        /* sources: end at the next step. any */
  mrr_flag halted;       /* sources: not polled any more. any */
  mrr_flag asked;        /* wake was called. any */
  mrr_word inject;       /* sources: epoch to begin at the next step; 0: none. any */
  mrr_word abandon;      /* epochs up to this one are given up by somebody else. any */
  uint64_t since_stamp;  /* records out since the last latency stamp */
  int64_t stamp_at;
  int64_t stamp; /* birth of a stamp to pass on; 0: none */
  int64_t mark;  /* watermark to pass on */
  int64_t mark_sent;
  uint32_t idle, idle_sent; /* it holds nobody's time up */
  uint32_t timed;           /* a source whose records are stamped: event_time is set */
  mrr_event_time event_time; /* setup */
  int64_t silent_since;      /* first poll in a row that found nothing; 0: the last one did */
  int64_t alarm;             /* step it then, whatever it waits for; 0: never */
  uint64_t aligning; /* epoch that some lanes are blocked for; 0: none */
  uint64_t barrier;  /* epoch to pass on: every lane has shown it; 0: none */
  uint64_t given_up; /* newest epoch that this chain gave up */
  mrr_freeze freeze; /* setup */
  void *freeze_argument;
  mrr_refuse refuse; /* setup */
  void *refuse_argument;
  mrr_inspect inspect; /* setup */
  void *inspect_argument;
  mrr_wire *export; /* setup: its one member writes to it */
  mrr_wire *import; /* setup: its one member takes from it */
  mrr_tap tap; /* setup */
  void *tap_argument;
  mrr_netting netting;
  mrr_failure failure;
};

/* Which chains have something to do. Any thread sets a bit and, where it was the first of its
 * word, the bit of the word above; the loop takes whole words from the top down. A word that is
 * not empty is therefore always announced above it, by the setter that found it empty. */
struct mrr_loop {
  mrr_flag any MRR_ALIGNED;
  mrr_flag sleeping MRR_ALIGNED; /* the loop's thread sleeps on this word */
  void (*wake)(void *argument) MRR_ALIGNED;
  void *wake_argument;
  uint32_t chain_count, chain_limit, top_count, leaf_count;
  mrr_word *top, *leaf;
  mrr_chain **chains;
  mrr_chain **active; /* loop */
  uint32_t active_count;
  mrr_chain *ended, *ended_last;
  mrr_chain *noted;
  mrr_box *current;    /* of the task being called; read by the signal handler of this thread */
  int64_t spin;        /* ns without work after which a chain is parked */
  int64_t alarm;       /* earliest that one of its chains has */
  int64_t wall_offset; /* wall clock minus monotonic clock, as its thread saw it last */
};

struct mr_ctx {
  mrr_task *task;          /* NULL for a partitioner */
  struct mrr_keyed *keyed; /* NULL: without keyed state. loop, setup */
  struct mrr_timers *timers; /* NULL: without timers. loop, setup */
  uint64_t tag;
  uint64_t random;
  mrr_flag busy; /* somebody writes the text. any */
  mr_status code;
  uint32_t size;
  char text[4096];
};

/* What a step or a call came to. */
enum {
  MRR_STEP_NOTHING = 0, /* no input */
  MRR_STEP_MOVED = 1,
  MRR_STEP_BLOCKED = 2, /* no room */
  MRR_STEP_ENDED = 3    /* finished or failed */
};

#define MRR_SLICE_NS 5000000ll
#define MRR_STAMP_RECORDS 1024u
#define MRR_STAMP_NS 1000000ll
#define MRR_MS_NS 1000000ll
#define MRR_AGAIN_NS MRR_MS_NS

void mrr_ready(mrr_chain *c);
int mrr_chain_park_inputs(mrr_chain *c);
void mrr_chain_await_room(mrr_chain *c);
uint32_t mrr_chain_step(mrr_chain *c, int64_t now);
uint32_t mrr_import_step(mrr_chain *c, int64_t now);
uint32_t mrr_credit(const mrr_task *t);

/* ---- control records (control.c) ------------------------------------------ */

/* Take those up to the head of a lane; a batch may have passed a watermark or a stamp, never a
 * barrier or an end. */
void mrr_take_controls(mrr_chain *c, mrr_lane *l, int64_t now);
void mrr_pass_controls(mrr_chain *c);
void mrr_raise_mark(mrr_chain *c, int64_t watermark, uint32_t idle);
void mrr_settle_time(mrr_chain *c, mrr_task *t);

static inline int mrr_time_waits(const mrr_chain *c) {
  return c->mark > c->mark_sent || c->idle != c->idle_sent;
}

/* ---- event time of sources (event_time.c) ----------------------------------- */

/* Between the check of a source's output and its publication: stamps it, takes out what has no
 * time. 0, or MRR_STEP_ENDED. The watermark that follows is in *mark. */
uint32_t mrr_stamp_output(mrr_chain *c, int64_t *mark, int64_t now);
/* A poll found nothing more; or it gave something, was not made for want of room, or failed. */
void mrr_note_silence(mrr_chain *c, int64_t now);
void mrr_note_pause(mrr_chain *c);
/* It has been silent for long enough. */
void mrr_look_idle(mrr_chain *c, int64_t now);
void mrr_loop_alarm(mrr_chain *c, int64_t at);
uint32_t mrr_fail(mrr_chain *c, uint32_t member, mr_status status, uint32_t violation);
uint32_t mrr_call_process(mrr_chain *c, uint32_t member, mrr_lane *lane, mrr_port *up, uint32_t n,
                          int64_t now);
uint32_t mrr_call_poll(mrr_chain *c, uint32_t credit, int64_t now);
uint32_t mrr_call_stop(mrr_chain *c, uint32_t member, int64_t now, int *done);

/* What is due, until there is nothing: MRR_STEP_NOTHING (call_time.c). */
uint32_t mrr_step_time(mrr_chain *c, int64_t now);
uint32_t mrr_keep_output(mrr_chain *c, uint32_t member, uint32_t *out, int64_t now);

/* barrier.c */
void mrr_barrier_begin(mrr_chain *c);
void mrr_barrier_meet(mrr_chain *c, mrr_lane *l, uint64_t epoch);
void mrr_barrier_abandon(mrr_chain *c);
uint32_t mrr_barrier_pass(mrr_chain *c);
int mrr_outputs_have_slot(const mrr_chain *c);
void mrr_outputs_control(mrr_chain *c, uint32_t kind, uint64_t epoch);

/* Control records that the consumer has not taken yet. */
static inline uint64_t mrr_lane_controls(const mrr_lane *l) {
  return mrr_relaxed(&l->control_tail) - mrr_look(&l->control_head);
}

/* The lane is looked at from now on. */
static inline void mrr_list(mrr_task *t, mrr_lane *l) {
  l->listed = 1;
  l->empty = 0;
  t->active[t->active_count++] = l;
}

static inline void mrr_time_state(mrr_cells *cells, uint32_t state, int64_t now) {
  if (cells->time_state == state)
    return;
  if (now > cells->since)
    mrr_cell_add(&cells->time[cells->time_state], (uint64_t)(now - cells->since));
  mrr_cell_set_signed(&cells->since, now);
  mrr_cell_set32(&cells->time_state, state);
}

#endif
