/* SPDX-License-Identifier: Apache-2.0
 * Timers of a task: two heaps by time, event and processing, and a table by identity.
 *
 *   slot      free              on the free list
 *             set               in its heap and in the table
 *             taken             in neither, named by the log: cancelled, or due in this call
 *
 *   call      set, cancel, take change slots and write a log of it
 *   keep      taken slots are freed, the log is forgotten
 *   undo      the log backwards: what was set is freed, what was taken is set again
 *
 * (domain, time, key, cookie) identifies a timer. Equal times go by key hash and cookie, so their
 * order does not depend on what was restored. Slots, heaps and table grow together, by doubling:
 * a heap has room for each slot, so nothing but set and restore can be out of memory. */
#include "include/mrr_timers.h"
#include "layout.h"

enum { FIRST_ROOM = 64, NOBODY = UINT32_MAX };
enum { LOG_NOTHING = 0, LOG_SET = 1, LOG_TAKEN = 2 };

typedef struct slot {
  mr_timer timer; /* its key is memory of the store */
  uint64_t identity;
  uint32_t next;  /* in the table, or on the free list */
  uint32_t place; /* in its heap; NOBODY: taken or free */
  uint32_t used;
  uint32_t reserved0;
} slot;

typedef struct change {
  uint32_t slot, kind; /* LOG_* */
} change;

struct mrr_timers {
  mrr_memory memory;
  uint64_t most;
  slot *slots;
  uint32_t *heap[2], *table;
  uint32_t heaped[2];
  uint32_t room, free, count;
  change *log;
  uint32_t logged, log_room;
  uint32_t due_logged; /* position in the log of the first that was taken as due */
  uint32_t due_count;
  mr_timer due[MRR_TIMERS_DUE];
};

static void *take(const mrr_timers *s, uint64_t bytes) {
  return s->memory.take(s->memory.impl, bytes);
}

static void give(const mrr_timers *s, void *memory, uint64_t bytes) {
  if (memory)
    s->memory.give(s->memory.impl, memory, bytes);
}

/* ---- room ------------------------------------------------------------------- */

static uint32_t buckets(const mrr_timers *s) { return 2 * s->room; }

static void enter(mrr_timers *s, uint32_t at) {
  uint32_t *bucket = &s->table[s->slots[at].identity & (buckets(s) - 1)];
  s->slots[at].next = *bucket;
  *bucket = at;
}

static void leave(mrr_timers *s, uint32_t at) {
  uint32_t *link = &s->table[s->slots[at].identity & (buckets(s) - 1)];
  while (*link != at)
    link = &s->slots[*link].next;
  *link = s->slots[at].next;
}

static void free_slots(mrr_timers *s, uint32_t first) {
  for (uint32_t i = s->room; i > first; i--) {
    s->slots[i - 1] = (slot){.next = s->free, .place = NOBODY};
    s->free = i - 1;
  }
}

/* 0: no memory, and nothing has changed. */
static int grow(mrr_timers *s, uint32_t room) {
  mrr_timers new = *s;
  new.room = room;
  new.slots = take(s, room * sizeof(slot));
  new.heap[0] = take(s, room * sizeof(uint32_t));
  new.heap[1] = take(s, room * sizeof(uint32_t));
  new.table = take(s, 2ull * room * sizeof(uint32_t));
  if (!new.slots || !new.heap[0] || !new.heap[1] || !new.table) {
    give(s, new.slots, room * sizeof(slot));
    give(s, new.heap[0], room * sizeof(uint32_t));
    give(s, new.heap[1], room * sizeof(uint32_t));
    give(s, new.table, 2ull * room * sizeof(uint32_t));
    return 0;
  }
  memset(new.table, 0xFF, 2ull * room * sizeof(uint32_t));
  if (s->room) {
    memcpy(new.slots, s->slots, s->room * sizeof(slot));
    for (int d = 0; d < 2; d++)
      memcpy(new.heap[d], s->heap[d], s->heaped[d] * sizeof(uint32_t));
    give(s, s->slots, s->room * sizeof(slot));
    give(s, s->heap[0], s->room * sizeof(uint32_t));
    give(s, s->heap[1], s->room * sizeof(uint32_t));
    give(s, s->table, 2ull * s->room * sizeof(uint32_t));
  }
  uint32_t before = s->room;
  s->slots = new.slots;
  s->heap[0] = new.heap[0];
  s->heap[1] = new.heap[1];
  s->table = new.table;
  s->room = room;
  for (uint32_t i = 0; i < before; i++)
    if (s->slots[i].place != NOBODY)
      enter(s, i);
  free_slots(s, before);
  return 1;
}

mrr_timers *mrr_timers_make(mrr_memory memory, uint64_t most) {
  mrr_timers *s = memory.take(memory.impl, sizeof *s);
  if (!s)
    return NULL;
  memset(s, 0, sizeof *s);
  s->memory = memory;
  s->most = most < NOBODY / 4 ? most : NOBODY / 4;
  s->free = NOBODY;
  if (grow(s, FIRST_ROOM))
    return s;
  give(s, s, sizeof *s);
  return NULL;
}

static int log_room(mrr_timers *s, uint64_t more) {
  if (s->logged + more <= s->log_room)
    return 1;
  uint64_t room = 2 * (s->logged + more);
  change *log = room < NOBODY ? take(s, room * sizeof *log) : NULL;
  if (!log)
    return 0;
  if (s->log)
    memcpy(log, s->log, s->logged * sizeof *log);
  give(s, s->log, s->log_room * sizeof *log);
  s->log = log;
  s->log_room = (uint32_t)room;
  return 1;
}

/* ---- heaps ------------------------------------------------------------------ */

static int before(const mrr_timers *s, uint32_t a, uint32_t b) {
  const mr_timer *x = &s->slots[a].timer, *y = &s->slots[b].timer;
  if (x->time != y->time)
    return x->time < y->time;
  return x->key_hash != y->key_hash ? x->key_hash < y->key_hash : x->cookie < y->cookie;
}

static void put(mrr_timers *s, uint32_t d, uint32_t place, uint32_t at) {
  s->heap[d][place] = at;
  s->slots[at].place = place;
}

static void rise(mrr_timers *s, uint32_t d, uint32_t place, uint32_t at) {
  for (; place > 0 && before(s, at, s->heap[d][(place - 1) / 2]); place = (place - 1) / 2)
    put(s, d, place, s->heap[d][(place - 1) / 2]);
  put(s, d, place, at);
}

static void sink(mrr_timers *s, uint32_t d, uint32_t place, uint32_t at) {
  for (;;) {
    uint32_t child = 2 * place + 1;
    if (child >= s->heaped[d])
      break;
    if (child + 1 < s->heaped[d] && before(s, s->heap[d][child + 1], s->heap[d][child]))
      child++;
    if (!before(s, s->heap[d][child], at))
      break;
    put(s, d, place, s->heap[d][child]);
    place = child;
  }
  rise(s, d, place, at);
}

/* Into its heap and the table. */
static void set_slot(mrr_timers *s, uint32_t at) {
  uint32_t d = (uint32_t)s->slots[at].timer.domain;
  enter(s, at);
  rise(s, d, s->heaped[d]++, at);
}

/* Out of both. */
static void take_slot(mrr_timers *s, uint32_t at) {
  uint32_t d = (uint32_t)s->slots[at].timer.domain, place = s->slots[at].place;
  uint32_t last = s->heap[d][--s->heaped[d]];
  leave(s, at);
  if (last != at)
    sink(s, d, place, last);
  s->slots[at].place = NOBODY;
}

static void free_slot(mrr_timers *s, uint32_t at) {
  const mr_str *key = &s->slots[at].timer.key;
  give(s, (void *)(uintptr_t)key->data, key->size);
  s->slots[at] = (slot){.next = s->free, .place = NOBODY};
  s->free = at;
  s->count--;
}

/* ---- identity ----------------------------------------------------------------- */

static uint64_t identity(const mr_timer *t) {
  const uint64_t parts[4] = {(uint64_t)t->time, mrr_xxh3(t->key.data, t->key.size), t->cookie,
                             (uint64_t)t->domain};
  return mrr_xxh3(parts, sizeof parts);
}

static uint32_t find(const mrr_timers *s, const mr_timer *t, uint64_t id) {
  for (uint32_t at = s->table[id & (buckets(s) - 1)]; at != NOBODY; at = s->slots[at].next) {
    const mr_timer *o = &s->slots[at].timer;
    if (s->slots[at].identity == id && o->time == t->time && o->cookie == t->cookie &&
        o->domain == t->domain && o->key.size == t->key.size &&
        (t->key.size == 0 || memcmp(o->key.data, t->key.data, t->key.size) == 0))
      return at;
  }
  return NOBODY;
}

static int is_one(const mr_timer *t) {
  return (t->domain == MR_EVENT_TIME || t->domain == MR_PROCESSING_TIME) &&
         t->time != MR_TIME_NONE && (t->key.size == 0 || t->key.data != NULL) &&
         t->key.size <= UINT16_MAX;
}

/* *made: the slot, NOBODY when it was set before. */
static mr_status add(mrr_timers *s, const mr_timer *t, uint32_t *made) {
  *made = NOBODY;
  if (!is_one(t))
    return MR_E_INVALID;
  uint64_t id = identity(t);
  if (find(s, t, id) != NOBODY)
    return MR_OK;
  if (s->count >= s->most || (s->free == NOBODY && !grow(s, 2 * s->room)))
    return MR_E_NOMEM;
  void *key = t->key.size ? take(s, t->key.size) : NULL;
  if (t->key.size && !key)
    return MR_E_NOMEM;
  if (t->key.size)
    memcpy(key, t->key.data, t->key.size);
  uint32_t at = s->free;
  s->free = s->slots[at].next;
  s->slots[at] = (slot){.timer = *t, .identity = id, .place = NOBODY, .used = 1};
  s->slots[at].timer.key.data = key;
  s->count++;
  set_slot(s, at);
  *made = at;
  return MR_OK;
}

/* ---- the calls of a task -------------------------------------------------------- */

void mrr_timers_begin(mrr_timers *s) { mrr_timers_keep(s); }

void mrr_timers_keep(mrr_timers *s) {
  for (uint32_t i = 0; i < s->logged; i++)
    if (s->log[i].kind == LOG_TAKEN)
      free_slot(s, s->log[i].slot);
  s->logged = 0;
}

void mrr_timers_undo(mrr_timers *s) {
  while (s->logged) {
    change c = s->log[--s->logged];
    if (c.kind == LOG_TAKEN) {
      set_slot(s, c.slot);
    } else if (c.kind == LOG_SET) {
      take_slot(s, c.slot);
      free_slot(s, c.slot);
    }
  }
}

int64_t mrr_timers_next(const mrr_timers *s, mr_domain domain) {
  return s->heaped[domain] ? s->slots[s->heap[domain][0]].timer.time : MR_TIME_END;
}

uint32_t mrr_timers_take(mrr_timers *s, int64_t watermark, int64_t wall, const mr_timer **due) {
  s->due_logged = s->logged;
  s->due_count = 0;
  if (!log_room(s, MRR_TIMERS_DUE))
    return 0;
  for (uint32_t d = 0; d < 2; d++) {
    int64_t now = d == MR_EVENT_TIME ? watermark : wall;
    while (s->due_count < MRR_TIMERS_DUE && s->heaped[d] &&
           s->slots[s->heap[d][0]].timer.time <= now) {
      uint32_t at = s->heap[d][0];
      take_slot(s, at);
      s->log[s->logged++] = (change){at, LOG_TAKEN};
      s->due[s->due_count++] = s->slots[at].timer;
    }
  }
  *due = s->due;
  return s->due_count;
}

void mrr_timers_give_back(mrr_timers *s, uint32_t first) {
  for (uint32_t i = first; i < s->due_count; i++) {
    change *c = &s->log[s->due_logged + i];
    const slot *back = &s->slots[c->slot];
    if (find(s, &back->timer, back->identity) != NOBODY)
      continue; /* set once more meanwhile: that one stays */
    c->kind = LOG_NOTHING;
    set_slot(s, c->slot);
  }
}

/* ---- what operators call ----------------------------------------------------------- */

static mrr_timers *store_of(mr_ctx *c) {
  static const char none[] = "it offers no millrace.time/1, so it has no timers";
  if (!c->timers)
    mrr_host_set_error(c, MR_E_UNSUPPORTED, none, sizeof none - 1);
  return c->timers;
}

static mr_status host_set(mr_ctx *c, const mr_timer *t, uint64_t n) {
  mrr_timers *s = store_of(c);
  if (!s)
    return MR_E_UNSUPPORTED;
  if (!log_room(s, n))
    return MR_E_NOMEM;
  for (uint64_t i = 0; i < n; i++) {
    uint32_t made;
    mr_status status = add(s, &t[i], &made);
    if (status != MR_OK)
      return status;
    if (made != NOBODY)
      s->log[s->logged++] = (change){made, LOG_SET};
  }
  return MR_OK;
}

static mr_status host_cancel(mr_ctx *c, const mr_timer *t, uint64_t n) {
  mrr_timers *s = store_of(c);
  if (!s)
    return MR_E_UNSUPPORTED;
  if (!log_room(s, n))
    return MR_E_NOMEM;
  for (uint64_t i = 0; i < n; i++) {
    if (!is_one(&t[i]))
      return MR_E_INVALID;
    uint32_t at = find(s, &t[i], identity(&t[i]));
    if (at == NOBODY)
      continue;
    take_slot(s, at);
    s->log[s->logged++] = (change){at, LOG_TAKEN};
  }
  return MR_OK;
}

/* Only what is held back, and never ahead of the input. */
static mr_status host_emit(mr_ctx *c, int64_t watermark) {
  mrr_task *t = c->task;
  if (!t || !t->time || watermark > t->watermark)
    return MR_E_INVALID;
  if (watermark > t->chain->mark && watermark != MR_TIME_END)
    t->chain->mark = watermark;
  return MR_OK;
}

const mr_host_time mrr_time_table = {sizeof(mr_host_time), 0, host_set, host_cancel, host_emit};

/* ---- checkpoints --------------------------------------------------------------------- */

uint64_t mrr_timers_count(const mrr_timers *s) { return (uint64_t)s->heaped[0] + s->heaped[1]; }
uint64_t mrr_timers_span(const mrr_timers *s) { return s->room; }

const mr_timer *mrr_timers_at(const mrr_timers *s, uint64_t at) {
  return at < s->room && s->slots[at].place != NOBODY ? &s->slots[at].timer : NULL;
}

mr_status mrr_timers_restore(mrr_timers *s, const mr_timer *t) {
  uint32_t made;
  return add(s, t, &made);
}
