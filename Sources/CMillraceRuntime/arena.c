/* SPDX-License-Identifier: Apache-2.0
 * Blocks: who may take one, who holds one, when it is free.
 *
 * word          stored by           read by     orderings                     hands over
 * block.refs    port, any holder    any holder  open: relaxed; sub: acq_rel   the block's bytes
 * quota.free    owner takes,        owner       take: acq_rel; give: seq_cst  the block's bytes
 *               any gives back
 * quota.waiting owner sets, any     any         seq_cst look after the bit    "a block came back"
 *               takes back
 * spare         any                 any         as quota.free                 borrowed blocks
 *
 * A block belongs to the quota it was laid out in, or, for the spare ones, to whoever took it. A
 * port draws MRR_BIAS counts when it opens a block and pays each run it publishes from them, so
 * that publishing touches no shared counter; closing gives the rest back. A count is raised only
 * by someone who holds the block, so it never rises from zero. Nothing wraps: a block has at most
 * 4,096 records, each in at most one run per lane, and the bias is 2^30. */
#include "layout.h"

static uint64_t rounded(uint64_t bytes) {
  return (bytes + MRR_ALIGNMENT - 1) & ~(uint64_t)(MRR_ALIGNMENT - 1);
}

static uint32_t spare_words(uint32_t blocks) { return (blocks + 63) / 64; }

uint64_t mrr_arena_bytes(uint32_t blocks, uint32_t quotas) {
  return rounded(sizeof(mrr_arena)) + rounded(blocks * sizeof(mrr_block)) +
         2 * rounded(blocks * sizeof(uint32_t)) + rounded(quotas * sizeof(mrr_quota)) +
         rounded(spare_words(blocks) * sizeof(mrr_word));
}

mrr_arena *mrr_arena_make(void *memory, uint8_t *base, uint32_t blocks, uint32_t quotas) {
  uint8_t *at = memory;
  mrr_arena *a = memory;
  at += rounded(sizeof *a);
  a->base = base;
  a->block_count = blocks;
  a->quota_count = quotas;
  a->blocks = (mrr_block *)at;
  at += rounded(blocks * sizeof(mrr_block));
  a->first = (uint32_t *)at;
  at += rounded(blocks * sizeof(uint32_t));
  a->span = (uint32_t *)at;
  at += rounded(blocks * sizeof(uint32_t));
  a->quotas = (mrr_quota *)at;
  at += rounded(quotas * sizeof(mrr_quota));
  a->spare = (mrr_word *)at;
  a->spare_first = blocks;
  for (uint32_t b = 0; b < blocks; b++) {
    a->first[b] = b;
    a->span[b] = 1;
  }
  return a;
}

void mrr_arena_quota(mrr_arena *a, uint32_t quota, uint32_t first, uint32_t count) {
  mrr_quota *q = &a->quotas[quota];
  q->first = first;
  q->count = count;
  for (uint32_t i = 0; i < count; i++) {
    q->free[i >> 6].raw |= 1ull << (i & 63);
    a->blocks[first + i].quota = quota;
  }
}

void mrr_arena_spare(mrr_arena *a, uint32_t first) {
  a->spare_first = first;
  a->spare_count = a->block_count - first;
  for (uint32_t i = 0; i < a->spare_count; i++)
    a->spare[i >> 6].raw |= 1ull << (i & 63);
}

static uint32_t opened(mrr_arena *a, uint32_t block) {
  __atomic_store_n(&a->blocks[block].refs, MRR_BIAS, __ATOMIC_RELAXED);
  return block;
}

/* One block for a port, its own before a borrowed one; 0 if there is none. */
uint32_t mrr_arena_take(mrr_arena *a, mrr_quota *q) {
  for (uint32_t w = 0; w < MRR_QUOTA_WORDS; w++) {
    uint64_t bits = mrr_relaxed(&q->free[w]);
    if (bits) {
      uint32_t bit = (uint32_t)__builtin_ctzll(bits);
      mrr_clear_bits(&q->free[w], 1ull << bit); /* only the owner clears: it is still set */
      return opened(a, q->first + w * 64 + bit);
    }
  }
  for (uint32_t w = 0; w < spare_words(a->spare_count); w++) {
    uint64_t bits = mrr_relaxed(&a->spare[w]);
    while (bits) {
      uint64_t bit = bits & (0 - bits);
      if (mrr_clear_bits(&a->spare[w], bit) & bit) {
        uint32_t block = a->spare_first + w * 64 + (uint32_t)__builtin_ctzll(bit);
        a->blocks[block].quota = (uint32_t)(q - a->quotas);
        return opened(a, block);
      }
      bits = mrr_relaxed(&a->spare[w]);
    }
  }
  return 0;
}

/* Position of `n` free blocks side by side in a quota, or its count. */
static uint32_t run_of_free(const mrr_quota *q, uint32_t n) {
  uint32_t have = 0;
  for (uint32_t i = 0; i < q->count; i++) {
    have = mrr_relaxed(&q->free[i >> 6]) >> (i & 63) & 1 ? have + 1 : 0;
    if (have == n)
      return i + 1 - n;
  }
  return q->count;
}

/* `n` blocks in one piece, from the quota only; 0 if there is no such piece now. */
uint32_t mrr_arena_take_span(mrr_arena *a, mrr_quota *q, uint32_t n) {
  uint32_t at = run_of_free(q, n);
  if (at == q->count)
    return 0;
  for (uint32_t i = at; i < at + n; i++)
    mrr_clear_bits(&q->free[i >> 6], 1ull << (i & 63));
  for (uint32_t i = 0; i < n; i++)
    a->first[q->first + at + i] = q->first + at;
  a->span[q->first + at] = n;
  return opened(a, q->first + at);
}

/* Could a port have so many blocks in one piece now? */
int mrr_arena_has(mrr_arena *a, mrr_quota *q, uint32_t n) {
  if (n > 1)
    return run_of_free(q, n) != q->count;
  for (uint32_t w = 0; w < MRR_QUOTA_WORDS; w++)
    if (mrr_look(&q->free[w]))
      return 1;
  for (uint32_t w = 0; w < spare_words(a->spare_count); w++)
    if (mrr_look(&a->spare[w]))
      return 1;
  return 0;
}

static void give_back(mrr_arena *a, uint32_t block) {
  uint32_t n = a->span[block];
  mrr_quota *q = &a->quotas[a->blocks[block].quota];
  if (block >= a->spare_first) {
    uint32_t at = block - a->spare_first;
    mrr_set_bits(&a->spare[at >> 6], 1ull << (at & 63));
    return;
  }
  uint32_t at = block - q->first;
  if (n > 1) {
    a->span[block] = 1;
    for (uint32_t i = 0; i < n; i++)
      a->first[block + i] = block + i;
  }
  for (uint32_t i = at; i < at + n; i++)
    mrr_set_bits(&q->free[i >> 6], 1ull << (i & 63));
  if (mrr_flag_look(&q->waiting) && mrr_flag_take(&q->waiting, 0))
    mrr_ready(q->owner);
}

/* Give up `n` counts; the last one frees the block. */
void mrr_arena_drop(mrr_arena *a, uint32_t block, uint32_t n) {
  if (__atomic_sub_fetch(&a->blocks[block].refs, n, __ATOMIC_ACQ_REL) == 0)
    give_back(a, block);
}

static void apply(mrr_chain *c, uint32_t block, int32_t delta) {
  if (delta == 0)
    return;
  for (uint32_t m = 0; m < c->member_count; m++) {
    mrr_task *t = c->members[m];
    for (uint32_t i = 0; i < t->port_count; i++)
      if (t->ports[i]->block == block) {
        t->ports[i]->bias -= (uint32_t)delta;
        return;
      }
  }
  if (delta > 0)
    __atomic_fetch_add(&c->arena->blocks[block].refs, (uint32_t)delta, __ATOMIC_RELAXED);
  else
    mrr_arena_drop(c->arena, block, (uint32_t)-delta);
}

/* Apply what was gathered: additions first, so that nothing falls to zero on the way. */
void mrr_net_settle(mrr_chain *c) {
  mrr_netting *n = &c->netting;
  uint32_t used = n->used;
  n->used = 0;
  for (uint32_t i = 0; i < used; i++)
    if (n->entry[i].delta > 0)
      apply(c, n->entry[i].block, n->entry[i].delta);
  for (uint32_t i = 0; i < used; i++)
    if (n->entry[i].delta < 0)
      apply(c, n->entry[i].block, n->entry[i].delta);
}

/* Note that a run was published (+1) or released (-1), by the block's head. */
void mrr_net(mrr_chain *c, uint32_t block, int32_t delta) {
  mrr_netting *n = &c->netting;
  block = c->arena->first[block];
  for (uint32_t i = 0; i < n->used; i++)
    if (n->entry[i].block == block) {
      n->entry[i].delta += delta;
      return;
    }
  if (n->used == sizeof n->entry / sizeof n->entry[0])
    mrr_net_settle(c);
  n->entry[n->used].block = block;
  n->entry[n->used].delta = delta;
  n->used++;
}

static int bit_of(const mrr_word *mask, uint32_t i) {
  return mrr_relaxed(&mask[i >> 6]) >> (i & 63) & 1;
}

uint32_t mrr_arena_used(const mrr_arena *a) {
  uint32_t used = 0;
  for (uint32_t q = 0; q < a->quota_count; q++)
    for (uint32_t i = 0; i < a->quotas[q].count; i++)
      used += !bit_of(a->quotas[q].free, i);
  for (uint32_t i = 0; i < a->spare_count; i++)
    used += !bit_of(a->spare, i);
  return used;
}

int mrr_arena_is_free(const mrr_arena *a, uint32_t block) {
  if (block >= a->spare_first)
    return bit_of(a->spare, block - a->spare_first);
  const mrr_quota *q = &a->quotas[a->blocks[block].quota];
  return bit_of(q->free, block - q->first);
}
