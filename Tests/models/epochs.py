#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Exactly once at a two-phase sink, whoever dies when.

One source that replays, one sink. Records flow, the next epoch is prepared and the one before is
committed, all at once. An epoch may be given up without a restart: its transaction is held and
belongs to the next claim. An attempt may die at any point, and one that was passed over may go on.

  log        GEN of an attempt; CLAIM of an epoch with its transactions and the position behind it;
             DONE. Whoever appends has read everything before; behind a GEN of a later attempt it
             ends
  outside    transactions by name (attempt, epoch): prepared, committed, aborted
  recovery   GEN; commit what is claimed and not done; DONE; abort what older attempts left; run

What must hold: no record's effect comes twice; the effects are those of the first so many records;
an epoch that is DONE has all of its records; whoever comes to the end has all of them."""
from collections import namedtuple

from search import Broken, Verdicts, changed, search

State = namedtuple("State", "log outside effects attempts")
# What it does, how much of the log it has read, the next record, the first one that is in no
# transaction, its last epoch, names held, (epoch, position) under way, claims not done
Attempt = namedtuple("Attempt", "does read at first epoch held sealing claims")
Claim = namedtuple("Claim", "epoch position names")
# A transaction: its name, its state, its records from and to
Transaction = namedtuple("Transaction", "name state first end")
FRESH = Attempt("begin", 0, 0, 0, 0, (), None, ())


def claims(log):
    return [entry for entry in log if isinstance(entry, Claim)]


def newest_attempt(log):
    return max([entry[1] for entry in log if entry[0] == "GEN"], default=-1)


class Sink:
    def __init__(self, records, attempts, broken=None):
        self.records, self.attempts, self.broken = records, attempts, broken

    def start(self):
        return State((), frozenset(), (), (None,) * self.attempts)

    def steps(self, state):
        for number, attempt in enumerate(state.attempts):
            if attempt is None:
                # One that is silent cannot be told from one that is dead.
                yield self.put(state, number, FRESH._replace(read=len(state.log)))
                return
            if attempt.does in ("dead", "end"):
                continue
            if number < self.attempts - 1:
                yield self.put(state, number, FRESH._replace(does="dead"))
            yield from getattr(self, attempt.does)(state, number, attempt)

    @staticmethod
    def put(state, number, attempt):
        return state._replace(attempts=changed(state.attempts, number, attempt))

    def append(self, state, number, attempt, entry, after):
        if len(state.log) == attempt.read:
            log = state.log + (entry,)
            return self.put(state._replace(log=log), number, after._replace(read=len(log)))
        if newest_attempt(state.log) > number:
            return self.put(state, number, FRESH._replace(does="dead"))
        return self.put(state, number, attempt._replace(read=len(state.log)))

    def begin(self, state, number, attempt):
        after = attempt._replace(does="recover")
        yield self.append(state, number, attempt, ("GEN", number), after)

    def recover(self, state, number, attempt):
        last = (claims(state.log) or [None])[-1]
        fenced = self.fenced(state, number)
        if last and ("DONE", last.epoch) not in state.log:
            if self.broken == "fence before the commit" and fenced != state:
                yield fenced
            else:
                yield self.commit(state, number, attempt, last, attempt)
            return
        position, epoch = (last.position, last.epoch) if last else (0, 0)
        after = Attempt("run", attempt.read, position, position, epoch, (), None, ())
        yield self.put(fenced, number, after)

    def fenced(self, state, number):
        every = self.broken == "fence without limit"
        return state._replace(outside=frozenset(
            one._replace(state="aborted")
            if one.state == "prepared" and (every or one.name[0] < number) else one
            for one in state.outside))

    def commit(self, state, number, attempt, claim, after):
        """One transaction of a claim becomes visible, or, when all are, DONE."""
        for name in claim.names:
            one = next(one for one in state.outside if one.name == name)
            if one.state == "aborted":
                raise Broken(f"loss: epoch {claim.epoch} is claimed, {name} is aborted")
            if one.state == "prepared":
                outside = state.outside - {one} | {one._replace(state="committed")}
                effects = state.effects + ((one.first, one.end),)
                return state._replace(outside=outside, effects=effects)
        return self.append(state, number, attempt, ("DONE", claim.epoch), after)

    def run(self, state, number, attempt):
        if attempt.at < self.records:
            yield self.put(state, number, attempt._replace(at=attempt.at + 1))
        if attempt.sealing is None and (attempt.at > attempt.first or attempt.held):
            yield self.prepare(state, number, attempt)
        if attempt.sealing is not None:
            if attempt.epoch <= self.records:
                yield self.give_up(state, number, attempt)
            if not attempt.claims or self.broken == "claim before the last is done":
                claim = Claim(*attempt.sealing, attempt.held)
                after = attempt._replace(
                    held=(), sealing=None, claims=attempt.claims + (claim,))
                if self.broken == "commit before the claim":
                    state = self.visible(state, claim)
                yield self.append(state, number, attempt, claim, after)
        if attempt.claims:
            after = attempt._replace(claims=attempt.claims[1:])
            yield self.commit(state, number, attempt, attempt.claims[0], after)
        is_over = attempt.at == self.records == attempt.first
        if is_over and not (attempt.held or attempt.sealing or attempt.claims):
            yield self.put(state, number, FRESH._replace(does="end"))

    def visible(self, state, claim):
        for one in sorted(state.outside):
            if one.name in claim.names and one.state == "prepared":
                outside = state.outside - {one} | {one._replace(state="committed")}
                state = state._replace(
                    outside=outside, effects=state.effects + ((one.first, one.end),))
        return state

    def prepare(self, state, number, attempt):
        epoch, held = attempt.epoch + 1, attempt.held
        if attempt.at > attempt.first:
            one = Transaction((number, epoch), "prepared", attempt.first, attempt.at)
            state = state._replace(outside=state.outside | {one})
            held += (one.name,)
        after = attempt._replace(
            first=attempt.at, epoch=epoch, held=held, sealing=(epoch, attempt.at))
        return self.put(state, number, after)

    def give_up(self, state, number, attempt):
        after = attempt._replace(sealing=None)
        if self.broken == "abort what is given up":
            outside = frozenset(
                one._replace(state="aborted") if one.name in attempt.held else one
                for one in state.outside)
            state, after = state._replace(outside=outside), after._replace(held=())
        if self.broken == "hold and write again" and attempt.held:
            last = next(one for one in state.outside if one.name == attempt.held[-1])
            after = after._replace(first=last.first)
        return self.put(state, number, after)

    def check(self, before, after):
        seen = sorted(record for first, end in after.effects for record in range(first, end))
        if len(seen) != len(set(seen)):
            raise Broken(f"twice: {after.effects}")
        if seen != list(range(len(seen))) and self.broken != "claim before the last is done":
            raise Broken(f"gap: {after.effects}")
        if len(after.log) > len(before.log) and after.log[-1][0] == "DONE":
            done = next(claim for claim in claims(after.log) if claim.epoch == after.log[-1][1])
            if not set(range(done.position)) <= set(seen):
                raise Broken(f"loss: epoch {done.epoch} is done without all of its records")
        if any(one and one.does == "end" for one in after.attempts):
            if seen != list(range(self.records)):
                raise Broken(f"loss: the end with {seen}")


def run(records=2, attempts=2, broken=None):
    sink = Sink(records, attempts, broken)
    return search(sink.start(), sink.steps, sink.check)


verdicts = Verdicts()
verdicts.holds("epochs: three records, two attempts", run(records=3))
verdicts.holds("epochs: one record, three attempts", run(records=1, attempts=3))
for mutant, expected, shape in [
        ("commit before the claim", "gap", {}),
        ("abort what is given up", "loss", {}),
        ("hold and write again", "twice", {}),
        ("claim before the last is done", "loss", {}),
        ("fence before the commit", "loss", {}),
        ("fence without limit", "loss", {"attempts": 3})]:
    verdicts.caught("epochs: " + mutant, expected, run(broken=mutant, **shape))
verdicts.leave()
