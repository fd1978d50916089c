/* SPDX-License-Identifier: Apache-2.0
 * The end of a restore: what the pieces left in pages becomes entries that can be found.
 *
 * Tables of the version they were written with are indexed as they are. The pages of the others
 * are set aside first, so that the new table begins empty; then each of their entries goes through
 * `migrate`, and what comes out is inserted with the stamp of the old one. */
#include "keyed.h"

typedef struct aside {
  mr_kv_sink sink; /* first: what migrate gets is this */
  mrr_keyed *s;
  const mr_kv *old;
  int64_t stamp;
  mr_status status; /* the first refusal, should migrate swallow it */
} aside;

static mr_status refused(mrr_restore_report *report, const mrr_keyed_table *t, uint32_t group,
                         mr_status status, const char *reason) {
  report->reason = reason;
  report->group = group;
  report->version = t->old_version;
  memset(report->name, 0, sizeof report->name);
  for (uint32_t i = 0; i + 1 < sizeof report->name && t->declared->name[i]; i++)
    report->name[i] = t->declared->name[i];
  return status;
}

static mr_status index_entry(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g, uint32_t ref) {
  const mrr_entry *e = mrr_entry_at(g, ref);
  mr_kv kv = {e->hash, mrr_entry_key(e), mrr_entry_subkey(e), {NULL, 0}, 0, 0};
  uint32_t tag = mrr_entry_tag(e->hash, kv.subkey);
  if (!mrr_index_room(s, t, g, 1))
    return MR_E_NOMEM;
  if (mrr_index_find(g, tag, &kv))
    return MR_E_STATE;
  if (e->subkey && !mrr_order_insert(s, t, g, ref))
    return MR_E_NOMEM;
  mrr_index_insert(g, tag, ref);
  s->entries++;
  t->entries++;
  return MR_OK;
}

static mr_status index_group(mrr_keyed *s, mrr_keyed_table *t, mrr_group *g) {
  mr_status status = MR_OK;
  for (uint32_t page = 0; page < g->page_count; page++) {
    const mrr_page *p = g->pages[page].memory;
    for (uint32_t at = sizeof *p; p && at < p->used && status == MR_OK;
         at += mrr_entry_bytes(mrr_page_entry(p, at)))
      if (!(mrr_page_entry(p, at)->value & MRR_ENTRY_FREE))
        status = index_entry(s, t, g, page << 9 | at >> 3);
  }
  return status;
}

/* mr_kv_sink.put: one of the entries that an old one becomes. */
static mr_status put(mr_kv_sink *sink, uint32_t table, const mr_kv *kv) {
  aside *a = (aside *)(void *)sink;
  mrr_keyed *s = a->s;
  mr_status status = MR_E_INVALID;
  if (table < s->shape.table_count && kv->key.size == a->old->key.size &&
      memcmp(kv->key.data, a->old->key.data, kv->key.size) == 0) {
    mrr_keyed_table *t = &s->tables[table];
    uint32_t fixed = t->declared->value_size;
    mrr_group *g = &t->groups[(a->old->key_hash & (MRR_KEYED_GROUPS - 1)) - s->shape.group_first];
    mr_kv now = *kv;
    now.key_hash = a->old->key_hash;
    int64_t clock = t->clock;
    t->clock = a->stamp;
    if (kv->subkey.size > MRR_KEY_MAX || kv->value.size > MRR_VALUE_MAX)
      status = MR_E_TOO_LARGE;
    else if (!fixed || kv->value.size == fixed)
      status = mrr_keyed_insert(s, t, g, mrr_entry_tag(now.key_hash, now.subkey), &now);
    t->clock = clock;
  }
  if (a->status == MR_OK)
    a->status = status;
  return status;
}

static mr_status migrate_page(aside *a, const mrr_keyed_table *t, const mrr_page *p,
                              const mrr_migration *m) {
  for (uint32_t at = sizeof *p; at < p->used; at += mrr_entry_bytes(mrr_page_entry(p, at))) {
    const mrr_entry *e = mrr_page_entry(p, at);
    if (e->value & MRR_ENTRY_FREE)
      continue;
    mr_kv old = {e->hash, mrr_entry_key(e), mrr_entry_subkey(e), {NULL, 0}, 0, 0};
    old.value = mrr_bytes(mrr_value(e), mrr_value_size(e));
    a->old = &old;
    a->stamp = e->stamp;
    mr_status status = m->migrate(m->impl, t->declared->name, t->old_version, &old, &a->sink);
    mrr_log_keep(a->s);
    if (status != MR_OK || a->status != MR_OK)
      return status != MR_OK ? status : a->status;
  }
  return MR_OK;
}

/* The group's pages, taken out of it, entry by entry; each is given back when it is done, also
 * where `status` says that nothing is to be migrated any more. */
static mr_status migrate_group(aside *a, mrr_keyed_table *t, const mrr_group *old,
                               const mrr_migration *m, mr_status status) {
  for (uint32_t page = 0; page < old->page_count; page++) {
    mrr_page *p = old->pages[page].memory;
    if (!p)
      continue;
    if (status == MR_OK)
      status = migrate_page(a, t, p, m);
    mrr_keyed_give(a->s, t, p, p->size);
  }
  if (old->pages)
    mrr_keyed_give(a->s, t, old->pages, old->page_room * sizeof *old->pages);
  return status;
}

static int is_old(const mrr_keyed_table *t) {
  return t->old_seen && t->old_version != t->declared->version;
}

/* One group of all old tables: their pages are set aside together, because migrate may put into
 * any table, and none of the old entries must be met there. */
static mr_status migrate_groups(aside *a, mrr_group *old, uint32_t at, const mrr_migration *m,
                                mrr_restore_report *report) {
  mrr_keyed *s = a->s;
  mr_status status = MR_OK;
  for (uint32_t i = 0; i < s->shape.table_count; i++) {
    mrr_group *g = &s->tables[i].groups[at];
    if (!is_old(&s->tables[i]))
      continue;
    old[i] = *g;
    memset(g, 0, sizeof *g);
    g->number = old[i].number;
  }
  for (uint32_t i = 0; i < s->shape.table_count; i++) {
    mrr_keyed_table *t = &s->tables[i];
    if (!is_old(t))
      continue;
    mr_status of_table = migrate_group(a, t, &old[i], m, status);
    if (status == MR_OK && of_table != MR_OK)
      status = refused(report, t, old[i].number, of_table, "an entry that could not be migrated");
  }
  return status;
}

static mr_status migrate(mrr_keyed *s, const mrr_migration *m, mrr_restore_report *report) {
  const mrr_keyed_table *first = NULL;
  for (uint32_t i = s->shape.table_count; i-- > 0;)
    first = is_old(&s->tables[i]) ? &s->tables[i] : first;
  if (!first)
    return MR_OK;
  if (!m || !m->migrate)
    return refused(report, first, s->shape.group_first, MR_E_STATE,
                   "an older version of a table that nobody migrates");
  aside a = {{sizeof(mr_kv_sink), 0, NULL, put}, s, NULL, 0, MR_OK};
  uint64_t bytes = s->shape.table_count * sizeof(mrr_group);
  mrr_group *old = s->memory.take(s->memory.impl, bytes);
  mr_status status = old ? MR_OK : MR_E_NOMEM;
  for (uint32_t i = 0; i < s->group_count && status == MR_OK; i++)
    status = migrate_groups(&a, old, i, m, report);
  if (old)
    s->memory.give(s->memory.impl, old, bytes);
  return status;
}

mr_status mrr_keyed_restore_end(mrr_keyed *s, const mrr_migration *migration,
                                mrr_restore_report *report) {
  for (uint32_t i = 0; i < s->shape.table_count; i++)
    for (uint32_t g = 0; g < s->group_count && !is_old(&s->tables[i]); g++) {
      mr_status status = index_group(s, &s->tables[i], &s->tables[i].groups[g]);
      if (status != MR_OK)
        return refused(report, &s->tables[i], s->tables[i].groups[g].number, status,
                       status == MR_E_STATE ? "an entry that exists twice" : "no memory");
    }
  return migrate(s, migration, report);
}
