/* SPDX-License-Identifier: Apache-2.0
 * mrr_timers.h - timers of one task: the host's side of millrace/ext/time.h.
 *
 * A store belongs to the thread that steps its task. All memory comes from the host's `take`.
 * Changes belong to the [task] call they are made in, as keyed state does: kept with its output, or
 * taken back. */
#ifndef MRR_TIMERS_H
#define MRR_TIMERS_H

#include "mrr.h"
#include "mrr_keyed.h"
#include <millrace/ext/time.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MRR_TIMERS_DUE = 256 }; /* most of one call; the ABI allows 1,000 */

typedef struct mrr_timers mrr_timers;

/* `most`: timers that there may be; beyond it MR_E_NOMEM. NULL: no memory. */
mrr_timers *mrr_timers_make(mrr_memory memory, uint64_t most);
/* The task, which is the first of its chain, has these timers and hears of the time. `time` lives
 * for ever. Before it joins a loop. */
void mrr_task_time(mrr_task *t, const mr_time *time, mrr_timers *s);
/* What host->extension(MR_EXT_TIME) answers. */
extern const mr_host_time mrr_time_table;

/* ---- calls ------------------------------------------------------------------- */

/* A [task] call begins. */
void mrr_timers_begin(mrr_timers *s);
/* It has returned: its changes stay, or all of them are taken back. */
void mrr_timers_keep(mrr_timers *s);
void mrr_timers_undo(mrr_timers *s);
/* The earliest time of a domain; MR_TIME_END: there is no timer. */
int64_t mrr_timers_next(const mrr_timers *s, mr_domain domain);
/* Takes up to MRR_TIMERS_DUE timers that are due, in time order, domain by domain; within a call.
 * Returns how many; `*due` is valid until keep or undo. */
uint32_t mrr_timers_take(mrr_timers *s, int64_t watermark, int64_t wall, const mr_timer **due);
/* Those from position `first` of the ones taken were not consumed: they are back. */
void mrr_timers_give_back(mrr_timers *s, uint32_t first);

/* ---- snapshots --------------------------------------------------------------- */

/* For a checkpoint: how many there are, and each of them, in no order. NULL: position `at` has
 * none; there are mrr_timers_span positions. */
uint64_t mrr_timers_count(const mrr_timers *s);
uint64_t mrr_timers_span(const mrr_timers *s);
const mr_timer *mrr_timers_at(const mrr_timers *s, uint64_t at);
/* Before the first call. The key is copied. MR_OK, MR_E_INVALID, MR_E_NOMEM. */
mr_status mrr_timers_restore(mrr_timers *s, const mr_timer *t);

#ifdef __cplusplus
}
#endif
#endif
