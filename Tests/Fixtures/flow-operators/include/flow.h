/* SPDX-License-Identifier: Apache-2.0
 * flow.h - small graphs of mock operators on the shipped data plane.
 *
 * A graph is described (flow_node_add, flow_edge_add), built, and then either stepped in one
 * thread with a clock of its own (flow_run: the same seed does the same) or by real threads (the
 * stress program). Every record says where it comes from, so each operator can check what it gets:
 * bytes intact, each writer's records in order, none behind a watermark that covers it. What the
 * sinks have seen at the end is compared with what the graph must produce. */
#ifndef FLOW_H
#define FLOW_H

#include "mrr.h"

typedef struct flow_graph flow_graph;

enum {
  FLOW_SOURCE = 0,
  FLOW_SINK = 1,
  FLOW_PASS = 2,          /* forwards all; bounded, only forwards */
  FLOW_SPARSE = 3,        /* forwards one of sixteen */
  FLOW_HALF = 4,          /* forwards one of two */
  FLOW_MAP = 5,           /* copies; bounded, resumable */
  FLOW_MAP_BLUNT = 6,     /* copies; bounded, cannot resume */
  FLOW_EXPLODE = 7,       /* `fan` copies of each; no bound, resumable */
  FLOW_EXPLODE_BLUNT = 8, /* the same, cannot resume */
  FLOW_SPLIT = 9,         /* two ports: each record to one of them */
  FLOW_TEE = 10,          /* two ports: a copy to the first, forwards to the second */
  FLOW_LAST = 11,         /* forwards all and writes `fan` records of its own in `stop` */
  FLOW_FORWARD_ANY = 12,  /* forwards all; no bound, resumable */
  FLOW_BOUNDED = 13,      /* `fan` copies of each; says so, cannot resume */
  FLOW_KINDS = 14
};

enum {
  FLOW_NO_FAULT = 0,
  FLOW_TRANSIENT = 1,  /* fails at a record, after it has written the output of the batch; a
                          source: before it writes that record, for a minute */
  FLOW_DATA = 2,       /* refuses the record */
  FLOW_OVERRUN = 3,    /* commits past the window */
  FLOW_YIELD = 4,      /* yields before the record, without progress */
  FLOW_DONE = 5,       /* says DONE at the record */
  FLOW_TOO_MUCH = 6,   /* says it consumed more than there was */
  FLOW_BAD_STATUS = 7, /* AGAIN from an operator that cannot resume */
  FLOW_INTERNAL = 8,
  FLOW_WAIT = 10, /* asks for the record again in 5 s, each time */
  FLOW_ROUTE = 9  /* its partitioner fails when it is asked again for a record without room */
};

typedef struct flow_node {
  uint32_t kind, parallelism;
  uint32_t quota;       /* blocks of each output port */
  uint32_t batch_limit; /* 0: 256 */
  uint32_t fan;
  uint32_t fault;       /* FLOW_TRANSIENT ... */
  uint32_t fault_times; /* how often; 0: once */
  uint64_t fault_at;    /* sequence of the source's record */
  uint64_t fault_every; /* 0: there only; else wherever the sequence is fault_at modulo this */
  /* sources */
  uint64_t count;              /* records of each instance */
  uint32_t size_min, size_max; /* payload bytes, evenly between */
  uint32_t size_large;         /* of `large` in 1024 records */
  uint32_t large;
  uint32_t keys;
  uint32_t burst; /* most records of one poll; 0: the credit */
  uint32_t quiet; /* after so many records it waits to be woken; 0: never */
  /* Its times make its watermarks, and silence for so many ns makes it idle; then records of the
   * graph may be behind a watermark. 0: neither. */
  int64_t idle_after;
} flow_node;

typedef struct flow_edge {
  uint32_t from, port, to;
  uint32_t partition; /* MRR_ROUTE_* */
  uint32_t queue;
  uint32_t fused;
  uint32_t wire; /* bytes of a ring that each of its lanes goes through; 0: none */
} flow_edge;

typedef struct flow_sum {
  uint64_t count, sum;
} flow_sum;

enum {
  FLOW_FINISHED = 0,
  FLOW_FAILED = 1, /* a chain failed: flow_failure */
  FLOW_STUCK = 2,  /* every loop sleeps and nothing will wake one */
  FLOW_LONG = 3,   /* more turns than allowed */
  FLOW_WRONG = 4   /* a check failed: flow_text */
};

enum { FLOW_PAYLOAD_MIN = 40, FLOW_EPOCHS = 8, FLOW_NODES = 64, FLOW_EDGES = 96 };

/* ---- describing and building (graph.c) ---- */
flow_graph *flow_graph_new(uint64_t seed);
void flow_graph_free(flow_graph *g);
/* Nodes are added in the direction of flow: edges lead to later ones. */
uint32_t flow_node_add(flow_graph *g, flow_node node);
void flow_edge_add(flow_graph *g, flow_edge edge);
/* All edges so far that are not fused go through wires with rings of so many bytes. */
void flow_wire_edges(flow_graph *g, uint32_t bytes);
/* Eight bytes of some wire become others, as when its other end writes where it should not. */
void flow_scribble(flow_graph *g, uint64_t random);
/* Lays everything out on `loops` loops, chains on loops by the seed; with seed 0 in turn. `spare`:
 * blocks that anybody may borrow. */
void flow_build(flow_graph *g, uint32_t loops, int64_t spin, uint32_t spare);

/* ---- one thread (run.c) ---- */
/* Turns the loops, in an order that the seed chooses, until all is finished. A loop that sleeps
 * is not turned before it is woken or due. */
uint32_t flow_run(flow_graph *g, uint64_t turns_max);
/* At most so many turns; FLOW_LONG when there is more to do. */
uint32_t flow_some_turns(flow_graph *g, uint64_t turns);
/* Chains that ask to be woken are not, while this is set. */
void flow_keep_quiet(flow_graph *g, int on);
/* Wakes the sources of a node that wait for it. */
void flow_wake(flow_graph *g, uint32_t node);
/* Sources emit barrier `epoch` now, 1 below FLOW_EPOCHS and one after the other. 0: not possible,
 * because a source has ended or has not emitted the one before. */
int flow_barrier(flow_graph *g, uint64_t epoch);
/* The barrier that all sources emit once every chain has finished; the run ends with it. */
void flow_end_with(flow_graph *g, uint64_t epoch);
/* Everybody is told that the epoch came to nothing. */
void flow_give_up(flow_graph *g, uint64_t epoch);
/* One of the chains refuses to freeze at this barrier. */
void flow_refuse(flow_graph *g, uint64_t epoch);
/* Records that operators refuse are counted and dropped, instead of failing the chain. */
void flow_take_refusals(flow_graph *g);
/* Records of the node whose sequence is `at` modulo `every` are taken out before it sees them;
 * `mode`: MRR_WATCH_*. */
void flow_take_out(flow_graph *g, uint32_t node, uint64_t every, uint64_t at, uint32_t mode);
/* Of the records that were refused or taken out: how many, and the sum of their sequences. */
flow_sum flow_refused(const flow_graph *g);
/* The most records of a batch that the host was shown. */
uint32_t flow_shown_max(const flow_graph *g);

/* What a tap was shown. */
typedef struct flow_tapped {
  flow_sum seen;
  uint64_t broken; /* records that were not whole */
  uint64_t calls;
  uint64_t passed; /* as the data plane counts */
} flow_tapped;
/* Who looks at the sides that are open, before loops run: at what passes, then at nothing for
 * `pause` ns. */
void flow_taps(flow_graph *g, int64_t pause);
/* The same, and opens one side of the node: an output port, or MRR_TAP_INPUT. */
void flow_tap(flow_graph *g, uint32_t node, uint32_t port, int64_t pause);
void flow_tap_open(flow_graph *g, uint32_t node, uint32_t port, int open);
/* Opens or shuts a side that the number chooses. One thread at a time. */
void flow_tap_any(flow_graph *g, uint64_t n);
flow_tapped flow_tap_seen(const flow_graph *g, uint32_t node, uint32_t port);

/* Sources end now. */
void flow_drain(flow_graph *g);
/* Nanoseconds that have passed on the graph's own clock. */
int64_t flow_clock(const flow_graph *g);
uint64_t flow_turns(const flow_graph *g);
/* Number of chains that are looked at in each turn. */
uint32_t flow_active(const flow_graph *g);
uint32_t flow_blocks_used(const flow_graph *g);

/* ---- what came of it (oracle.c) ---- */
flow_sum flow_expected(flow_graph *g, uint32_t node);
flow_sum flow_seen(const flow_graph *g, uint32_t node);
/* Of the records before a barrier; both are 0 if it did not arrive everywhere. */
flow_sum flow_expected_before(flow_graph *g, uint32_t node, uint64_t epoch);
flow_sum flow_seen_before(const flow_graph *g, uint32_t node, uint64_t epoch);
/* Compares all sinks; 0 and a text when one differs. */
int flow_right(flow_graph *g);
const char *flow_text(const flow_graph *g);
mrr_failure flow_failure(const flow_graph *g);
const mrr_cells *flow_cells(const flow_graph *g, uint32_t node, uint32_t instance);
uint64_t flow_seen_by(const flow_graph *g, uint32_t node, uint32_t instance);
/* Records whose key group belongs to another instance of the node. */
uint64_t flow_misrouted(const flow_graph *g, uint32_t node);

/* ---- real threads (the stress program) ---- */
uint32_t flow_loop_count(const flow_graph *g);
mrr_loop *flow_loop(const flow_graph *g, uint32_t loop);
uint32_t flow_chains_on(const flow_graph *g, uint32_t loop);
uint32_t flow_chain_count(const flow_graph *g);
/* The first source's. */
mrr_chain *flow_source_chain(const flow_graph *g);
/* Joins the chains of one loop to it: called by its thread. */
void flow_join(flow_graph *g, uint32_t loop);
mr_ctx *flow_context(const flow_graph *g, uint32_t chain);
/* Did the source of this chain wait to be woken? From now on it does not: wake it. Any thread. */
int flow_rouse(const flow_graph *g, uint32_t chain);
uint32_t flow_task_count(const flow_graph *g);
/* The last barrier that a task passed. */
uint64_t flow_epoch(const flow_graph *g, uint32_t task);
/* Is this the barrier that every chain on the loop passed last? Called by its thread. */
int flow_passed(const flow_graph *g, uint32_t loop, uint64_t epoch);
/* Puts the first complaint of an operator into flow_text. 0: there is none. */
int flow_find_complaint(flow_graph *g);
/* Records that all tasks have taken so far. Any thread. */
uint64_t flow_progress(const flow_graph *g);

#endif
