// SPDX-License-Identifier: Apache-2.0
// What a file sink answers when it is asked to commit what it cannot prove: bytes that are gone, or
// not as they were, are LOST, and never taken for committed. HIDE removes its hidden files, SPOIL
// changes a byte of its output; both are commands.
#include "host.h"

static int64_t token_write(mr_writer *w, const void *data, uint64_t size) {
  add(w->impl, data, size);
  return (int64_t)size;
}
static mr_status token_group(mr_writer *w, uint32_t group) {
  (void)w, (void)group;
  return MR_E_UNSUPPORTED;
}

static void must(const char *variable) {
  const char *command = getenv(variable);
  if (command == NULL || system(command) != 0)
    fail("%s is not given, or fails", variable);
}

static void expect(life *l, const char *what, const text *token, mr_commit_result wanted) {
  mr_committable c = {
      .struct_size = sizeof c, .attempt = 1, .epoch = 1, .token = {token->bytes, token->size}};
  l->ctx.text[0] = 0;
  mr_commit_result found = l->sink->commit(l->instance, &c);
  if (found != wanted)
    fail("%s: commit answers %d, expected %d: %s", what, (int)found, (int)wanted, l->ctx.text);
  if (wanted == MR_COMMIT_LOST && l->ctx.text[0] == 0)
    fail("%s: no text", what);
}

/* Enough records that not all of it fits the token. */
static text prepare(life *l, uint32_t *at) {
  text token = {0};
  mr_writer writer = {sizeof writer, 0, &token, token_write, token_group};
  for (uint32_t end = *at + 1000, taken; *at < end; *at += taken)
    if (process(l, input + *at, BATCH, *at, &taken) < 0)
      fail("process: %s", l->ctx.text);
  if (l->sink->prepare(l->instance, *at, &writer) != MR_OK || token.size == 0)
    fail("prepare: %s", l->ctx.text);
  return token;
}

void run_proof(const mr_operator *op) {
  text ignored = {0};
  life l = {.result = &ignored};
  checkpoint none = {0};
  mr_sink_writer who = {.struct_size = sizeof who, .attempt = 1, .node = {"node", 4}};
  uint32_t at = 0;
  if (begin(&l, op, &none) != MR_OK || l.sink->open(l.instance, &who) != MR_OK ||
      start(&l, 0) != MR_OK)
    fail("setup: %s", l.ctx.text);
  text first = prepare(&l, &at);
  for (int i = 0; i < 50; i++) { /* no memory of the sink, no part of a token that is cut */
    text part = {.bytes = first.bytes, .size = 1 + chance() % (first.size - 1)};
    expect(&l, "a token that is cut", &part, MR_COMMIT_LOST);
  }
  expect(&l, "an epoch", &first, MR_COMMITTED);
  expect(&l, "an epoch again", &first, MR_COMMIT_ALREADY);
  text second = prepare(&l, &at);
  must("HIDE");
  expect(&l, "an epoch whose bytes are gone", &second, MR_COMMIT_LOST);
  must("SPOIL");
  expect(&l, "an epoch that was changed since", &first, MR_COMMIT_LOST);
  end(&l);
  drop(&first);
  drop(&second);
  drop(&ignored);
}
