#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Why every pair of tasks has a lane of its own. A diamond: P to A and B, both to T.

P chooses for each record whether A or B gets it, and sends one barrier to both in one step. A and B
pass on what they get. T reads nothing more of one of them once its barrier has come, until that of
the other has come too. A barrier always finds room, a record may have to wait.

With a lane from A and one from B, T can always go on. With one queue for both, what T may not read
yet lies before the barrier that it waits for; setting some items aside only moves that point."""
from collections import namedtuple

from search import Verdicts, changed, search

# Records that P has left, whether its barrier is sent, where its next record goes; the lanes to A
# and B; the queues into T of (from, item); from whom T has the barrier; what T has set aside
State = namedtuple("State", "left sent choice lanes queues blocked aside")


class Diamond:
    def __init__(self, room=1, records=4, shared=False, aside=0):
        self.room, self.records, self.shared, self.side = room, records, shared, aside

    def start(self):
        return State(self.records, False, None, ((), ()), ((), ()), frozenset(), ())

    @staticmethod
    def is_full(items, room):
        return sum(item != "barrier" for item in items) >= room

    def steps(self, state):
        yield from self.producer(state)
        for middle in 0, 1:
            yield from self.middle(state, middle)
        yield from self.sink(state)

    def producer(self, state):
        if state.choice is not None:
            lane = state.lanes[state.choice]
            if not self.is_full(lane, self.room):
                lanes = changed(state.lanes, state.choice, lane + ("record",))
                yield state._replace(left=state.left - 1, choice=None, lanes=lanes)
            return
        if state.left:
            for target in 0, 1:
                yield state._replace(choice=target)
        if not state.sent:
            lanes = tuple(lane + ("barrier",) for lane in state.lanes)
            yield state._replace(sent=True, lanes=lanes)

    def middle(self, state, at):
        if not state.lanes[at]:
            return
        item, queue = state.lanes[at][0], 0 if self.shared else at
        items = [item for _, item in state.queues[queue]]
        if item == "barrier" or not self.is_full(items, self.room):
            yield state._replace(
                lanes=changed(state.lanes, at, state.lanes[at][1:]),
                queues=changed(state.queues, queue, state.queues[queue] + ((at, item),)))

    def sink(self, state):
        for queue in 0, 1:
            if not state.queues[queue]:
                continue
            (origin, item), rest = state.queues[queue][0], state.queues[queue][1:]
            taken = state._replace(queues=changed(state.queues, queue, rest))
            if origin not in state.blocked:
                yield self.read(taken, origin, item)
            elif self.shared and len(state.aside) < self.side:
                yield taken._replace(aside=state.aside + ((origin, item),))
        if state.aside and state.aside[0][0] not in state.blocked:
            (origin, item), rest = state.aside[0], state.aside[1:]
            yield self.read(state._replace(aside=rest), origin, item)

    @staticmethod
    def read(state, origin, item):
        if item != "barrier":
            return state
        blocked = state.blocked | {origin}
        return state._replace(blocked=frozenset() if len(blocked) == 2 else blocked)

    @staticmethod
    def is_stuck(state):
        return bool(state.left or not state.sent or any(state.lanes) or any(state.queues)
                    or state.aside)


def run(**shape):
    diamond = Diamond(**shape)
    return search(diamond.start(), diamond.steps, is_stuck=diamond.is_stuck)


verdicts = Verdicts()
verdicts.holds("alignment: a lane for each pair", run())
verdicts.holds("alignment: lanes of two, eight records", run(room=2, records=8))
verdicts.caught("alignment: one queue", "deadlock", run(shared=True))
verdicts.caught("alignment: one queue, one item aside", "deadlock", run(shared=True, aside=1))
verdicts.caught("alignment: one queue of four", "deadlock", run(room=4, records=10, shared=True))
verdicts.leave()
