/* SPDX-License-Identifier: Apache-2.0
 * millrace/draft/journal.h - input that cannot be read again. Provided by the host: what a source
 * takes from a descriptor lies in a file of the job before the source sees it, and the source reads
 * it there. Where it has read to is part of every checkpoint, so a restored instance reads on from
 * there: first what the journal has, then the descriptor. */
#ifndef MILLRACE_DRAFT_JOURNAL_H
#define MILLRACE_DRAFT_JOURNAL_H
#include "../ext/source.h"
#define MR_EXT_JOURNAL "millrace.journal/1"
MR_BEGIN

/* For mr_source.flags: reads through the journal wherever `open` says that there is one. */
enum { MR_SOURCE_JOURNAL = 1 << 3 };

typedef struct mr_host_journal {
  uint32_t struct_size;
  uint32_t reserved0;

  /* For what comes from a descriptor; in `start`. MR_OK: there is a journal for this instance, and
   * it stands where the checkpoint left it. MR_E_UNSUPPORTED: the run keeps no state, read the
   * descriptor itself. Other MR_E_*: to be returned. [setup] */
  mr_status (*open)(mr_ctx *c, int32_t descriptor);

  /* Copies what lies in the journal and was not read yet, `most` bytes at most. Bytes copied; 0:
   * nothing is left, take more; negative: mr_status, to be returned. [task] */
  int64_t (*read)(mr_ctx *c, void *into, uint64_t most);

  /* Takes what the descriptor has, about `most` bytes at most, once all was read. Never waits.
   * From a pipe or a file it is moved by the kernel: however the process dies, a byte is either
   * still there or in the journal. From anything else it is read and written.
   *   MR_OK     read it now;                  MR_AGAIN  nothing is there yet;
   *   MR_DONE   the input has ended, now or in an attempt before: that is remembered;
   *   MR_E_UNAVAILABLE  no space is left: nothing was taken, return it to be called again;
   *   other MR_E_*      to be returned. [task] */
  mr_status (*take)(mr_ctx *c, uint64_t most);
} mr_host_journal;
MR_GROWABLE(mr_host_journal, take);
MR_END
#endif
