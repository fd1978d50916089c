// SPDX-License-Identifier: Apache-2.0
// A source or a transform under crashes: what it emitted before claimed epochs, joined, is what one
// undisturbed life emits.
//
// GROW names a shell script: it is called between steps with a number that rises, and makes the
// files of a source that follows them grow and move. The expected output is then that of WANT, a
// command that is run at the end.
#include "host.h"

static struct {
  const mr_operator *op;
  checkpoint claimed;
  text output;
  uint64_t epoch;
  uint32_t lives, steps;
} job;

static const char *grow, *want;

static void step_outside(void) {
  char command[4200];
  if (grow == NULL || !one_in(3))
    return;
  snprintf(command, sizeof command, "%s %u", grow, job.steps++);
  if (system(command) != 0)
    fail("`%s` fails", command);
}

static int barrier(life *l, uint64_t at, int calm) {
  checkpoint fresh;
  if (take_checkpoint(l, ++job.epoch, &fresh) != MR_OK)
    fail("positions or save: %s", l->ctx.text);
  fresh.taken = at;
  fresh.made = job.output.size;
  if (!calm && one_in(4)) { /* given up */
    forget(&fresh);
    return one_in(2);
  }
  forget(&job.claimed);
  job.claimed = fresh;
  return calm || !one_in(4);
}

static mr_status rise(life *l) {
  job.output.size = job.claimed.made;
  *l = (life){.result = &job.output};
  mr_status status = begin(l, job.op, &job.claimed);
  if (status == MR_OK)
    status = assign(l, &job.claimed);
  if (status == MR_OK)
    status = start(l, job.claimed.epoch);
  if (status != MR_OK)
    fail("life %u, epoch %llu: setup answers %d: %s", job.lives, (unsigned long long)job.epoch,
         (int)status, l->ctx.text);
  return status;
}

/* One call. 1: more may come; 0: that was all. */
static int step(life *l, uint64_t *at, uint32_t most) {
  mr_status status;
  wall += 40000000;
  if (*at > 0)
    fire_timers(
        l, ((const mr_record *)(const void *)(input_arena + (uint64_t)input[*at - 1] * MR_UNIT))
               ->event_time);
  if (l->source != NULL) {
    status = poll_source(l, 1 + (uint32_t)(chance() % most));
    if (status < 0)
      fail("poll answers %d: %s", (int)status, l->ctx.text);
    return status != MR_DONE;
  }
  uint32_t count = 1 + (uint32_t)(chance() % most), taken = 0;
  count = count < input_count - *at ? count : (uint32_t)(input_count - *at);
  status = process(l, input + *at, count, *at, &taken);
  if (status < 0)
    fail("process answers %d: %s", (int)status, l->ctx.text);
  *at += taken;
  return *at < input_count;
}

/* Bytes that are there to be read, by WANT. */
static text wanted_now(void) {
  text wanted = {0};
  char chunk[4096];
  size_t got;
  FILE *from = popen(want, "r");
  while ((got = fread(chunk, 1, sizeof chunk, from)) > 0)
    add(&wanted, chunk, got);
  if (pclose(from) != 0)
    fail("`%s` fails", want);
  return wanted;
}

static int by_line(const void *left, const void *right) {
  const mr_str *a = left, *b = right;
  int order = memcmp(a->data, b->data, a->size < b->size ? a->size : b->size);
  return order != 0 ? order : (a->size > b->size) - (a->size < b->size);
}

/* Files that grow side by side are read in no order that is told here. */
static void sort_lines(text *one) {
  mr_str *lines = malloc((one->size + 1) * sizeof *lines);
  uint64_t count = 0;
  text sorted = {0};
  for (uint64_t at = 0; at < one->size;) {
    const char *from = one->bytes + at, *end = memchr(from, '\n', one->size - at);
    uint64_t size = end != NULL ? (uint64_t)(end - from) + 1 : one->size - at;
    lines[count++] = (mr_str){from, size};
    at += size;
  }
  qsort(lines, count, sizeof *lines, by_line);
  for (uint64_t i = 0; i < count; i++)
    add(&sorted, lines[i].data, lines[i].size);
  free(lines);
  drop(one);
  *one = sorted;
}

static int live(int calm) {
  life l;
  int alive = 1, more = 1;
  uint32_t idle = 0;
  job.lives++;
  rise(&l);
  uint64_t at = job.claimed.taken;
  while (alive && more) {
    uint64_t made = job.output.size;
    if (!calm)
      step_outside();
    more = step(&l, &at, calm ? BATCH : 8);
    idle = job.output.size == made ? idle + 1 : 0;
    if (grow != NULL && idle > 50)
      more = 0; /* followed files have no end: this is all there is */
    if (!calm && !l.parked && one_in(5))
      alive = barrier(&l, at, 0);
    if (!calm && one_in(40))
      alive = 0;
  }
  int ends = alive && (grow == NULL || calm);
  if (ends && stop(&l) != MR_OK)
    fail("stop: %s", l.ctx.text);
  if (alive || one_in(2))
    end(&l);
  else
    crash(&l);
  return ends;
}

static void reset(void) {
  forget(&job.claimed);
  job.output.size = 0;
  job.epoch = job.lives = job.steps = 0;
}

void run_flow(const mr_operator *op, uint64_t seed) {
  text wanted = {0};
  job.op = op;
  grow = getenv("GROW");
  want = getenv("WANT");
  reset();
  if (want == NULL) {
    live(1);
    add_text(&wanted, &job.output);
    reset();
  }
  seed_chance(seed);
  int done = 0;
  while (!done)
    done = live(job.lives > 12);
  if (want != NULL) {
    wanted = wanted_now();
    sort_lines(&wanted);
    sort_lines(&job.output);
  }
  if (wanted.size != job.output.size ||
      (wanted.size > 0 && memcmp(wanted.bytes, job.output.bytes, wanted.size) != 0)) {
    uint64_t at = 0;
    while (at < wanted.size && at < job.output.size && wanted.bytes[at] == job.output.bytes[at])
      at++;
    fail("%llu bytes came out in %u lives, expected %llu; they differ at byte %llu",
         (unsigned long long)job.output.size, job.lives, (unsigned long long)wanted.size,
         (unsigned long long)at);
  }
  drop(&wanted);
}
