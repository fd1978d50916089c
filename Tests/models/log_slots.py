#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The decision log over a store that can only create a file if it is absent.

An old writer wants one record, A, in the log. A new one reads the log, takes it over with a record
of its own, T, goes on with a B, writes a snapshot and deletes the slots that it covers. What the old
one has sent may arrive late, twice or never, and answers may be lost.

What must hold for every later reader, who reads the snapshot and then the slots behind it:
  mine     when the old writer has concluded that its record is in the log, the reader finds it
  gone     when it has concluded that it is not, the reader never finds it
  behind   nothing of the old writer stands behind T
A writer that finds its slot covered by a snapshot concludes nothing, and ends."""
from collections import namedtuple

from search import Broken, Verdicts, changed, search

SLOTS = 4
UNDER_WAY = 2

# slots; how many of them the snapshot covers and what it says; requests under way (slot, record);
# the old writer: what it does, its slot, its record; the new one: what it does, how far
State = namedtuple("State", "slots base snapshot sent old new")
Old = namedtuple("Old", "does slot record")
START = State((None,) * SLOTS, 0, (), (), Old("send", 0, "A"), ("read", 0))


class Log:
    def __init__(self, broken=None):
        self.broken = broken

    @staticmethod
    def read(state):
        found = list(state.snapshot)
        for record in state.slots[state.base:]:
            if record is None:
                break
            found.append(record)
        return found

    def steps(self, state):
        yield from self.store(state)
        yield from self.old(state)
        yield from self.new(state)

    def store(self, state):
        for at, (slot, record) in enumerate(state.sent):
            rest = state.sent[:at] + state.sent[at + 1:]
            yield state._replace(sent=rest)
            was = state.slots[slot]
            slots = state.slots if was else changed(state.slots, slot, record)
            after = state._replace(slots=slots, sent=rest)
            yield after
            old = state.old
            if old.does == "wait" and (slot, record) == (old.slot, old.record):
                yield after._replace(old=self.concluded(state, was, slots[slot]))

    def concluded(self, state, was, holds):
        """The answer has come: the slot held `was` and now holds a record."""
        old = state.old
        if state.old.slot < state.base and self.broken != "no look at the snapshot":
            return old._replace(does="stale")
        if holds == "A" and not (was and self.broken == "no nonce"):
            return old._replace(does="mine")
        if old.record == "A" and self.broken == "next slot unread":
            if old.slot + 1 < SLOTS:
                return Old("send", old.slot + 1, "A")
            return old._replace(does="stale")
        return old._replace(does="gone")

    def old(self, state):
        old = state.old
        if old.does == "send" and len(state.sent) < UNDER_WAY:
            sent = state.sent + ((old.slot, old.record),)
            yield state._replace(sent=sent, old=old._replace(does="wait"))
        if old.does == "wait":
            yield state._replace(old=old._replace(does="unsure"))
        if old.does == "unsure":
            yield state._replace(old=old._replace(does="send"))
            if old.record == "A":
                yield state._replace(old=old._replace(does="send", record="noop"))
            if self.broken == "empty slot taken for proof" and not state.slots[old.slot]:
                yield state._replace(old=old._replace(does="gone"))

    def new(self, state):
        does, far = state.new
        if does == "read":
            end = len(self.read(state))
            if end < SLOTS:
                yield state._replace(slots=changed(state.slots, end, "T"), new=("go on", end + 1))
        elif does == "go on":
            if far < SLOTS and not state.slots[far]:
                slots = changed(state.slots, far, "B")
                yield state._replace(slots=slots, new=("snapshot", far + 1))
        elif does == "snapshot":
            stands = state._replace(base=far, snapshot=state.slots[:far], new=("delete", 0))
            if self.broken == "deleted before the snapshot stands":
                empty = (None,) * far + state.slots[far:]
                yield state._replace(slots=empty, new=("end", far))
            else:
                yield stands
        elif does == "delete" and far < state.base:
            yield state._replace(slots=changed(state.slots, far, None), new=("delete", far + 1))

    def check(self, before, after):
        found = self.read(after)
        if after.old.does == "mine" and "A" not in found:
            raise Broken(f"mine: a reader finds {found}")
        if after.old.does == "gone" and "A" in found:
            raise Broken(f"gone: a reader finds {found}")
        if "T" in found and "A" in found[found.index("T"):]:
            raise Broken(f"behind: a reader finds {found}")


def run(broken=None):
    log = Log(broken)
    return search(START, log.steps, log.check)


verdicts = Verdicts()
verdicts.holds("log: the same bytes again, noop to abandon", run())
for mutant, expected in {
    "empty slot taken for proof": "gone", "no nonce": "gone", "no look at the snapshot": "mine",
    "next slot unread": "behind", "deleted before the snapshot stands": "",
}.items():
    verdicts.caught("log: " + mutant, expected, run(mutant))
verdicts.leave()
