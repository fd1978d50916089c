/* SPDX-License-Identifier: Apache-2.0
 * Damaged pieces: cut, flipped, filled by chance, and changed with all checks
 * made right again, so that the numbers behind them are what is tested. A
 * restore may refuse or, where nothing but a value changed, succeed; then the
 * store can be read. It never crashes: that is the sanitizers'. */
#include "keyed_piece.h"
#include "keyed_test.h"

#include <stddef.h>

static void some_calls(store *s, uint32_t calls) {
  static uint8_t value[3000];
  for (uint32_t i = 0; i < calls; i++) {
    char rooms[20][64];
    mr_kv kv[20];
    uint32_t table = chance(TABLES), fixed = test_tables[table]->value_size;
    for (uint32_t k = 0; k < 20; k++) {
      kv[k] = random_kv(table, rooms[k], 0, 1023);
      kv[k].value = (mr_str){(char *)value, fixed ? fixed : chance(9) ? chance(60) : chance(3000)};
    }
    mrr_keyed_begin(s->keyed, 0, 0);
    mr_status status = chance(3) ? mrr_keyed_state_table.put(s->context, table, kv, 20)
                                 : mrr_keyed_state_table.remove(s->context, table, kv, 20);
    CHECK(status == MR_OK, "answers %d", status);
    mrr_keyed_keep(s->keyed);
  }
}

static uint64_t block_check(const mrr_block_head *head, const uint8_t *bytes) {
  uint64_t check = mrr_xxh3(head, offsetof(mrr_block_head, check));
  if (head->bytes >= 24)
    check += 3 * mrr_xxh3(bytes, 24) + 5 * mrr_xxh3(bytes + 24, head->bytes - 24);
  return check;
}

/* Makes the checks right, as far as the piece can be followed. */
static void seal(uint8_t *bytes, uint64_t size) {
  mrr_piece_head head;
  mrr_piece_tail tail;
  uint64_t at = sizeof head;
  if (size < sizeof head + sizeof tail)
    return;
  memcpy(&head, bytes, sizeof head);
  head.check = mrr_xxh3(&head, offsetof(mrr_piece_head, check));
  memcpy(bytes, &head, sizeof head);
  memcpy(&tail, bytes + size - sizeof tail, sizeof tail);
  tail.size = size;
  tail.check = mrr_xxh3(&tail, offsetof(mrr_piece_tail, check));
  memcpy(bytes + size - sizeof tail, &tail, sizeof tail);
  for (uint32_t s = 0; s < head.sections; s++) {
    mrr_section_head section;
    if (size - at < sizeof section)
      return;
    memcpy(&section, bytes + at, sizeof section);
    section.check = mrr_xxh3(&section, offsetof(mrr_section_head, check));
    memcpy(bytes + at, &section, sizeof section);
    at += sizeof section;
    for (uint32_t b = 0; b < section.blocks; b++) {
      mrr_block_head block;
      if (size - at < sizeof block)
        return;
      memcpy(&block, bytes + at, sizeof block);
      if (size - at - sizeof block < block.bytes)
        return;
      block.check = block_check(&block, bytes + at + sizeof block);
      memcpy(bytes + at, &block, sizeof block);
      at += sizeof block + block.bytes;
    }
  }
}

/* Numbers that are likely to be at a limit of something. */
static void set_number(uint8_t *bytes, uint64_t size) {
  static const uint32_t numbers[] = {
      0, 1, 23, 24, 25, 512, 4096, 65535, 1 << 20, 0x7FFFFFFF, 0x80000000, UINT32_MAX, 8 << 20};
  uint32_t number = numbers[chance(sizeof numbers / sizeof *numbers)];
  memcpy(bytes + chance((uint32_t)(size / 4)) * 4, &number, chance(2) ? 4 : 2);
}

static piece damaged(const piece *from) {
  piece to = {from->group, from->size, 0, NULL};
  uint32_t kind = chance(5);
  if (kind == 0)
    to.size = chance((uint32_t)from->size);
  to.bytes = malloc(to.size + 1);
  memcpy(to.bytes, from->bytes, to.size);
  if (to.size < 8)
    return to;
  if (kind == 1)
    to.bytes[chance((uint32_t)to.size)] ^= (uint8_t)(1 << chance(8));
  else if (kind == 2)
    for (uint64_t i = chance((uint32_t)to.size); i < to.size; i++)
      to.bytes[i] = (uint8_t)chance(256);
  else
    set_number(to.bytes, chance(3) || to.size < 160 ? to.size : 160);
  if (kind >= 3 || chance(2))
    seal(to.bytes, to.size);
  return to;
}

static mr_status twice(void *impl, const char *table, uint32_t version, const mr_kv *old,
                       mr_kv_sink *into) {
  (void)impl, (void)table, (void)version;
  return into->put(into, chance(TABLES), old);
}

static void try_damaged(const pieces *p, uint32_t which) {
  store s;
  store_open(&s, 0, 1023, 3u << 20);
  piece bad = damaged(&p->at[which]);
  uint8_t *exact = malloc(bad.size); /* so that a byte too far is seen */
  memcpy(exact, bad.bytes, bad.size);
  mrr_restore_report report = {0};
  mr_status status = MR_OK;
  for (uint32_t i = 0; i < p->count && status == MR_OK; i++) {
    const uint8_t *bytes = i == which ? exact : p->at[i].bytes;
    status =
        mrr_keyed_restore_piece(s.keyed, bytes, i == which ? bad.size : p->at[i].size, &report);
  }
  mrr_migration migration = {NULL, twice};
  if (status == MR_OK)
    status = mrr_keyed_restore_end(s.keyed, chance(2) ? &migration : NULL, &report);
  if (status == MR_OK) {
    some_calls(&s, 5);
    for (uint32_t table = 0; table < TABLES; table++) {
      mr_kv kv[50];
      mr_scan q = {.flags = MR_SCAN_GROUPS, .group_first = 0, .group_last = 1023};
      mrr_keyed_begin(s.keyed, 0, 0);
      for (uint64_t n = 50; n == 50;)
        CHECK(mrr_keyed_state_table.scan(s.context, table, &q, kv, 50, &n) == MR_OK, "scan");
      mrr_keyed_undo(s.keyed);
    }
  } else {
    CHECK(report.reason || status == MR_E_NOMEM, "refused without a reason: %d", status);
  }
  free(bad.bytes);
  free(exact);
  store_close(&s);
}

/* Two entries of one group in pages of their own: head, section, two blocks of
 * one entry each. */
enum { HEAD = 40, SECTION = 88, BLOCK = 24, VALUE = 2000 };
enum { FIRST = HEAD + SECTION, ENTRY = FIRST + BLOCK };

static piece two_entries(uint64_t *second, uint32_t value_size) {
  store s;
  pieces p = {0};
  mrr_image *image;
  static char value[VALUE];
  mr_kv kv[2] = {{5, {"key1", 4}, {"", 0}, {value, value_size}, 0, 0},
                 {5 | 1ull << 40, {"key2", 4}, {"", 0}, {value, value_size}, 0, 0}};
  store_open(&s, 0, 1023, UINT64_MAX);
  mrr_keyed_begin(s.keyed, 0, 0);
  CHECK(mrr_keyed_state_table.put(s.context, LISTS, kv, 2) == MR_OK, "put");
  mrr_keyed_keep(s.keyed);
  CHECK(mrr_keyed_freeze(s.keyed, 1, 0, &image) == MR_OK, "freeze");
  pieces_save(&p, image);
  store_close(&s);
  CHECK(p.count == 1, "one group");
  mrr_block_head block;
  memcpy(&block, p.at[0].bytes + FIRST, sizeof block);
  *second = FIRST + BLOCK + block.bytes;
  piece one = p.at[0];
  free(p.at);
  return one;
}

static void expect(const piece *p, mr_status status, const char *reason) {
  store s;
  mrr_restore_report report = {0};
  store_open(&s, 0, 1023, UINT64_MAX);
  mr_status piece_status = mrr_keyed_restore_piece(s.keyed, p->bytes, p->size, &report);
  if (piece_status == MR_OK)
    piece_status = mrr_keyed_restore_end(s.keyed, NULL, &report);
  CHECK(piece_status == status, "%d: %s instead of %s", piece_status, report.reason, reason);
  CHECK(status == MR_OK || strcmp(report.reason, reason) == 0, "%s instead of %s", report.reason,
        reason);
  store_close(&s);
}

/* One number after the other is made wrong, and the checks right. */
static void refusals(void) {
  uint64_t second;
  piece good = two_entries(&second, VALUE);
  const struct {
    uint64_t at;
    uint32_t value;
    int sealed;
    const char *reason;
  } cases[] = {{ENTRY, 6, 1, "an entry that cannot be"}, /* another group */
               {ENTRY + 16, MRR_PIECE_END, 1, "an entry that cannot be"},
               {ENTRY + 16, VALUE + 16, 1, "an entry that cannot be"}, /* longer than its block */
               {ENTRY + 16, VALUE - 16, 1, "an entry that cannot be"},
               {ENTRY + 30, 7, 0, "a block with a wrong check"},
               {HEAD + 4, 9, 0, "a damaged section"},
               {HEAD + 4, 9, 1, "an older version of a table that nobody migrates"},
               {HEAD + 8, 8, 1, "a table of this version with another size of value"},
               {HEAD, 1, 1, "a piece with too much in it"},
               {HEAD, 3, 1, "a damaged block"},
               {12, 2, 1, "a piece that ends too early"},
               {4, 2, 1, "a format that is not known"},
               {FIRST + 4, 2, 1, "an entry that cannot be"},
               {second, 0, 1, "a page number out of order"},
               {second + BLOCK + 24 + VALUE, 0x3179656B, 1, NULL}}; /* "key1", another hash */
  expect(&good, MR_OK, NULL);
  for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    piece bad = {good.group, good.size, 0, malloc(good.size)};
    memcpy(bad.bytes, good.bytes, good.size);
    memcpy(bad.bytes + cases[i].at, &cases[i].value, 4);
    if (cases[i].sealed)
      seal(bad.bytes, bad.size);
    expect(&bad, cases[i].reason ? MR_E_STATE : MR_OK, cases[i].reason);
    free(bad.bytes);
  }
  /* The same key with the same hash, in two pages. */
  memcpy(good.bytes + second + BLOCK, good.bytes + ENTRY, good.size - second - BLOCK - 24);
  seal(good.bytes, good.size);
  expect(&good, MR_E_STATE, "an entry that exists twice");
  free(good.bytes);
  good = two_entries(&second, VALUE);
  /* Both entries in one block: they are larger than what shares a page. */
  mrr_block_head both = {0, 2, (uint32_t)(good.size - ENTRY - BLOCK - 24), 0, 0};
  memmove(good.bytes + second, good.bytes + second + BLOCK, good.size - second - BLOCK);
  memcpy(good.bytes + FIRST, &both, sizeof both);
  good.bytes[HEAD] = 1;
  good.size -= BLOCK;
  seal(good.bytes, good.size);
  expect(&good, MR_E_STATE, "an entry that cannot be");
  both.size = 4096;
  memcpy(good.bytes + FIRST, &both, sizeof both);
  seal(good.bytes, good.size);
  expect(&good, MR_E_STATE, "a page that cannot be");
  free(good.bytes);
}

/* Two entries of 56 bytes in one page, at 32 and 88: their map and places are made wrong. */
static void layouts(void) {
  enum { MAP = FIRST + BLOCK, PLACE = MAP + MRR_MAP_BYTES + 48 + 16 };
  uint64_t second;
  piece good = two_entries(&second, 16);
  const struct {
    uint64_t map, last; /* words 0 and 7 */
    uint32_t place, size;
    const char *reason;
  } cases[] = {{1 << 4 | 1 << 11, 0, 11, 512, NULL},
               {1 << 4 | 1 << 15, 0, 15, 512, NULL},
               {1 << 4 | 1 << 11, 0, 11, 600, "a damaged block"},
               {1 << 4 | 1 << 11, 0, 12, 512, "a page that cannot be"}, /* not in the map */
               {1 << 4 | 1 << 5, 0, 5, 512, "a page that cannot be"},   /* one in the other */
               {1 << 4 | 1 << 12, 0, 12, 512, "a page that cannot be"}, /* 8 bytes between */
               {1 << 4, 1ull << 63, 511, 512, "a page that cannot be"}, /* past the end */
               {1 << 4, 0, 11, 512, "a page that cannot be"}};          /* one too many */
  for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    uint32_t value = 16 | cases[i].place << MRR_PLACE_SHIFT;
    memcpy(good.bytes + MAP, &cases[i].map, 8);
    memcpy(good.bytes + MAP + 56, &cases[i].last, 8);
    memcpy(good.bytes + PLACE, &value, 4);
    memcpy(good.bytes + FIRST + 12, &cases[i].size, 4);
    seal(good.bytes, good.size);
    expect(&good, cases[i].reason ? MR_E_STATE : MR_OK, cases[i].reason);
  }
  free(good.bytes);
}

/* An increment that comes once more is older than what was read. */
static void order(const pieces *p) {
  store s;
  mrr_restore_report report = {0};
  store_open(&s, 0, 1023, UINT64_MAX);
  mr_status status = MR_OK;
  for (uint32_t i = 0; i < p->count && status == MR_OK; i++) {
    mrr_piece_head head;
    memcpy(&head, p->at[i].bytes, sizeof head);
    for (int times = head.flags & MRR_PIECE_FULL ? 1 : 2; times > 0 && status == MR_OK; times--)
      status = mrr_keyed_restore_piece(s.keyed, p->at[i].bytes, p->at[i].size, &report);
  }
  CHECK(status == MR_E_STATE, "an increment twice answers %d", status);
  CHECK(strcmp(report.reason, "an increment against an older epoch than was read") == 0, "%s",
        report.reason);
  store_close(&s);
}

void test_damage(void) {
  store s;
  pieces p = {0};
  store_open(&s, 0, 1023, UINT64_MAX);
  for (uint32_t epoch = 1; epoch < 4; epoch++) {
    mrr_image *image;
    some_calls(&s, 30);
    CHECK(mrr_keyed_freeze(s.keyed, epoch, 0, &image) == MR_OK, "freeze");
    CHECK(mrr_image_full(image, NULL) == (epoch == 1), "full");
    pieces_save(&p, image);
    mrr_keyed_complete(s.keyed, epoch);
    mrr_keyed_release(s.keyed, image);
  }
  refusals();
  layouts();
  order(&p);
  for (uint32_t i = 0; i < 150; i++)
    try_damaged(&p, chance(p.count));
  pieces_free(&p);
  store_close(&s);
}
