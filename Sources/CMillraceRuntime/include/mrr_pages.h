/* SPDX-License-Identifier: Apache-2.0
 * Shared pages: what an executor writes about itself while it runs, and what its supervisor can
 * still read after it died. Two files in memory (memfd), made by the supervisor, both little
 * endian, pages of 4 KiB, everything naturally aligned. Written with plain or relaxed stores by
 * one thread per page; a reader may see a page between two stores and must check what it reads.
 *
 *   black box   page 0: the process (mrr_process_page)
 *               page 1 + t: task t of the plan (mrr_box)
 *   cells       page t: counters of task t (mrr_cells)
 *               then MRR_HISTOGRAM_PAGES pages for histograms that operators make
 *
 * The reader in Swift is Wire/BlackBoxPage.swift and Wire/CellsPage.swift.
 */
#ifndef MRR_PAGES_H
#define MRR_PAGES_H

#include <stddef.h>
#include <stdint.h>

#define MRR_PAGE 4096u
#define MRR_BOX_MAGIC 0x5842524Du /* "MRBX" */
#define MRR_BOX_VERSION 1u
#define MRR_HISTOGRAM_PAGES 64u
#define MRR_MODULES 90u
#define MRR_STACK 32u
#define MRR_RING 128u

/* What a task is doing. */
enum {
  MRR_BOX_IDLE = 0,      /* nothing to do, or not started */
  MRR_BOX_IN_PLUGIN = 1, /* inside a call into the plugin */
  MRR_BOX_BLOCKED_OUT = 2,
  MRR_BOX_ALIGN = 3,
  MRR_BOX_FREEZE = 4,
  MRR_BOX_HOST = 5 /* host code working for this task */
};

/* Which call of the operator. */
enum {
  MRR_CALL_NONE = 0,
  MRR_CALL_ENTRY = 1, /* the library's entry or load function */
  MRR_CALL_CREATE = 2,
  MRR_CALL_RESTORE = 3,
  MRR_CALL_ASSIGN = 4,
  MRR_CALL_START = 5,
  MRR_CALL_PROCESS = 6,
  MRR_CALL_POLL = 7,
  MRR_CALL_ROUTE = 8,
  MRR_CALL_STOP = 9,
  MRR_CALL_DESTROY = 10,
  MRR_CALL_DISCOVER = 11,
  MRR_CALL_PAUSE = 12,
  MRR_CALL_SAVE = 13, /* save or freeze */
  MRR_CALL_POSITIONS = 14,
  MRR_CALL_PREPARE = 15,
  MRR_CALL_OPEN = 16,
  MRR_CALL_FENCE = 17,
  MRR_CALL_TIMERS = 18,
  MRR_CALL_WATERMARK = 19
};

/* Left by the signal handler of a dying process, or by its exit hook. */
typedef struct mrr_stamp {
  uint32_t signal; /* 0: none; 0xFFFFFFFF: exit() was called by somebody else than the executor */
  uint32_t code;   /* si_code */
  uint64_t fault_address;
  uint64_t program_counter;
  uint64_t thread; /* kernel thread id */
  uint32_t depth;  /* return addresses that follow */
  uint32_t reserved0;
  uint64_t stack[MRR_STACK];
} mrr_stamp;

typedef struct mrr_box {
  uint32_t magic, version;
  uint32_t state;     /* MRR_BOX_* */
  uint32_t call;      /* MRR_CALL_* */
  int64_t call_start; /* monotonic ns, as of the turn of the loop */
  uint64_t calls;     /* completed */
  uint64_t sequence;  /* of the first record of the batch, in its lane */
  uint32_t count;     /* records of the batch */
  uint32_t lane;      /* input lane of this task */
  uint64_t epoch;
  uint64_t reserved1;
  uint32_t node, instance; /* 64 */
  uint64_t attempt;
  uint64_t thread;    /* kernel id of the thread that calls it */
  uint8_t plugin[32]; /* SHA-256 of the library */
  uint8_t reserved2[256 - 120];
  /* 256: hashes of the last records of single-step mode, number n in slot n % 128, and behind them
   * how many there were (u64). The last one is the record of the call under way. */
  uint8_t ring[2056];
  uint8_t reserved3[2560 - 2312];
  mrr_stamp stamp; /* 2560 */
  uint8_t reserved4[MRR_PAGE - 2560 - sizeof(mrr_stamp)];
} mrr_box;
_Static_assert(sizeof(mrr_box) == MRR_PAGE, "a box is a page");
_Static_assert(offsetof(mrr_box, node) == 64 && offsetof(mrr_box, plugin) == 88 &&
                   offsetof(mrr_box, ring) == 256 && offsetof(mrr_box, stamp) == 2560,
               "layout 1 of the black box");

/* Where the code of a loaded library lies, to tell whose thread crashed. */
typedef struct mrr_module {
  uint64_t first, last; /* addresses, last excluded; 0, 0: unused */
  uint64_t plugin;      /* position among the plan's plugins, in order of first use by a node */
} mrr_module;

enum {
  MRR_PROCESS_STARTING = 0,
  MRR_PROCESS_RUNNING = 1,
  MRR_PROCESS_LEAVING = 2 /* the executor ends itself: exit() is no crime any more */
};

typedef struct mrr_process_page {
  uint32_t magic, version;
  uint32_t state; /* MRR_PROCESS_* */
  uint32_t tasks;
  int64_t heartbeat;     /* monotonic ns, written every 100 ms by the control thread */
  uint64_t modules_used; /* entries of modules */
  uint8_t reserved1[256 - 32];
  mrr_module modules[MRR_MODULES]; /* 256 */
  uint8_t reserved2[2560 - 256 - MRR_MODULES * sizeof(mrr_module)];
  mrr_stamp stamp; /* 2560: of a thread that no task is running on */
  uint8_t reserved3[MRR_PAGE - 2560 - sizeof(mrr_stamp)];
} mrr_process_page;
_Static_assert(sizeof(mrr_process_page) == MRR_PAGE && offsetof(mrr_process_page, stamp) == 2560,
               "layout 1 of the process page");

/* Counters of one task. All cumulative but those that say otherwise. */
enum {
  MRR_TIME_STARVED = 0, /* no input */
  MRR_TIME_BUSY = 1,    /* has input and room: running, or waiting for its loop */
  MRR_TIME_BLOCKED = 2, /* no room downstream */
  MRR_TIME_STATES = 3
};

/* Eight buckets to a power of two: bucket(v) = v < 8 ? v : 8 * (e - 2) + ((v >> (e - 3)) & 7)
 * with e = floor(log2 v). The last one takes everything above 2^44. */
#define MRR_BUCKETS 336u

typedef struct mrr_histogram_cells {
  uint64_t count;
  uint64_t sum;
  uint64_t max;
  uint64_t bucket[MRR_BUCKETS];
} mrr_histogram_cells;

#define MRR_METRIC_CELLS 64u

typedef struct mrr_cells {
  uint64_t records_in, records_out;
  uint64_t bytes_in, bytes_out; /* reserved: 0 */
  uint64_t calls;
  uint64_t slow_calls; /* came back after their deadline */
  uint64_t unused;     /* records written to ports that nobody listens to */
  uint64_t retries;
  uint64_t time[MRR_TIME_STATES]; /* ns, up to `since` */
  int64_t since;                  /* monotonic ns of the last change of `time_state` */
  uint32_t time_state;            /* MRR_TIME_*, as of now */
  uint32_t finished;              /* 1: will not be called again */
  uint64_t queue;                 /* records waiting in its input lanes, as of its last step */
  uint64_t queue_capacity;
  int64_t watermark;    /* as of now */
  uint64_t refused;     /* records that went to the dead letters, over all lives of the job */
  uint64_t dropped;     /* refused records that were counted and no more */
  uint64_t quarantined; /* taken out before the operator saw them, over all lives of the job */
  uint64_t restored;    /* records that it had taken before this process */
  uint32_t idle;        /* as of now: its watermark holds nobody up */
  uint32_t reserved1;
  uint8_t reserved0[512 - 168];
  uint64_t metric[MRR_METRIC_CELLS]; /* 512: counters and gauges of the operator */
  mrr_histogram_cells latency;       /* 1024: age of sampled records when this task took them */
  uint8_t reserved2[MRR_PAGE - 1024 - sizeof(mrr_histogram_cells)];
} mrr_cells;
_Static_assert(sizeof(mrr_cells) == MRR_PAGE && offsetof(mrr_cells, metric) == 512 &&
                   offsetof(mrr_cells, latency) == 1024,
               "layout 1 of the cells");

#endif
