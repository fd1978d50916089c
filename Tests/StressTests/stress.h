/* SPDX-License-Identifier: Apache-2.0
 * The shipped data plane on real threads. A scenario is a graph of mock operators, and what
 * threads that are no loops do to it meanwhile. */
#ifndef STRESS_H
#define STRESS_H

#include "flow.h"

typedef struct scenario {
  const char *name;
  /* Describes the graph; the round varies sizes and seeds. */
  void (*make)(flow_graph *g, uint32_t round);
  uint32_t loops;
  uint32_t spare;    /* blocks that anybody may borrow */
  uint32_t foreign;  /* threads that wake, poke and report errors */
  uint32_t barriers; /* are sent by another thread: for graphs with one source */
  uint32_t seed;     /* 0: chains on loops in turn */
} scenario;

extern const scenario scenarios[];
extern const uint32_t scenario_count;

/* Runs one round. 0: all is well; otherwise what is wrong has been printed. */
int stress_run(const scenario *s, uint32_t round);

#endif
