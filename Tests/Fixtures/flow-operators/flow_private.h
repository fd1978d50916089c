/* SPDX-License-Identifier: Apache-2.0
 * The structs behind flow.h. */
#ifndef FLOW_PRIVATE_H
#define FLOW_PRIVATE_H

#include "flow.h"
#include <millrace/ext/partition.h>
#include <millrace/ext/source.h>

#define FLOW_BEGIN 1000000000 /* the clock when a graph is built */

/* What every payload begins with; the key is its first field. */
typedef struct flow_head {
  uint64_t key;
  uint32_t source; /* task that made the record first */
  uint32_t writer; /* output port that wrote these bytes */
  uint64_t sequence;
  uint64_t line;  /* which copy of it */
  uint64_t stamp; /* counts what the writer wrote, from 1 */
} flow_head;
_Static_assert(sizeof(flow_head) == FLOW_PAYLOAD_MIN, "payload");

typedef struct flow_task {
  flow_graph *graph;
  const flow_node *node;
  uint32_t node_number, instance, number;
  uint32_t resumable;
  mrr_task *task;
  mr_ctx *context;
  mrr_cells *cells;
  mrr_box *box;
  mr_out *out[2];
  uint32_t first_port, port_count; /* of the graph */

  /* inputs */
  uint32_t lane_count;
  uint32_t *lane_port;  /* the port that feeds each input lane */
  uint64_t *last_stamp; /* [lane][writer] */
  int64_t mark;         /* newest watermark that a batch had */
  uint64_t mark_events;

  /* outputs */
  uint64_t stamps[2];
  uint64_t emitted;    /* source, or LAST in stop */
  uint32_t *child;     /* exploders: copies of the next record of a lane that are out */
  uint32_t faults;     /* so far */
  uint32_t quiet;      /* waits to be woken. any */
  uint64_t since_wake; /* records since then */
  uint64_t random;

  uint64_t asked; /* partitioner: the first record of its last call */

  flow_sum seen;
  uint64_t misrouted;
  flow_sum before[FLOW_EPOCHS];
  uint64_t cut[FLOW_EPOCHS]; /* sources: records emitted before the barrier */
  uint64_t epoch;
  char text[160]; /* the first check that failed */
} flow_task;

typedef struct flow_chain_info {
  mrr_chain *chain;
  uint32_t loop, first_task, last_task, source;
  const mrr_box *box; /* of its head */
  struct flow_graph *graph; /* once it may refuse a barrier */
} flow_chain_info;

struct flow_graph {
  uint64_t seed, random;
  uint32_t node_count, edge_count, task_count, port_count, chain_count, loop_count;
  flow_node nodes[FLOW_NODES];
  flow_edge edges[FLOW_EDGES];
  uint32_t first_task[FLOW_NODES];
  flow_task *tasks;
  flow_chain_info *chains;
  mrr_loop **loops;
  uint32_t *asleep;
  int64_t *due;
  struct {
    uint8_t *shared;
    uint64_t bytes;
  } wires[FLOW_EDGES];
  uint32_t wire_count; /* quotas behind those of the ports, one for each */
  mrr_arena *arena;
  uint8_t *base;
  uint32_t block_count;
  uint8_t *was_free;
  uint8_t *paths; /* [port][writer]: ways from a writer to a port, at most 2 */
  void **owned;   /* memory to free */
  uint32_t owned_count, owned_room;
  uint64_t mapped_bytes;

  int64_t now, spin;
  uint64_t turns;
  uint32_t finished;
  int keep_quiet;
  int may_be_late; /* a source may be idle */
  uint64_t last_epoch; /* the run ends when every task has passed this barrier; 0: without one */
  uint64_t newest, given_up;
  uint64_t refused_epoch; /* chain `refusing` refuses to freeze at it */
  uint32_t refusing;
  flow_sum refusals;
  uint64_t out_every, out_at; /* records to take out */
  uint32_t shown_max;
  flow_sum tapped;
  uint64_t tap_broken, tap_calls;
  int64_t tap_pause;
  mrr_failure failure;
  char text[256];
};

/* Lanes of the edge that go through wires. (wires.c) */
uint32_t flow_wires_of(const flow_graph *g, const flow_edge *e);
/* Leads what comes by `near` through a wire into `far`. */
void flow_wire(flow_graph *g, const flow_edge *e, uint32_t producer, mrr_lane *near, mrr_lane *far);

static inline uint64_t flow_mix(uint64_t x) { /* splitmix64, Vigna */
  x += 0x9E3779B97F4A7C15ull;
  x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ x >> 27) * 0x94D049BB133111EBull;
  return x ^ x >> 31;
}

static inline uint64_t flow_next(uint64_t *state) {
  return flow_mix(*state += 0x632BE59BD9B4E019ull);
}

static inline uint64_t flow_identity(uint32_t source, uint64_t sequence, uint64_t line) {
  return flow_mix(flow_mix(sequence ^ (uint64_t)source << 48) ^ line);
}

static inline uint64_t flow_child_line(uint64_t line, uint32_t node, uint32_t child) {
  return flow_mix(line ^ (uint64_t)(node + 1) << 32 ^ child);
}

/* decisions that operators and oracle share, from the identity of a record */
static inline int flow_keeps(uint32_t kind, uint64_t id) {
  return kind == FLOW_SPARSE ? id % 16 == 0 : kind == FLOW_HALF ? id % 2 == 0 : 1;
}
static inline uint32_t flow_split_port(uint64_t id) { return (uint32_t)(id >> 1 & 1); }
static inline uint32_t flow_custom_target(uint64_t id, uint32_t n) {
  return id % 97 == 0 ? MR_TARGET_ALL : id % 89 == 0 ? MR_TARGET_NONE : (uint32_t)(id >> 8) % n;
}
/* Does the kind write records of its own on this port? */
static inline int flow_writes(uint32_t kind, uint32_t port) {
  return kind == FLOW_SOURCE || kind == FLOW_MAP || kind == FLOW_MAP_BLUNT ||
         kind == FLOW_EXPLODE || kind == FLOW_EXPLODE_BLUNT || kind == FLOW_BOUNDED ||
         kind == FLOW_LAST || (kind == FLOW_TEE && port == 0);
}
static inline int flow_forwards(uint32_t kind, uint32_t port) {
  return kind == FLOW_PASS || kind == FLOW_SPARSE || kind == FLOW_HALF || kind == FLOW_SPLIT ||
         kind == FLOW_FORWARD_ANY || kind == FLOW_LAST || (kind == FLOW_TEE && port == 1);
}

/* records.c */
uint32_t flow_size(const flow_graph *g, uint32_t source, uint64_t sequence);
void flow_fill(const flow_graph *g, const flow_head *head, uint8_t *payload, uint32_t size);
flow_head flow_head_of(const mr_batch *b, uint32_t i);
int flow_check(flow_task *t, const mr_batch *b);
void flow_note(flow_task *t, const mr_batch *b, uint32_t n);
void flow_complain(flow_task *t, const char *what, const flow_head *h);

/* operators.c */
extern const mr_partition flow_partition;
mr_operator *flow_table(flow_graph *g, const flow_node *n, uint32_t ports);
const mr_source *flow_source(void);
void *flow_take(flow_graph *g, uint64_t bytes);

#endif
