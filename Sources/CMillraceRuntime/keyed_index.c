/* SPDX-License-Identifier: Apache-2.0
 * The hash index of a group: from tag to ref, open addressing, linear probing, no tombstones.
 *
 * A slot is tag << 32 | ref; the low bits of the tag are where it would like to be, so that a slot
 * can move without a look at its entry. At most three of four slots are in use. Slots that a call
 * removes stay until it is kept, hence neither undo nor keep ever needs room. */
#include "keyed.h"

#define SLOTS_MIN 8u

static void insert(uint64_t *slots, uint32_t mask, uint64_t slot) {
  uint32_t i = (uint32_t)(slot >> 32) & mask;
  while (slots[i])
    i = (i + 1) & mask;
  slots[i] = slot;
}

/* Room for `more` entries. 0: no memory. */
int mrr_index_room(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, uint32_t more) {
  uint64_t slots = g->slots ? (uint64_t)g->mask + 1 : 0;
  uint64_t need = (uint64_t)g->count + more, wider = slots ? slots : SLOTS_MIN;
  if (need * 4 <= slots * 3)
    return 1;
  while (need * 4 > wider * 3)
    wider *= 2;
  if (wider > 1u << 31)
    return 0;
  uint64_t *into = mrr_keyed_take(s, t, wider * sizeof *into);
  if (!into)
    return 0;
  memset(into, 0, wider * sizeof *into);
  for (uint64_t i = 0; i < slots; i++)
    if (g->slots[i])
      insert(into, (uint32_t)wider - 1, g->slots[i]);
  if (slots)
    mrr_keyed_give(s, t, g->slots, slots * sizeof *into);
  g->slots = into;
  g->mask = (uint32_t)wider - 1;
  return 1;
}

/* Most keys have 8 to 16 bytes: two words that may overlap. */
static inline int same_bytes(const void *a, const void *b, uint32_t n) {
  uint64_t low[2], high[2];
  if (n - 8u > 8u)
    return n == 0 || memcmp(a, b, n) == 0;
  memcpy(&low[0], a, 8);
  memcpy(&low[1], b, 8);
  memcpy(&high[0], (const uint8_t *)a + n - 8, 8);
  memcpy(&high[1], (const uint8_t *)b + n - 8, 8);
  return ((low[0] ^ low[1]) | (high[0] ^ high[1])) == 0;
}

static int same(const mrr_entry *e, const mr_kv *kv) {
  return e->hash == kv->key_hash && e->key == kv->key.size && e->subkey == kv->subkey.size &&
         same_bytes(mrr_key(e), kv->key.data, e->key) &&
         same_bytes(mrr_subkey(e), kv->subkey.data, e->subkey);
}

/* The slot of the entry, gone or expired or not; NULL: there is none. */
uint64_t *mrr_index_find(const mrr_group *g, uint32_t tag, const mr_kv *kv) {
  if (!g->slots)
    return NULL;
  for (uint32_t i = tag & g->mask; g->slots[i]; i = (i + 1) & g->mask)
    if (g->slots[i] >> 32 == tag && same(mrr_entry_at(g, (uint32_t)g->slots[i]), kv))
      return &g->slots[i];
  return NULL;
}

/* The slot with this very ref; NULL: it is not linked. */
uint64_t *mrr_index_slot(const mrr_group *g, uint32_t tag, uint32_t ref) {
  uint64_t slot = (uint64_t)tag << 32 | ref;
  if (!g->slots)
    return NULL;
  for (uint32_t i = tag & g->mask; g->slots[i]; i = (i + 1) & g->mask)
    if (g->slots[i] == slot)
      return &g->slots[i];
  return NULL;
}

/* There is room. */
void mrr_index_insert(mrr_group *g, uint32_t tag, uint32_t ref) {
  insert(g->slots, g->mask, (uint64_t)tag << 32 | ref);
  g->count++;
}

/* Moves back the slots behind that were pushed on by this one. */
void mrr_index_remove(mrr_group *g, uint64_t *slot) {
  uint32_t hole = (uint32_t)(slot - g->slots);
  for (uint32_t i = (hole + 1) & g->mask; g->slots[i]; i = (i + 1) & g->mask) {
    uint32_t home = (uint32_t)(g->slots[i] >> 32) & g->mask;
    if (((i - home) & g->mask) >= ((i - hole) & g->mask)) {
      g->slots[hole] = g->slots[i];
      hole = i;
    }
  }
  g->slots[hole] = 0;
  g->count--;
}
