#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""When is a block free again? The rules of arena.c, at random, one atomic action at a time.

    block_count.py [SEEDS [STEPS]]

A graph of five tasks runs as if each had a thread of its own: a step is a generator that yields
wherever another thread could come in between, and a scheduler picks who goes on. The rules:

  open      a port that opens a block draws BIAS counts and keeps the rest of them for itself
  place     each run of records gets one count: from the port's own rest where it is the open
            block, from the shared counter otherwise; changes are gathered and netted
  give up   a run's count goes when its last record is done
  settle    what was gathered is applied, additions first; also when the table is full
  publish   only now can the consumers see the records
  advance   only now can the producer use the slots again
  leave     a block that was filled gives the rest of its bias back after publish

Every record remembers which life of its block it was written in. A record that can be read while
its block is free or has a new life is an early free; a block that is in use when all is over is a
leak. Each mutant breaks one rule and must be caught."""
import random
import sys

BIAS = 1000
RECORDS = 7  # in a block
TABLE = 3    # entries for netting
LANE = 6     # slots


class Broken(Exception):
    pass


class Block:
    def __init__(self, quota):
        self.refs, self.life, self.free, self.quota = 0, 0, True, quota


class Record:
    """In a block, written in one of its lives."""

    def __init__(self, block):
        self.block, self.life = block, block.life

    def read(self):
        if self.block.free or self.block.life != self.life:
            raise Broken("a record that can be read lies in a block that was freed")


def subtract(block, n):
    block.refs -= n
    if block.refs < 0 or block.free:
        raise Broken("a count fell below zero")
    if block.refs == 0:
        block.free = True
        block.quota.append(block)


def add(block, n):
    if block.free or block.refs == 0:
        raise Broken("a count rose from zero")
    block.refs += n


class Lane:
    """slots: [record, ends its run]; `tail` of them can be seen, the first `done` are given up."""

    def __init__(self):
        self.slots, self.tail, self.done = [], 0, 0

    def room(self):
        return LANE - len(self.slots)


class Port:
    def __init__(self, blocks, *lanes):
        self.quota, self.lanes = [], lanes
        self.quota.extend(Block(self.quota) for _ in range(blocks))
        self.block, self.bias, self.filled, self.moved = None, 0, 0, []
        self.scratch = []

    def write(self):
        """A new record, or None where there is no block."""
        if self.block is None or self.filled == RECORDS:
            if not self.quota:
                return None
            self.moved.append((self.block, self.bias, self.filled))
            self.block = self.quota.pop()
            self.block.free, self.block.refs = False, BIAS
            self.block.life += 1
            self.bias, self.filled = BIAS, 0
        self.filled += 1
        return Record(self.block)

    def forget(self, filled):
        """The call failed: as if it had not been."""
        for block, bias, _ in reversed(self.moved[1:]):
            subtract(block, bias)
        if self.moved:
            subtract(self.block, self.bias)
            self.block, self.bias, self.filled = self.moved[0]
        else:
            self.filled = filled
        self.moved = []

    def leave(self, mutant):
        for block, bias, _ in self.moved:
            if block:
                subtract(block, BIAS if mutant == "leave with the whole bias" else bias)
        self.moved = []


class Task:
    def __init__(self, world, inputs, port, habit):
        self.world, self.inputs, self.port, self.habit, self.table = world, inputs, port, habit, {}

    # ---- counting ----

    def net(self, block, change):
        key = (block, change > 0 and self.world.mutant == "subtract first, without netting")
        if key not in self.table and len(self.table) == TABLE:
            yield from self.settle()
        self.table[key] = self.table.get(key, 0) + change

    def settle(self):
        changes, self.table = sorted(self.table.items(), key=lambda entry: -entry[1]), {}
        if self.world.mutant == "subtract first, without netting":
            changes.reverse()
        for (block, _), change in changes:
            if change == 0:
                continue
            yield
            if self.port and block is self.port.block and self.world.mutant != "pay twice":
                self.port.bias -= change
                continue
            if self.port and block is self.port.block:
                self.port.bias -= change
            if change > 0:
                add(block, change)
            else:
                subtract(block, -change)

    # ---- one step ----

    def place(self, written):
        """Moves what was written to the lanes as far as there is room; the rest is held."""
        port, mutant = self.port, self.world.mutant
        port.scratch += [[record, True] for record in written]
        if mutant != "hold nothing in scratch":
            for i, entry in enumerate(port.scratch[len(port.scratch) - len(written):]):
                yield from self.net(entry[0].block, +1)
        moved = 0
        begun = {lane: len(lane.slots) for lane in port.lanes}
        for record, _ in port.scratch:
            lane = self.world.random.choice(port.lanes)
            targets = port.lanes if self.habit == "broadcast" else (lane,)
            if any(target.room() == 0 for target in targets):
                break
            for target in targets:
                target.slots.append([record, False])
            moved += 1
        for lane in port.lanes:
            fresh = lane.slots[begun[lane]:]
            for i, slot in enumerate(fresh):
                last = i + 1 == len(fresh)
                if last or fresh[i + 1][0].block is not slot[0].block:
                    slot[1] = not (last and mutant == "no mark on the last run")
                    yield from self.net(slot[0].block, +1)
        for record, _ in port.scratch[:moved]:
            if mutant != "hold nothing in scratch":
                yield from self.net(record.block, -1)
        del port.scratch[:moved]

    def publish(self):
        for lane in self.port.lanes:
            yield
            lane.tail = len(lane.slots)
        self.port.leave(self.world.mutant)

    def give_up(self, lane, count):
        for i, (record, last) in enumerate(lane.slots[:count]):
            if self.world.mutant == "give up with the batch":
                last = i + 1 == count or lane.slots[i + 1][0].block is not record.block
            lane.done = i + 1
            if last:
                yield from self.net(record.block, -1)
        lane.done = count

    def output(self, batch):
        """What a call does with its input: how many it consumed, what it wrote."""
        world, written = self.world, []
        if not self.inputs:
            fresh = [self.port.write() for _ in range(world.random.randint(0, 6))]
            return 0, [record for record in fresh if record]
        stop = world.random.randint(0, len(batch)) if world.random.random() < .2 else len(batch)
        for at, record in enumerate(batch[:stop]):
            record.read()
            what = world.random.choice(("drop", "share", "share", "copy"))
            if self.port and what == "share":
                written.append(record)
            if self.port and what == "copy":
                copy = self.port.write()
                if copy is None:
                    return at, written
                written.append(copy)
        return stop, written

    def step(self):
        world, port = self.world, self.port
        if port and port.scratch:  # what waits goes first, and nothing else meanwhile
            yield from self.place([])
            yield from self.settle()
            yield from self.publish()
            return
        lane = world.random.choice(self.inputs) if self.inputs else None
        count = world.random.randint(0, min(lane.tail, 9)) if lane else 0
        batch = [record for record, _ in lane.slots[:count]] if lane else []
        yield
        filled = port.filled if port else 0
        done, written = self.output(batch)
        yield
        for record in batch:
            record.read()
        if world.random.random() < .05:
            if port:
                port.forget(filled)
            return
        order = [lambda: self.place(written) if port else (), self.settle_mutant]
        order.append(lambda: self.give_up(lane, done) if lane else ())
        if world.mutant == "give up before place":
            order = [order[2], self.settle_mutant, order[0]]
        tail = [self.settle, lambda: self.publish() if port else ()]
        if world.mutant == "publish before the count":
            tail.reverse()
        for part in order + tail:
            yield from part()
        if lane:  # advance
            yield
            del lane.slots[:done]
            lane.tail -= done
            lane.done = 0

    def settle_mutant(self):
        """A subtraction reaches the counter although an addition follows."""
        if self.world.mutant == "give up before place":
            yield from self.settle()


class World:
    def __init__(self, seed, mutant):
        self.random, self.mutant = random.Random(seed), mutant
        lanes = [Lane() for _ in range(7)]
        self.lanes = lanes
        self.ports = [Port(2, lanes[0]), Port(2, lanes[1]), Port(2, lanes[2], lanes[3]),
                      Port(3, lanes[4], lanes[5])]
        self.tasks = [
            Task(self, [], self.ports[0], "one"),
            Task(self, [lanes[0]], self.ports[1], "one"),
            Task(self, [lanes[1]], self.ports[2], "broadcast"),
            Task(self, [lanes[2], lanes[3]], self.ports[3], "scatter"),
            Task(self, [lanes[4]], None, "sink"),
            Task(self, [lanes[5]], None, "sink"),
        ]
        self.running = {}

    def check(self):
        for lane in self.lanes:
            for record, _ in lane.slots[lane.done:]:
                record.read()
        for port in self.ports:
            for record, _ in port.scratch:
                record.read()

    def go_on(self, tasks):
        task = self.random.choice(tasks)
        if task not in self.running:
            self.running[task] = task.step()
        try:
            next(self.running[task])
        except StopIteration:
            del self.running[task]
        self.check()

    def run(self, steps):
        for _ in range(steps):
            self.go_on(self.tasks)
        for _ in range(40 * steps):  # no new records: everything drains
            if not (self.running or any(lane.slots for lane in self.lanes)
                    or any(port.scratch for port in self.ports)):
                break
            self.go_on([t for t in self.tasks if t.inputs or t in self.running or
                        (t.port and t.port.scratch)])
        else:
            raise Broken("something waits for ever")
        for port in self.ports:
            if port.block:
                subtract(port.block, port.bias)
        used = 2 + 2 + 2 + 3 - sum(len(port.quota) for port in self.ports)
        if used:
            raise Broken("%d blocks are in use for ever" % used)


MUTANTS = (
    "subtract first, without netting", "give up before place", "no mark on the last run",
    "give up with the batch", "publish before the count", "leave with the whole bias",
    "pay twice", "hold nothing in scratch",
)


def main():
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    steps = int(sys.argv[2]) if len(sys.argv) > 2 else 4000
    for seed in range(seeds):
        World(seed, None).run(steps)
    print("block_count: %d seeds of %d actions: no early free, no leak" % (seeds, steps))
    missed = 0
    for mutant in MUTANTS:
        found = None
        for seed in range(seeds):
            try:
                World(seed, mutant).run(steps)
            except Broken as reason:
                found = str(reason)
                break
        print("block_count: mutant '%s': %s" % (mutant, found or "NOT CAUGHT"))
        missed += found is None
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
