/* SPDX-License-Identifier: Apache-2.0
 * mrr_keyed.h - keyed state of one task, in memory: the host's side of millrace/ext/keyed_state.h.
 *
 * A store belongs to the thread that steps its task. Only mrr_keyed_save runs elsewhere, on an
 * image, beside everything else; how that is safe is said in keyed_image.c. All memory comes from
 * the host's `take`; nothing here locks, waits or makes a system call.
 *
 * Around each [task] call: begin, the call, then keep or undo. Between two calls: freeze, complete,
 * release, sweep. Before the first call: restore_piece for each piece, then restore_end. */
#ifndef MRR_KEYED_H
#define MRR_KEYED_H

#include <millrace/ext/keyed_state.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mrr_keyed mrr_keyed;
typedef struct mrr_image mrr_image;

enum {
  MRR_KEYED_GROUPS = 1024,
  MRR_KEYED_TABLES = 256, /* per operator */
  MRR_KEYED_IMAGES = 4    /* frozen, or not wholly released, at once */
};

/* Memory of the host. `take` answers NULL when there is none; what it gives is aligned to 16 bytes
 * and need not be zeroed. Most requests are for 512, 1,024, 2,048 or 4,096 bytes. Called by the
 * thread of the task only. */
typedef struct mrr_memory {
  void *impl;
  void *(*take)(void *impl, uint64_t bytes);
  void (*give)(void *impl, void *memory, uint64_t bytes); /* as much as was taken there */
} mrr_memory;

typedef struct mrr_keyed_shape {
  const mr_table *const *tables; /* live as long as the store */
  uint32_t table_count;
  uint32_t group_first, group_last; /* key groups of this instance, inclusive */
  uint32_t reserved0;
  uint64_t budget;    /* bytes of tables and their indexes; beyond it MR_E_NOMEM */
  uint64_t log_limit; /* bytes of the undo log of one call; beyond it MR_E_NOMEM */
} mrr_keyed_shape;

/* NULL: no memory, or tables or groups beyond the limits. */
mrr_keyed *mrr_keyed_make(mrr_memory memory, mrr_keyed_shape shape);
/* Gives everything back, images included: none may be being saved. */
void mrr_keyed_drop(mrr_keyed *s);
/* Where the functions of mrr_keyed_state_table find the store of a context; NULL takes it away. */
void mrr_context_keyed(mr_ctx *c, mrr_keyed *s);
/* What host->extension(MR_EXT_KEYED_STATE) answers. */
extern const mr_host_keyed_state mrr_keyed_state_table;

/* ---- calls ------------------------------------------------------------------- */

/* A [task] call begins. `now` (processing time, ns) and `watermark` (event time, ns; INT64_MIN
 * before the first) decide what has expired, until the next begin. */
void mrr_keyed_begin(mrr_keyed *s, int64_t now, int64_t watermark);
/* It has returned: its changes stay, or all of them are taken back. Handed-out bytes end here. */
void mrr_keyed_keep(mrr_keyed *s);
void mrr_keyed_undo(mrr_keyed *s);
/* Tidying without a call, for idle turns: looks at up to `entries` entries of tables with a ttl,
 * and releases up to as many pages of images. Non-zero: call again, images are not released yet.
 * keep does this with 64. */
int mrr_keyed_sweep(mrr_keyed *s, int64_t now, int64_t watermark, uint32_t entries);

/* ---- snapshots --------------------------------------------------------------- */

enum { MRR_FREEZE_FULL = 1 << 0 };
/* Pins the state as it is now, as epoch `epoch` (they rise). An image holds what changed since the
 * newest epoch that is complete; everything with MRR_FREEZE_FULL, or if none is. MR_OK,
 * MR_E_NOMEM, or MR_AGAIN when MRR_KEYED_IMAGES are not released yet. */
mr_status mrr_keyed_freeze(mrr_keyed *s, uint64_t epoch, uint32_t flags, mrr_image **image);
/* The epoch's Complete has come: later images may leave out what it holds. Of epochs that are
 * given up nothing need be told. */
void mrr_keyed_complete(mrr_keyed *s, uint64_t epoch);
/* Nobody reads the image any more; saved or not. Its pages go in the background. */
void mrr_keyed_release(mrr_keyed *s, mrr_image *image);
/* Is it a full one? The epoch it is taken against else. */
int mrr_image_full(const mrr_image *image, uint64_t *base_epoch);

/* Where pieces go. Each piece is what one key group wrote between two calls of `group`; the host
 * keeps it as a whole, under that group. */
typedef struct mrr_piece_sink {
  void *impl;
  int64_t (*write)(void *impl, const void *data, uint64_t size); /* bytes taken; <= 0: failed */
  int64_t (*group)(void *impl, uint32_t group);                  /* < 0: failed */
} mrr_piece_sink;
/* Writes the image. MR_OK or MR_E_IO. [bg], one thread per image */
mr_status mrr_keyed_save(mrr_image *image, const mrr_piece_sink *sink);

/* ---- restore ------------------------------------------------------------------ */

/* Why a piece was refused, and of which table. `name` is not ended by NUL when it is 63 long. */
typedef struct mrr_restore_report {
  const char *reason; /* a constant; NULL: nothing wrong */
  char name[64];      /* of the table; empty: none in particular */
  uint32_t version;   /* that it was written with */
  uint32_t group;
  uint64_t dropped; /* entries of tables that are not declared any more */
} mrr_restore_report;

/* Takes one piece: full before increments, in the order of their epochs, instance by instance in
 * any order. Pieces of groups that are not ours are left alone. MR_OK, MR_E_STATE (damaged, or
 * the table has another shape), MR_E_NOMEM. After an error the store can only be dropped. */
mr_status mrr_keyed_restore_piece(mrr_keyed *s, const void *piece, uint64_t size,
                                  mrr_restore_report *report);
typedef struct mrr_migration {
  void *impl;
  /* mr_keyed_state.migrate behind it. NULL: equal versions only. */
  mr_status (*migrate)(void *impl, const char *table, uint32_t version, const mr_kv *old,
                       mr_kv_sink *into);
} mrr_migration;
/* After the last piece. MR_E_STATE with the table in the report: an entry that exists twice, or
 * an older version that nobody migrates; else what migrate answered. */
mr_status mrr_keyed_restore_end(mrr_keyed *s, const mrr_migration *migration,
                                mrr_restore_report *report);

/* ---- gauges -------------------------------------------------------------------- */

typedef struct mrr_keyed_gauges {
  uint64_t entries;
  uint64_t bytes;  /* of tables and their indexes: what the budget limits */
  uint64_t frozen; /* of pages that only images hold */
  uint64_t log;    /* of the undo log */
} mrr_keyed_gauges;
mrr_keyed_gauges mrr_keyed_gauge(const mrr_keyed *s);
/* Entries and bytes of one table; expired entries count until they are swept. */
mrr_keyed_gauges mrr_keyed_table_gauge(const mrr_keyed *s, uint32_t table);

#ifdef __cplusplus
}
#endif
#endif
