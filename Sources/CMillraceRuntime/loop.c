/* SPDX-License-Identifier: Apache-2.0
 * A loop: which chains to step, and when to leave one alone.
 *
 * word      stored by  read by   store            load     hands over
 * leaf      any        loop      fetch_or         exchange chain i has something to do
 * top       any        loop      fetch_or         exchange leaf word i is not empty
 * any       any        loop      seq_cst          exchange some word of top is not empty
 * sleeping  loop sets, any takes back; both seq_cst: "wake my thread"
 *
 * Active chains are stepped every turn and cost a step each; a chain that moved nothing for
 * `spin` ns is parked: it asks its lanes to be told, looks once more, and is not touched again
 * until a bit says so. So ten thousand idle chains cost nothing, and a busy one never pays for a
 * wake-up. */
#include "layout.h"

static uint64_t rounded(uint64_t bytes) {
  return (bytes + MRR_ALIGNMENT - 1) & ~(uint64_t)(MRR_ALIGNMENT - 1);
}

static uint32_t words(uint32_t bits) { return bits ? (bits + 63) / 64 : 1; }

uint64_t mrr_loop_bytes(uint32_t chains) {
  return rounded(sizeof(mrr_loop)) + rounded(words(chains) * sizeof(mrr_word)) +
         rounded(words(words(chains)) * sizeof(mrr_word)) +
         2 * rounded((uint64_t)chains * sizeof(mrr_chain *));
}

mrr_loop *mrr_loop_make(void *memory, uint32_t chains, int64_t spin_ns) {
  uint8_t *at = memory;
  mrr_loop *l = memory;
  at += rounded(sizeof *l);
  l->chain_limit = chains;
  l->spin = spin_ns;
  l->alarm = INT64_MAX;
  l->leaf_count = words(chains);
  l->top_count = words(l->leaf_count);
  l->leaf = (mrr_word *)at;
  at += rounded(l->leaf_count * sizeof(mrr_word));
  l->top = (mrr_word *)at;
  at += rounded(l->top_count * sizeof(mrr_word));
  l->chains = (mrr_chain **)(void *)at;
  at += rounded((uint64_t)chains * sizeof(mrr_chain *));
  l->active = (mrr_chain **)(void *)at;
  return l;
}

void mrr_loop_waker(mrr_loop *l, void (*wake)(void *argument), void *argument) {
  l->wake = wake;
  l->wake_argument = argument;
}

void mrr_loop_wall(mrr_loop *l, int64_t offset) { l->wall_offset = offset; }

uint32_t *mrr_loop_word(mrr_loop *l) { return &l->sleeping.raw; }

uint32_t mrr_loop_active(const mrr_loop *l) { return l->active_count; }

mrr_box *const *mrr_loop_current(const mrr_loop *l) { return &l->current; }

void mrr_chain_join(mrr_chain *c, mrr_loop *l) {
  c->slot = l->chain_count++;
  l->chains[c->slot] = c;
  __atomic_store_n(&c->loop, l, __ATOMIC_RELEASE);
  mrr_ready(c);
}

/* ---- any thread ------------------------------------------------------------------- */

void mrr_loop_poke(mrr_loop *l) {
  if (mrr_flag_look(&l->sleeping) && mrr_flag_take(&l->sleeping, 0) && l->wake)
    l->wake(l->wake_argument);
}

void mrr_ready(mrr_chain *c) {
  mrr_loop *l = __atomic_load_n(&c->loop, __ATOMIC_ACQUIRE);
  if (!l) /* woken by a thread of its own before it was put on a loop */
    return;
  uint32_t leaf = c->slot >> 6, top = leaf >> 6;
  if (mrr_set_bits(&l->leaf[leaf], 1ull << (c->slot & 63)))
    return;
  mrr_set_bits(&l->top[top], 1ull << (leaf & 63));
  mrr_flag_announce(&l->any, 1);
  mrr_loop_poke(l);
}

void mrr_chain_wake(mrr_chain *c) {
  mrr_flag_announce(&c->asked, 1);
  mrr_ready(c);
}

void mrr_chain_barrier(mrr_chain *c, uint64_t epoch) {
  mrr_announce(&c->inject, epoch);
  mrr_ready(c);
}

void mrr_chain_give_up(mrr_chain *c, uint64_t epoch) {
  mrr_announce(&c->abandon, epoch);
  mrr_ready(c);
}

void mrr_chain_halt(mrr_chain *c) {
  mrr_flag_announce(&c->halted, 1);
  mrr_ready(c);
}

void mrr_chain_drain(mrr_chain *c) {
  mrr_flag_announce(&c->drain, 1);
  mrr_ready(c);
}

/* ---- the loop's thread --------------------------------------------------------------- */

static void activate(mrr_loop *l, mrr_chain *c, int64_t now) {
  if (c->active || c->state == MRR_CHAIN_FAILED)
    return;
  c->active = 1;
  c->moved_at = now;
  l->active[l->active_count++] = c;
}

static void collect(mrr_loop *l, int64_t now) {
  if (!mrr_flag_relaxed(&l->any) || !mrr_flag_take(&l->any, 0))
    return;
  for (uint32_t t = 0; t < l->top_count; t++) {
    uint64_t tops = mrr_relaxed(&l->top[t]) ? mrr_take_bits(&l->top[t]) : 0;
    for (; tops; tops &= tops - 1) {
      uint32_t leaf = t * 64 + (uint32_t)__builtin_ctzll(tops);
      uint64_t bits = mrr_take_bits(&l->leaf[leaf]);
      for (; bits; bits &= bits - 1)
        activate(l, l->chains[leaf * 64 + (uint32_t)__builtin_ctzll(bits)], now);
    }
  }
}

/* Wants to be stepped then, also while it is parked. [loop] */
void mrr_loop_alarm(mrr_chain *c, int64_t at) {
  c->alarm = at;
  if (at < c->loop->alarm)
    c->loop->alarm = at;
}

/* Rare: once in the time of the shortest alarm. */
static void ring(mrr_loop *l, int64_t now) {
  l->alarm = INT64_MAX;
  for (uint32_t i = 0; i < l->chain_count; i++) {
    mrr_chain *c = l->chains[i];
    if (c->alarm && c->alarm <= now) {
      c->alarm = 0;
      activate(l, c, now);
    } else if (c->alarm && c->alarm < l->alarm) {
      l->alarm = c->alarm;
    }
  }
}

static void note_ended(mrr_loop *l, mrr_chain *c) {
  c->next_ended = NULL;
  if (l->ended_last)
    l->ended_last->next_ended = c;
  else
    l->ended = c;
  l->ended_last = c;
}

mrr_chain *mrr_loop_ended(mrr_loop *l) {
  mrr_chain *c = l->ended;
  if (c) {
    l->ended = c->next_ended;
    if (!l->ended)
      l->ended_last = NULL;
  }
  return c;
}

mrr_chain *mrr_loop_noted(mrr_loop *l, uint32_t *member) {
  mrr_chain *c = l->noted;
  if (c) {
    l->noted = c->next_noted;
    c->noted = 0;
    *member = c->noted_member;
  }
  return c;
}

/* Step, and park a chain that has been idle. Returns what the last step came to; *keep is 0 when
 * the chain left the list. */
static uint32_t step_or_park(mrr_loop *l, mrr_chain *c, int64_t now, int *keep) {
  *keep = 1;
  uint32_t r = mrr_chain_step(c, now);
  if (r == MRR_STEP_NOTHING || r == MRR_STEP_BLOCKED) {
    if (c->due || now - c->moved_at < l->spin)
      return r;
    if (r == MRR_STEP_BLOCKED || mrr_time_waits(c)) {
      mrr_chain_await_room(c);
      r = mrr_chain_step(c, now);
      if (c->due) /* put off: nobody will wake it, its time will */
        return r;
    }
    if (r == MRR_STEP_BLOCKED || (r == MRR_STEP_NOTHING && mrr_chain_park_inputs(c)))
      *keep = 0;
  }
  if (r == MRR_STEP_ENDED) {
    *keep = c->state == MRR_CHAIN_FINISHED; /* barriers may still come */
    note_ended(l, c);
  }
  return r;
}

uint32_t mrr_loop_turn(mrr_loop *l, int64_t now, int64_t *due) {
  uint32_t flags = 0;
  *due = INT64_MAX;
  collect(l, now);
  if (MR_UNLIKELY(now >= l->alarm))
    ring(l, now);
  for (uint32_t i = 0; i < l->active_count;) {
    mrr_chain *c = l->active[i];
    if (c->due > now && !(c->poll_off && mrr_flag_relaxed(&c->drain))) {
      *due = c->due < *due ? c->due : *due;
      i++;
      continue;
    }
    int keep;
    uint32_t r = step_or_park(l, c, now, &keep);
    if (r == MRR_STEP_MOVED) {
      c->moved_at = now;
      flags |= MRR_TURN_MOVED;
    }
    if (r == MRR_STEP_ENDED)
      flags |= MRR_TURN_ENDED;
    if (keep) {
      if (c->due > now)
        *due = c->due < *due ? c->due : *due;
      else
        flags |= MRR_TURN_ACTIVE;
      i++;
    } else {
      c->active = 0;
      l->active[i] = l->active[--l->active_count];
    }
  }
  *due = l->alarm < *due ? l->alarm : *due;
  if (l->ended)
    flags |= MRR_TURN_ENDED;
  if (l->noted)
    flags |= MRR_TURN_NOTED;
  return flags;
}

int mrr_loop_doze(mrr_loop *l) {
  mrr_flag_announce(&l->sleeping, 1);
  if (mrr_flag_look(&l->any)) {
    mrr_flag_announce(&l->sleeping, 0);
    return 0;
  }
  return 1;
}

void mrr_loop_awake(mrr_loop *l) { mrr_flag_announce(&l->sleeping, 0); }
