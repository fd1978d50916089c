#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who may take a free block? Every order of events in small graphs that align barriers.

A task with several inputs stops reading a lane that showed a barrier until the others have shown
it. While it does, the records in that lane keep their blocks. If those were the blocks another
task needs to send *its* barrier's predecessors, nobody would ever go on: so each port has blocks
that no other can take. The search finds whether a graph can get stuck.

  cell of a lane    BARRIER, or (writer, number of its block)
  a block is used   while a record in any lane lies in it, or while its writer fills it
  forwarding        moves the cell on: it stays charged to who wrote it
  a task            chooses where the next record goes and is then stuck with that until there is a
                    slot, and a block if it has to write. Barriers go to all lanes in one step and
                    need no slot. Sinks take whatever they may read.

The rule: `own` blocks for each task, and `common` ones for whoever comes first. Mutants: nothing
of one's own; a barrier that goes lane by lane into ordinary slots, with records in between."""
import random
import sys
from collections import deque

BARRIER = "b"
SHAPES = {
    "diamond": "PA PB AT BT",
    "two sources": "PA QB AT BT",
    "shuffle": "PA PB QA QB AT BT",
    "braid": "PA PT AT",
}


class Graph:
    def __init__(self, shape):
        self.lanes = [tuple(pair) for pair in shape.split()]
        self.names = sorted({name for lane in self.lanes for name in lane})
        self.into = {n: [i for i, l in enumerate(self.lanes) if l[1] == n] for n in self.names}
        self.outof = {n: [i for i, l in enumerate(self.lanes) if l[0] == n] for n in self.names}


def changed(values, at, value):
    return values[:at] + (value,) + values[at + 1:]


class Search:
    """State: per task (records left, records written, barrier sent, choice), per lane (cells,
    closed). The choice is (from lane or None, to lane)."""

    def __init__(self, graph, own, common, forwards="", slots=1, records=3, per_block=1,
                 barrier_by_lane=False, limit=0):
        self.__dict__.update(locals())
        del self.__dict__["self"]

    def start(self):
        tasks = tuple((0 if self.graph.into[n] else self.records, 0, False, None)
                      for n in self.graph.names)
        return tasks, ((((), False),) * len(self.graph.lanes)), frozenset()

    def used(self, state, name):
        tasks, lanes, _ = state
        at = self.graph.names.index(name)
        blocks = {cell[1] for cells, _ in lanes for cell in cells
                  if cell != BARRIER and cell[0] == name}
        if tasks[at][1] % self.per_block:
            blocks.add(tasks[at][1] // self.per_block)
        return len(blocks)

    def may_write(self, state, name, written):
        if written % self.per_block or self.used(state, name) < self.own:
            return True
        borrowed = sum(max(0, self.used(state, n) - self.own)
                       for n in self.graph.names if self.graph.outof[n])
        return borrowed < self.common

    def has_slot(self, cells):
        return sum(cell != BARRIER for cell in cells) < self.slots

    def put(self, lanes, at, cell):
        return changed(lanes, at, (lanes[at][0] + (cell,), lanes[at][1]))

    def take(self, lanes, at):
        return changed(lanes, at, (lanes[at][0][1:], lanes[at][1]))

    def fulfil(self, state, at, name, task):
        """The choice is made; can it be carried out?"""
        tasks, lanes, owing = state
        left, written, sent, (source, target) = task
        if not self.has_slot(lanes[target][0]):
            return
        copies = source is None or name not in self.forwards
        if copies and not self.may_write(state, name, written):
            return
        cell = (name, written // self.per_block) if copies else lanes[source][0][0]
        after = (left - (source is None), written + copies, sent, None)
        moved = lanes if source is None else self.take(lanes, source)
        yield changed(tasks, at, after), self.put(moved, target, cell), owing

    def send_barrier(self, tasks, lanes, owing, at, name):
        """To all lanes at once, or, as a mutant, one by one with records in between."""
        done = changed(tasks, at, tasks[at][:2] + (True, None))
        if self.barrier_by_lane:
            return done, lanes, owing | {(name, lane) for lane in self.graph.outof[name]}
        for lane in self.graph.outof[name]:
            lanes = self.put(lanes, lane, BARRIER)
        return done, lanes, owing

    def read(self, state, at, name, task):
        tasks, lanes, owing = state
        for lane in self.graph.into[name]:
            cells, closed = lanes[lane]
            if closed or not cells:
                continue
            if cells[0] != BARRIER:
                if self.graph.outof[name]:
                    for target in self.graph.outof[name]:
                        yield changed(tasks, at, task[:3] + ((lane, target),)), lanes, owing
                else:
                    yield tasks, self.take(lanes, lane), owing
                continue
            now = changed(lanes, lane, (cells[1:], True))
            if all(now[i][1] for i in self.graph.into[name]):
                for i in self.graph.into[name]:
                    now = changed(now, i, (now[i][0], False))
                yield self.send_barrier(tasks, now, owing, at, name)
            else:
                yield tasks, now, owing

    def next(self, state):
        tasks, lanes, owing = state
        for name, lane in owing:
            if tasks[self.graph.names.index(name)][3] is None and self.has_slot(lanes[lane][0]):
                yield tasks, self.put(lanes, lane, BARRIER), owing - {(name, lane)}
        for at, name in enumerate(self.graph.names):
            task = tasks[at]
            if task[3] is not None:
                yield from self.fulfil(state, at, name, task)
            elif not self.graph.into[name]:
                if task[0]:
                    owed = {lane for _, lane in owing}
                    for target in self.graph.outof[name]:
                        if target not in owed:
                            yield changed(tasks, at, task[:3] + ((None, target),)), lanes, owing
                if not task[2]:
                    yield self.send_barrier(tasks, lanes, owing, at, name)
            else:
                yield from self.read(state, at, name, task)

    def over(self, state):
        tasks, lanes, owing = state
        return (not owing and all(t[2] and not t[0] and t[3] is None for t in tasks)
                and not any(cells for cells, _ in lanes))

    def run(self):
        """Number of states, and whether one of them is stuck."""
        first = self.start()
        seen, waiting = {first}, deque([first])
        while waiting:
            state = waiting.popleft()
            following = list(self.next(state))
            if not following and not self.over(state):
                return len(seen), True
            for other in following:
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)
            if self.limit and len(seen) > self.limit:
                break
        return len(seen), False


FAILED = []


def expect(stuck, title, shape, own, common, **how):
    states, found = Search(Graph(SHAPES.get(shape, shape)), own, common, **how).run()
    good = found == stuck
    print("quota: %s %-58s %6d states, %s" % (
        "ok " if good else "BAD", title, states, "stuck" if found else "never stuck"))
    if not good:
        FAILED.append(title)


def random_shapes(count, seed):
    rng = random.Random(seed)
    while count:
        size = rng.choice((3, 4, 5))
        pairs = ["ABCDE"[a] + "ABCDE"[b] for b in range(1, size) for a in range(b)
                 if rng.random() < .6]
        if 2 <= len(pairs) <= 6 and len(set("".join(pairs))) == size:
            count -= 1
            yield " ".join(pairs), dict(
                forwards="".join(n for n in "ABCDE" if rng.random() < .5),
                slots=rng.choice((1, 2)), records=2, per_block=rng.choice((1, 2)), limit=6000)


def main():
    for shape in SHAPES:
        records = 2 if shape == "shuffle" else 3
        expect(False, shape + ": one block each", shape, 1, 0, records=records)
        expect(False, shape + ": one each, A forwards", shape, 1, 0, forwards="A",
               records=records)
        expect(False, shape + ": one each and one in common, all forward", shape, 1, 1,
               forwards="AB", records=2)
        expect(False, shape + ": two records in a block, A forwards", shape, 1, 0, forwards="A",
               records=2, per_block=2)
    for shape in ("diamond", "two sources", "shuffle"):
        expect(True, "MUTANT " + shape + ": two blocks in common only", shape, 0, 2)
    expect(True, "MUTANT diamond: four in common, lanes of four", "diamond", 0, 4, slots=4,
           records=6)
    expect(True, "MUTANT diamond: barriers lane by lane, records in between", "diamond", 1, 0,
           barrier_by_lane=True)
    stuck, stuck_in_common = 0, 0
    shapes = list(random_shapes(30, 7))
    for shape, how in shapes:
        stuck += Search(Graph(shape), 1, 1, **how).run()[1]
        stuck_in_common += Search(Graph(shape), 0, 2, **how).run()[1]
    good = stuck == 0 and stuck_in_common > len(shapes) // 5
    print("quota: %s %d random graphs: %d stuck; MUTANT all in common: %d stuck" % (
        "ok " if good else "BAD", len(shapes), stuck, stuck_in_common))
    return 1 if FAILED or not good else 0


if __name__ == "__main__":
    sys.exit(main())
