// SPDX-License-Identifier: Apache-2.0
// A sink in two phases under crashes: after each life the outside has what is committed and nothing
// else; at the end it has every record once.
//
// A life ends at any step, or the instance lives on beside its successor and writes what nobody
// will commit. Commits are repeated; epochs are given up and their tokens held; disks are full, by
// a limit on the size of files.
#include "host.h"
#include <signal.h>
#include <sys/resource.h>

typedef struct {
  uint64_t attempt, epoch;
  text bytes;
} token;

typedef struct {
  token *items;
  uint32_t count;
} tokens;

static struct {
  const mr_operator *op;
  checkpoint claimed;
  tokens bound;  /* of the claimed epoch */
  uint32_t done; /* and they are committed */
  tokens held;   /* prepared since, in the order of their epochs */
  uint64_t epoch, attempt;
  uint32_t lives;
  life zombies[4];
  uint32_t zombie_count;
} job;

static const char *look;   /* command that prints what the outside sees */
static const char *before; /* what it has at the start */
static uint32_t committed_only, full_disks;

static void clear(tokens *list) {
  for (uint32_t i = 0; i < list->count; i++)
    drop(&list->items[i].bytes);
  free(list->items);
  *list = (tokens){0};
}

/* ---- the disk --------------------------------------------------------------------------- */

static void limit_files(rlim_t size) {
  struct rlimit limit = {size, RLIM_INFINITY};
  setrlimit(RLIMIT_FSIZE, &limit);
}
static void maybe_fill(void) {
  if (full_disks && one_in(4))
    limit_files(chance() % 60000);
}
static void free_disk(void) { limit_files(RLIM_INFINITY); }

/* ---- what is seen ------------------------------------------------------------------------ */

static void check_outside(const char *when, uint64_t records) {
  text seen = {0}, wanted = {0};
  char chunk[4096];
  size_t got;
  if (look == NULL)
    return;
  add(&wanted, before, strlen(before));
  add(&wanted, input_lines.bytes, lines_until((uint32_t)records));
  FILE *from = popen(look, "r");
  while ((got = fread(chunk, 1, sizeof chunk, from)) > 0)
    add(&seen, chunk, got);
  if (pclose(from) != 0)
    fail("%s: `%s` fails", when, look);
  if (seen.size != wanted.size || memcmp(seen.bytes, wanted.bytes, seen.size) != 0)
    fail("%s, life %u, epoch %llu: %llu bytes are there, expected %llu", when, job.lives,
         (unsigned long long)job.epoch, (unsigned long long)seen.size,
         (unsigned long long)wanted.size);
  drop(&seen);
  drop(&wanted);
}

/* ---- phases ------------------------------------------------------------------------------- */

static int64_t token_write(mr_writer *w, const void *data, uint64_t size) {
  uint64_t n = size > 3000 ? 3000 : size;
  add(w->impl, data, n);
  return (int64_t)n;
}
static mr_status token_group(mr_writer *w, uint32_t group) {
  (void)w, (void)group;
  return MR_E_UNSUPPORTED;
}

static mr_committable committable(const token *one) {
  return (mr_committable){.struct_size = sizeof(mr_committable),
                          .attempt = one->attempt,
                          .epoch = one->epoch,
                          .token = {one->bytes.bytes, one->bytes.size}};
}

/* Commit what is claimed, some of it more than once. 0: this life ends in the middle. */
static int commit_claimed(life *l, int may_crash) {
  for (uint32_t i = 0; i < job.bound.count; i++) {
    mr_committable c = committable(&job.bound.items[i]);
    mr_commit_result result;
    do {
      maybe_fill();
      result = l->sink->commit(l->instance, &c);
      free_disk();
      if (result < 0 || result > MR_COMMIT_RETRY)
        fail("life %u: commit of epoch %llu answers %d: %s", job.lives, (unsigned long long)c.epoch,
             (int)result, l->ctx.text);
    } while (result == MR_COMMIT_RETRY || one_in(3));
    if (may_crash && one_in(12))
      return 0;
  }
  job.done = 1;
  return 1;
}

static void abort_held(life *l) {
  for (uint32_t i = 0; i < job.held.count; i++) {
    mr_committable c = committable(&job.held.items[i]);
    if (one_in(2) && l->sink->abort(l->instance, &c) != MR_OK)
      fail("abort: %s", l->ctx.text);
  }
  clear(&job.held);
}

/* A commit that was cut off in the middle has left bytes that nobody knows of. */
static void tear(void) {
  char rubbish[5000];
  const char *path = getenv("TORN");
  if (path == NULL || job.claimed.epoch == 0 || one_in(2))
    return;
  FILE *file = fopen(path, "a");
  memset(rubbish, '?', sizeof rubbish);
  fwrite(rubbish, 1, 1 + chance() % sizeof rubbish, file);
  fclose(file);
}

static void tell_end(life *l, uint64_t epoch) {
  if (epoch > 0 && l->state != NULL && l->state->epoch_end != NULL && one_in(2))
    l->state->epoch_end(l->instance, epoch, 1);
}

/* From create to start. 0: this life ended before. */
static int rise(life *l) {
  mr_sink_writer who = {.struct_size = sizeof who,
                        .attempt = ++job.attempt,
                        .lineage_high = 0x1234,
                        .lineage_low = 0x5678,
                        .cluster = {"here", 4},
                        .job = {"job", 3},
                        .node = {"node", 4}};
  tear();
  if (begin(l, job.op, NULL) != MR_OK)
    fail("create: %s", l->ctx.text);
  if (l->sink->open(l->instance, &who) != MR_OK)
    fail("open: %s", l->ctx.text);
  if (one_in(12) || (job.claimed.epoch > 0 && !job.done && !commit_claimed(l, 1)))
    return 0;
  abort_held(l);
  if (l->sink->fence != NULL && l->sink->fence(l->instance) != MR_OK)
    fail("fence: %s", l->ctx.text);
  if (restore(l, &job.claimed) != MR_OK)
    fail("restore: %s", l->ctx.text);
  if (one_in(12))
    return 0;
  if (start(l, job.claimed.epoch) != MR_OK)
    fail("start: %s", l->ctx.text);
  if (committed_only)
    check_outside("after start", job.claimed.taken);
  tell_end(l, job.claimed.epoch); /* the epoch it was restored from, which it did not prepare */
  return 1;
}

/* A barrier. 0: this life ends in it, unless it shall be calm. */
static int barrier(life *l, uint64_t at, int calm) {
  token one = {.attempt = job.attempt, .epoch = ++job.epoch};
  mr_writer writer = {sizeof writer, 0, &one.bytes, token_write, token_group};
  checkpoint fresh;
  if (!calm)
    maybe_fill();
  mr_status status = l->sink->prepare(l->instance, one.epoch, &writer);
  free_disk();
  if (status != MR_OK && (calm || !full_disks || status != MR_E_UNAVAILABLE))
    fail("prepare answers %d: %s", (int)status, l->ctx.text);
  if (status != MR_OK || (!calm && one_in(15))) {
    drop(&one.bytes);
    return status != MR_OK; /* given up, or a crash with a token that nobody has */
  }
  job.held.items = realloc(job.held.items, (job.held.count + 1) * sizeof *job.held.items);
  job.held.items[job.held.count++] = one;
  if (take_checkpoint(l, one.epoch, &fresh) != MR_OK)
    fail("save: %s", l->ctx.text);
  fresh.taken = at;
  if (!calm && one_in(4)) { /* given up later: its token goes with the next epoch */
    forget(&fresh);
    tell_end(l, job.claimed.epoch);
    return !one_in(3);
  }
  forget(&job.claimed);
  clear(&job.bound);
  job.claimed = fresh;
  job.bound = job.held;
  job.held = (tokens){0};
  job.done = 0;
  if (!calm && one_in(10))
    return 0;
  if (!commit_claimed(l, !calm))
    return 0;
  if (committed_only)
    check_outside("after a commit", at);
  tell_end(l, one.epoch);
  return 1;
}

/* Feeds records from `at` on, at most `most`. */
static uint64_t feed(life *l, uint64_t at, uint32_t most) {
  uint32_t count = 1 + (uint32_t)(chance() % most), taken = 0;
  count = count < input_count - at ? count : (uint32_t)(input_count - at);
  maybe_fill();
  mr_status status = process(l, input + at, count, at, &taken);
  free_disk();
  if (status < 0 && !(full_disks && status == MR_E_IO))
    fail("process answers %d: %s", (int)status, l->ctx.text);
  wall += (int64_t)(chance() % 200000000);
  return at + taken;
}

/* An instance that was given up does not know it. */
static void stir_zombies(void) {
  for (uint32_t i = 0; i < job.zombie_count; i++) {
    text ignored = {0};
    mr_writer writer = {sizeof writer, 0, &ignored, token_write, token_group};
    life *l = &job.zombies[i];
    uint32_t at = (uint32_t)(chance() % input_count), taken;
    if (one_in(2)) /* what it says of records out of order is of no interest */
      process(l, input + at, 1, at, &taken);
    else if (one_in(3))
      l->sink->prepare(l->instance, job.epoch + 1000, &writer);
    drop(&ignored);
  }
}

static void fall(life *l) {
  if (l->arena != NULL && job.zombie_count < 4 && one_in(4))
    job.zombies[job.zombie_count++] = *l;
  else if (one_in(2))
    end(l);
  else
    crash(l);
}

/* One life. 1: all is committed. */
static int live(void) {
  text ignored = {0};
  life l = {.result = &ignored};
  int is_last = ++job.lives > 14, alive = rise(&l);
  while (is_last && !alive) {
    fall(&l);
    alive = rise(&l);
  }
  uint64_t at = job.claimed.taken;
  while (alive && at < input_count) {
    at = feed(&l, at, BATCH);
    stir_zombies();
    if (!l.parked && one_in(6))
      alive = barrier(&l, at, is_last);
    if (!is_last && one_in(60))
      alive = 0;
  }
  if (!alive) {
    fall(&l);
    return 0;
  }
  if (stop(&l) != MR_OK)
    fail("stop: %s", l.ctx.text);
  if (!barrier(&l, at, 1))
    fail("the last epoch is not committed");
  end(&l);
  return 1;
}

void run_sink(const mr_operator *op, uint64_t seed) {
  (void)seed;
  look = getenv("LOOK");
  before = getenv("BEFORE") != NULL ? getenv("BEFORE") : "";
  committed_only = getenv("EXACT") != NULL;
  full_disks = getenv("FULL") != NULL;
  signal(SIGXFSZ, SIG_IGN);
  memset(&job, 0, sizeof job);
  job.op = op;
  while (!live())
    ;
  check_outside("at the end", input_count);
  for (uint32_t i = 0; i < job.zombie_count; i++)
    end(&job.zombies[i]);
  forget(&job.claimed);
  clear(&job.bound);
  clear(&job.held);
}
