/* SPDX-License-Identifier: Apache-2.0
 * Scans, and where the table of functions is.
 *
 * cursor0  0: begin. Else the newest write when the scan began, plus one; UINT64_MAX: over
 * cursor1  by key: the ref of the entry handed out last; it is not freed within the call, so the
 *          scan goes on behind its subkey whatever came and went. By groups: where the scan stands,
 *          group << 54 | page << 31 | offset; entries do not move within a call.
 *
 * By groups, entries written since the scan began are passed over, or a replaced entry could be
 * met again in its new place. */
#include "keyed.h"

#define OVER UINT64_MAX

const mr_host_keyed_state mrr_keyed_state_table = {sizeof(mr_host_keyed_state),
                                                   MRR_KEY_MAX,
                                                   MRR_KEY_MAX,
                                                   MRR_VALUE_MAX,
                                                   mrr_keyed_get,
                                                   mrr_keyed_put,
                                                   mrr_keyed_remove,
                                                   mrr_keyed_edit,
                                                   mrr_keyed_scan};

static void show(const mrr_entry *e, mr_kv *kv) {
  memset(kv, 0, sizeof *kv);
  kv->key_hash = e->hash;
  kv->key = mrr_entry_key(e);
  kv->subkey = mrr_entry_subkey(e);
  kv->value = mrr_bytes(mrr_value(e), mrr_value_size(e));
}

static int below(mr_str a, mr_str b) {
  uint64_t n = a.size < b.size ? a.size : b.size;
  int order = n ? memcmp(a.data, b.data, n) : 0;
  return order < 0 || (order == 0 && a.size < b.size);
}

static int of_key(const mrr_entry *e, const mr_scan *q) {
  return e->hash == q->key_hash && e->key == q->key.size &&
         memcmp(mrr_key(e), q->key.data, e->key) == 0;
}

/* The entry with the empty subkey, which is not in the order; 0: none to be shown. */
static uint32_t plain_entry(const mrr_keyed_table *t, const mrr_group *g, const mr_scan *q) {
  mr_kv kv = {q->key_hash, q->key, {"", 0}, {NULL, 0}, 0, 0};
  uint64_t *slot = mrr_index_find(g, mrr_entry_tag(q->key_hash, kv.subkey), &kv);
  return slot && q->from.size == 0 && mrr_visible(t, mrr_entry_at(g, (uint32_t)*slot))
             ? (uint32_t)*slot
             : 0;
}

static uint64_t forward(const mrr_keyed_table *t, const mrr_group *g, mr_scan *q, mr_kv *kv,
                        uint64_t room) {
  mrr_probe probe = {q->key_hash, q->key, q->from, 0, 0};
  uint64_t n = 0;
  if (q->cursor1) {
    probe.subkey = mrr_entry_subkey(mrr_entry_at(g, (uint32_t)q->cursor1));
    probe.after = 1;
  } else {
    uint32_t plain = plain_entry(t, g, q);
    if (plain) {
      show(mrr_entry_at(g, plain), &kv[n++]);
      q->cursor1 = plain;
    }
  }
  mrr_place at = mrr_order_find(g, &probe);
  for (uint32_t ref; n < room && (ref = mrr_order_ref(g, at)) != 0; mrr_order_next(g, &at)) {
    const mrr_entry *e = mrr_entry_at(g, ref);
    if (!of_key(e, q) || (q->to.size && !below(mrr_entry_subkey(e), q->to)))
      break;
    if (!mrr_visible(t, e))
      continue;
    show(e, &kv[n++]);
    q->cursor1 = ref;
  }
  return n;
}

static uint64_t backward(const mrr_keyed_table *t, const mrr_group *g, mr_scan *q, mr_kv *kv,
                         uint64_t room) {
  mrr_probe probe = {q->key_hash, q->key, q->to, 0, q->to.size == 0};
  uint64_t n = 0;
  if (q->cursor1) {
    probe.subkey = mrr_entry_subkey(mrr_entry_at(g, (uint32_t)q->cursor1));
    probe.end = 0;
    if (probe.subkey.size == 0)
      return 0;
  }
  mrr_place at = mrr_order_find(g, &probe);
  while (n < room && mrr_order_back(g, &at)) {
    const mrr_entry *e = mrr_entry_at(g, mrr_order_ref(g, at));
    if (!of_key(e, q) || below(mrr_entry_subkey(e), q->from))
      break;
    if (!mrr_visible(t, e))
      continue;
    show(e, &kv[n++]);
    q->cursor1 = mrr_order_ref(g, at);
  }
  uint32_t plain = n < room ? plain_entry(t, g, q) : 0;
  if (plain) {
    show(mrr_entry_at(g, plain), &kv[n++]);
    q->cursor1 = plain;
  }
  return n;
}

static int is_linked(const mrr_group *g, const mrr_entry *e, uint32_t ref) {
  return mrr_index_slot(g, mrr_entry_tag(e->hash, mrr_entry_subkey(e)), ref) != NULL;
}

/* Entries of one page from `*offset` on. */
static uint64_t of_page(const mrr_keyed_table *t, const mrr_group *g, uint32_t page,
                        uint32_t *offset, uint64_t newest, mr_kv *kv, uint64_t room) {
  const mrr_page *p = g->pages[page].memory;
  uint64_t n = 0;
  while (n < room && *offset < p->used) {
    const mrr_entry *e = mrr_page_entry(p, *offset);
    uint32_t ref = page << 9 | *offset >> 3;
    *offset += mrr_entry_bytes(e);
    if (mrr_visible(t, e) && e->mark <= newest && is_linked(g, e, ref))
      show(e, &kv[n++]);
  }
  return n;
}

static uint64_t groups(const mrr_keyed *s, const mrr_keyed_table *t, mr_scan *q, mr_kv *kv,
                       uint64_t room) {
  uint32_t first = s->shape.group_first;
  uint32_t group = (uint32_t)(q->cursor1 >> 54), page = (uint32_t)(q->cursor1 >> 31) & 0x7FFFFF;
  uint32_t offset = (uint32_t)q->cursor1 & 0x7FFFFFFF;
  uint64_t n = 0;
  if (q->cursor1 == 0) {
    group = q->group_first;
    offset = sizeof(mrr_page);
  }
  for (; group <= q->group_last && n < room; group++, page = 0, offset = sizeof(mrr_page)) {
    const mrr_group *g = &t->groups[group - first];
    for (; page < g->page_count; page++, offset = sizeof(mrr_page)) {
      if (g->pages[page].memory)
        n += of_page(t, g, page, &offset, q->cursor0 - 1, kv + n, room - n);
      if (n == room) {
        q->cursor1 = (uint64_t)group << 54 | (uint64_t)page << 31 | offset;
        return n;
      }
    }
  }
  return n;
}

/* A cursor that this table cannot have come from is refused. */
static int believable(const mrr_group *g, const mr_scan *q) {
  uint64_t page = q->cursor1 >> 9, offset = (q->cursor1 & 511) << 3;
  return q->cursor1 == 0 || (page < g->page_count && g->pages[page].memory &&
                             offset >= sizeof(mrr_page) && offset < g->pages[page].memory->used);
}

mr_status mrr_keyed_scan(mr_ctx *c, uint32_t table, mr_scan *q, mr_kv *kv, uint64_t room,
                         uint64_t *n) {
  mrr_keyed *s = mrr_keyed_of(c);
  if (!s || !s->in_call || table >= s->shape.table_count)
    return MR_E_INVALID;
  const mrr_keyed_table *t = &s->tables[table];
  uint64_t newest = q->cursor0 ? q->cursor0 : s->sequence + 1, found = 0;
  if (q->cursor0 == OVER || room == 0) {
    *n = 0;
    return MR_OK;
  }
  if (q->flags & MR_SCAN_GROUPS) {
    uint32_t from = q->cursor1 ? (uint32_t)(q->cursor1 >> 54) : q->group_first;
    if (q->flags & MR_SCAN_REVERSE || q->group_first > q->group_last ||
        q->group_first < s->shape.group_first || q->group_last > s->shape.group_last ||
        from < q->group_first)
      return MR_E_INVALID;
    q->cursor0 = newest;
    found = groups(s, t, q, kv, room);
  } else {
    uint32_t group = (uint32_t)(q->key_hash & (MRR_KEYED_GROUPS - 1)) - s->shape.group_first;
    if (group >= s->group_count || !believable(&t->groups[group], q) ||
        (q->flags & MR_SCAN_REVERSE && !(t->declared->flags & MR_TABLE_ORDERED)))
      return MR_E_INVALID;
    if (q->key.size > MRR_KEY_MAX)
      return MR_E_TOO_LARGE;
    q->cursor0 = newest;
    found = (q->flags & MR_SCAN_REVERSE ? backward : forward)(t, &t->groups[group], q, kv, room);
  }
  if (found < room)
    q->cursor0 = OVER;
  *n = found;
  return MR_OK;
}
