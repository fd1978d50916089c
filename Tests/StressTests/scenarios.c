/* SPDX-License-Identifier: Apache-2.0
 * What is stressed. Queues are short and loops do not spin, so nearly every turn parks
 * somebody and nearly every record wakes somebody. */
#include "stress.h"

static flow_node source(uint64_t count, uint32_t tasks) {
  flow_node n = {.kind = FLOW_SOURCE, .parallelism = tasks, .quota = 4, .count = count};
  n.size_min = FLOW_PAYLOAD_MIN;
  n.size_max = 200;
  n.keys = 64;
  return n;
}

static flow_node operator(uint32_t kind, uint32_t tasks) {
  flow_node n = {.kind = kind, .parallelism = tasks, .quota = 4, .fan = 3};
  return n;
}

static void edge(flow_graph *g, uint32_t from, uint32_t port, uint32_t to, uint32_t partition,
                 uint32_t queue) {
  flow_edge_add(g, (flow_edge){from, port, to, partition, queue, 0, 0});
}

/* One lane between two threads. */
static void hop(flow_graph *g, uint32_t round) {
  flow_node n = source(60000, 1);
  n.burst = round % 3 == 0 ? 1 : round % 3 == 1 ? 5 : 0;
  uint32_t a = flow_node_add(g, n), b = flow_node_add(g, operator(FLOW_SINK, 1));
  edge(g, a, 0, b, MRR_ROUTE_FORWARD, round % 2 ? 64 : 8);
}

/* There, on and back: each record crosses the loops three times. */
static void hops(flow_graph *g, uint32_t round) {
  flow_node n = source(20000, 1);
  n.burst = 1 + round % 2 * 30;
  uint32_t a = flow_node_add(g, n), b = flow_node_add(g, operator(FLOW_PASS, 1)),
           c = flow_node_add(g, operator(FLOW_MAP, 1)),
           d = flow_node_add(g, operator(FLOW_SINK, 1));
  edge(g, a, 0, b, MRR_ROUTE_FORWARD, 8);
  edge(g, b, 0, c, MRR_ROUTE_FORWARD, 8);
  edge(g, c, 0, d, MRR_ROUTE_FORWARD, 8);
}

/* Many lanes into and out of every task; blocks are shared by lanes on several threads. */
static void mesh(flow_graph *g, uint32_t round) {
  flow_node n = source(6000, 3);
  n.burst = round % 2 ? 7 : 0;
  uint32_t a = flow_node_add(g, n), b = flow_node_add(g, operator(FLOW_HALF, 3)),
           c = flow_node_add(g, operator(FLOW_EXPLODE_BLUNT, 2)),
           d = flow_node_add(g, operator(FLOW_SINK, 3));
  edge(g, a, 0, b, MRR_ROUTE_HASH, 16);
  edge(g, b, 0, c, MRR_ROUTE_ROUND_ROBIN, 8);
  edge(g, b, 0, d, MRR_ROUTE_BROADCAST, 64);
  edge(g, c, 0, d, MRR_ROUTE_LEAST_LOADED, 32);
}

/* Two blocks each: producers wait for blocks that are given back on other threads. */
static void blocks(flow_graph *g, uint32_t round) {
  flow_node n = source(3000, 2);
  n.quota = 2;
  n.size_max = 30000;
  n.large = round % 2 ? 40 : 0;
  n.size_large = 2 * 65536 - 32;
  uint32_t a = flow_node_add(g, n);
  n = operator(FLOW_TEE, 1);
  n.quota = 2;
  uint32_t b = flow_node_add(g, n);
  n = operator(FLOW_MAP_BLUNT, 2);
  n.quota = 2;
  uint32_t c = flow_node_add(g, n);
  uint32_t d = flow_node_add(g, operator(FLOW_SINK, 1));
  edge(g, a, 0, b, MRR_ROUTE_ROUND_ROBIN, 32);
  edge(g, b, 0, c, MRR_ROUTE_HASH, 8);
  edge(g, b, 1, d, MRR_ROUTE_FORWARD, 64);
  edge(g, c, 0, d, MRR_ROUTE_HASH, 8);
}

/* Sources that wait to be woken by other threads after every few records. */
static void wakes(flow_graph *g, uint32_t round) {
  flow_node n = source(4000, 4);
  n.quiet = 1 + round % 3 * 4;
  uint32_t a = flow_node_add(g, n), b = flow_node_add(g, operator(FLOW_SINK, 2));
  edge(g, a, 0, b, MRR_ROUTE_HASH, 8);
}

/* Seventy lanes into one task, most of them parked at any time. */
static void wide(flow_graph *g, uint32_t round) {
  flow_node n = source(300, 70);
  n.quota = 2;
  n.quiet = 3 + round % 2 * 20;
  uint32_t a = flow_node_add(g, n), b = flow_node_add(g, operator(FLOW_SINK, 1));
  edge(g, a, 0, b, MRR_ROUTE_ROUND_ROBIN, 8);
}

/* Barriers from outside through a diamond. */
static void barriers(flow_graph *g, uint32_t round) {
  flow_node n = source(20000, 1);
  n.burst = 1 + round % 2 * 60;
  uint32_t a = flow_node_add(g, n), b = flow_node_add(g, operator(FLOW_SPLIT, 1)),
           c = flow_node_add(g, operator(FLOW_PASS, 1)),
           d = flow_node_add(g, operator(FLOW_MAP, 2)),
           e = flow_node_add(g, operator(FLOW_SINK, 2));
  edge(g, a, 0, b, MRR_ROUTE_FORWARD, 64);
  edge(g, b, 0, c, MRR_ROUTE_FORWARD, 8);
  edge(g, b, 1, d, MRR_ROUTE_HASH, 16);
  edge(g, c, 0, e, MRR_ROUTE_HASH, 8);
  edge(g, d, 0, e, MRR_ROUTE_HASH, 8);
}

/* The same over wires, whose rings are full at nearly any time. */
static void wires(flow_graph *g, uint32_t round) {
  barriers(g, round);
  flow_wire_edges(g, 1 << 18);
}

const scenario scenarios[] = {
    {"hop", hop, 2, 0, 0, 0, 0},         {"hops", hops, 2, 0, 0, 0, 0},
    {"mesh", mesh, 3, 0, 0, 0, 1},       {"blocks", blocks, 3, 0, 0, 0, 0},
    {"borrowed", blocks, 3, 6, 0, 0, 2}, {"wakes", wakes, 2, 0, 2, 0, 0},
    {"wide", wide, 3, 0, 2, 0, 0},       {"barriers", barriers, 3, 0, 0, 1, 0},
    {"wires", wires, 3, 0, 0, 1, 3},
};
const uint32_t scenario_count = sizeof scenarios / sizeof *scenarios;
