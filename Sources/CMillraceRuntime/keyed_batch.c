/* SPDX-License-Identifier: Apache-2.0
 * Arrays of entries: checking them, finding them, reading them.
 *
 * An array is checked as a whole before anything is done. Then, while entry i is worked on, the
 * memory of entry i + AHEAD and the slot of entry i + 2 x AHEAD are fetched: a cache miss costs its
 * share of the processor's misses at a time, not its latency. Fetching them in bursts instead, 64
 * at once before the work on 64, was slower: more than the processor can have under way. */
#include "keyed.h"

#define AHEAD 12u

static mr_status room_for(mrr_keyed *s, uint64_t n) {
  if (n <= s->aim_room)
    return MR_OK;
  mrr_aim *wider = s->memory.take(s->memory.impl, n * sizeof *wider);
  if (!wider)
    return MR_E_NOMEM;
  if (s->aims)
    s->memory.give(s->memory.impl, s->aims, s->aim_room * sizeof *wider);
  s->aims = wider;
  s->aim_room = n;
  return MR_OK;
}

/* The store and its table, if all of the array can be addressed there. */
mr_status mrr_batch_begin(mr_ctx *c, uint32_t table, const mr_kv *kv, uint64_t n, mrr_keyed **store,
                          mrr_keyed_table **out) {
  mrr_keyed *s = mrr_keyed_of(c);
  if (!s || !s->in_call || table >= s->shape.table_count || n > UINT32_MAX)
    return MR_E_INVALID;
  uint32_t first = s->shape.group_first, count = s->group_count;
  uint64_t longest = 0;
  uint32_t foreign = 0;
  for (uint64_t i = 0; i < n; i++) {
    foreign |= (uint32_t)(kv[i].key_hash & (MRR_KEYED_GROUPS - 1)) - first >= count;
    longest = kv[i].key.size > longest ? kv[i].key.size : longest;
    longest = kv[i].subkey.size > longest ? kv[i].subkey.size : longest;
  }
  if (foreign)
    return MR_E_INVALID;
  if (longest > MRR_KEY_MAX)
    return MR_E_TOO_LARGE;
  *store = s;
  *out = &s->tables[table];
  return room_for(s, n);
}

static void aim_slot(mrr_keyed *s, mrr_keyed_table *t, const mr_kv *kv, uint64_t i) {
  mrr_aim *a = &s->aims[i];
  uint32_t group = (uint32_t)(kv[i].key_hash & (MRR_KEYED_GROUPS - 1)) - s->shape.group_first;
  a->tag = mrr_entry_tag(kv[i].key_hash, kv[i].subkey);
  a->group = &t->groups[group];
  a->fresh = 0;
  if (a->group->slots)
    __builtin_prefetch(&a->group->slots[a->tag & a->group->mask]);
}

static void aim_entry(const mrr_aim *a) {
  const mrr_group *g = a->group;
  if (!g->slots)
    return;
  for (uint32_t at = a->tag & g->mask; g->slots[at]; at = (at + 1) & g->mask)
    if (g->slots[at] >> 32 == a->tag) {
      const uint8_t *e = (const uint8_t *)mrr_entry_at(g, (uint32_t)g->slots[at]);
      __builtin_prefetch(e);
      __builtin_prefetch(e + 56);
      return;
    }
}

/* Entry i is about to be worked on: fills its aim and has the memory of those behind fetched. */
mrr_aim *mrr_batch_aim(mrr_keyed *s, mrr_keyed_table *t, const mr_kv *kv, uint64_t n, uint64_t i) {
  if (i == 0) {
    for (uint64_t k = 0; k < 2 * AHEAD && k < n; k++)
      aim_slot(s, t, kv, k);
    for (uint64_t k = 0; k < AHEAD && k < n; k++)
      aim_entry(&s->aims[k]);
  }
  if (i + 2 * AHEAD < n)
    aim_slot(s, t, kv, i + 2 * AHEAD);
  if (i + AHEAD < n)
    aim_entry(&s->aims[i + AHEAD]);
  return &s->aims[i];
}

mr_status mrr_keyed_get(mr_ctx *c, uint32_t table, mr_kv *kv, uint64_t n) {
  mrr_keyed *s;
  mrr_keyed_table *t;
  mr_status status = mrr_batch_begin(c, table, kv, n, &s, &t);
  for (uint64_t i = 0; i < n && status == MR_OK; i++) {
    const mrr_aim *a = mrr_batch_aim(s, t, kv, n, i);
    const uint64_t *slot = mrr_index_find(a->group, a->tag, &kv[i]);
    const mrr_entry *e = slot ? mrr_entry_at(a->group, (uint32_t)*slot) : NULL;
    kv[i].value = mrr_bytes(NULL, 0);
    if (e && mrr_visible(t, e))
      kv[i].value = mrr_bytes(mrr_value(e), mrr_value_size(e));
  }
  return status;
}
