/* SPDX-License-Identifier: Apache-2.0
 * Images: the state as it was at a freeze, written by another thread while calls go on.
 *
 * Versions. The store has a version that each freeze raises. A page has the version of the store
 * when it was last written; it keeps it when nobody writes it. An image taken at version v against
 * base b lists the pages of versions (b, v], those that were taken away included. The base is the
 * version of the newest epoch whose completion was told. An epoch that is given up therefore moves
 * nothing: its pages are still newer than the base and go into the next image again.
 * Within a page the marks of its entries say the same: what is written, moved or stamped anew gets
 * the sequence, which every write raises, and the base has that of its freeze.
 *
 * Copy on write. A page of version v that is to be written belongs to each image with base < v <=
 * version, for in between nobody wrote it. Are there such images, they keep the memory, the group
 * gets a copy (keyed_page.c), and `pins` of the old memory counts them; the last one to be
 * released gives it back. A page that is still the group's own is not counted by anybody.
 *
 *   what                        task's thread                     thread that saves
 *   the image, after freeze     reads; writes releasing, cursor,  reads; writes buffer
 *                               next after the save
 *   memory it lists: head       writes pins only                  reads all but pins
 *   memory it lists: entries    reads                             reads
 *   directories, index, store   reads and writes                  nothing
 *   declared tables             reads                             reads
 *
 * So nothing is written that another thread reads, and there is no atomic word here. What it needs
 * from the host are two hand-overs with release and acquire: freeze happens before save begins,
 * and the end of save before release. Queues between threads are that.
 *
 * Release goes page by page between calls. `cursor` says how far: pages below it are not this
 * image's any more, hence no pin of its own is counted for them. */
#include "keyed.h"

/* Images that hold the page with this key, if it still has this version. */
uint32_t mrr_image_pins(const mrr_keyed *s, uint32_t version, uint64_t key) {
  uint32_t pins = 0;
  for (uint32_t i = 0; i < MRR_KEYED_IMAGES; i++) {
    const mrr_image *m = s->images[i];
    pins += m && m->base < version && version <= m->version && key >= m->cursor;
  }
  return pins;
}

static uint64_t pages_at_most(const mrr_keyed *s, uint32_t base) {
  uint64_t n = 0;
  for (uint32_t t = 0; t < s->shape.table_count; t++)
    for (uint32_t g = 0; g < s->group_count; g++)
      if (s->tables[t].groups[g].version > base)
        n += s->tables[t].groups[g].page_count;
  return n;
}

static void list_pages(const mrr_keyed *s, mrr_image *m) {
  for (uint32_t g = 0; g < s->group_count; g++)
    for (uint32_t t = 0; t < s->shape.table_count; t++) {
      const mrr_group *group = &s->tables[t].groups[g];
      if (group->version <= m->base)
        continue;
      for (uint32_t p = 0; p < group->page_count; p++) {
        const mrr_page_ref *page = &group->pages[p];
        if (page->version > m->base && (page->memory || m->base))
          m->pages[m->count++] =
              (mrr_image_page){page->memory, p, (uint16_t)t, (uint16_t)group->number};
      }
    }
}

static void remember(mrr_keyed *s, uint64_t epoch) {
  s->epochs[s->epoch_count++ % MRR_FROZEN_EPOCHS] =
      (mrr_frozen_epoch){epoch, s->sequence, s->version};
}

mr_status mrr_keyed_freeze(mrr_keyed *s, uint64_t epoch, uint32_t flags, mrr_image **image) {
  uint32_t slot = 0;
  while (slot < MRR_KEYED_IMAGES && s->images[slot])
    slot++;
  if (slot == MRR_KEYED_IMAGES)
    return MR_AGAIN;
  uint32_t base = flags & MRR_FREEZE_FULL ? 0 : s->base;
  uint64_t bytes = sizeof(mrr_image) + pages_at_most(s, base) * sizeof(mrr_image_page);
  mrr_image *m = s->memory.take(s->memory.impl, bytes);
  if (!m)
    return MR_E_NOMEM;
  memset(m, 0, offsetof(mrr_image, buffer));
  m->store = s;
  m->bytes = bytes;
  m->epoch = epoch;
  m->base = base;
  m->base_epoch = base ? s->base_epoch : 0;
  m->version = s->version;
  m->since = base ? s->base_sequence + 1 : 0;
  m->pages = (mrr_image_page *)(m + 1);
  list_pages(s, m);
  remember(s, epoch);
  s->version++;
  s->images[slot] = m;
  *image = m;
  return MR_OK;
}

void mrr_keyed_complete(mrr_keyed *s, uint64_t epoch) {
  for (uint32_t i = 0; i < MRR_FROZEN_EPOCHS && i < s->epoch_count; i++)
    if (s->epochs[i].epoch == epoch && s->epochs[i].version > s->base) {
      s->base = s->epochs[i].version;
      s->base_epoch = epoch;
      s->base_sequence = s->epochs[i].sequence;
    }
}

int mrr_image_full(const mrr_image *image, uint64_t *base_epoch) {
  if (base_epoch)
    *base_epoch = image->base_epoch;
  return image->base == 0;
}

void mrr_keyed_release(mrr_keyed *s, mrr_image *image) {
  image->releasing = 1;
  mrr_image_collect(s, MRR_TIDY);
}

static void let_go(mrr_keyed *s, const mrr_image_page *p) {
  const mrr_group *g = &s->tables[p->table].groups[p->group - s->shape.group_first];
  if (!p->memory || g->pages[p->page].memory == p->memory)
    return;
  if (--p->memory->pins)
    return;
  s->frozen -= p->memory->size;
  s->memory.give(s->memory.impl, p->memory, p->memory->size);
}

/* Releases up to so many pages. Non-zero: there are more. */
int mrr_image_collect(mrr_keyed *s, uint32_t pages) {
  int more = 0;
  for (uint32_t i = 0; i < MRR_KEYED_IMAGES; i++) {
    mrr_image *m = s->images[i];
    if (!m || !m->releasing)
      continue;
    for (; pages && m->next < m->count; pages--, m->next++)
      let_go(s, &m->pages[m->next]);
    if (m->next < m->count) {
      const mrr_image_page *p = &m->pages[m->next];
      m->cursor = mrr_page_key(p->group, p->table, p->page);
      more = 1;
      continue;
    }
    s->images[i] = NULL;
    s->memory.give(s->memory.impl, m, m->bytes);
  }
  return more;
}
