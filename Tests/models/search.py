# SPDX-License-Identifier: Apache-2.0
"""Every order of events, breadth first: what the models of the protocols are searched with."""
import sys
from collections import deque


class Broken(Exception):
    """What must hold does not; raised by a model while it steps."""


def search(start, steps, check=lambda before, after: None, is_stuck=lambda state: False):
    """Walks all states. `steps` gives the states behind one, `check` looks at each step, and a
    state without any is a deadlock if `is_stuck` says so. Returns the number of states and what
    broke, or None."""
    seen, waiting = {start}, deque([start])
    while waiting:
        state = waiting.popleft()
        try:
            behind = list(steps(state))
            for after in behind:
                check(state, after)
        except Broken as broken:
            return len(seen), str(broken)
        if not behind and is_stuck(state):
            return len(seen), "deadlock"
        for after in behind:
            if after not in seen:
                seen.add(after)
                waiting.append(after)
    return len(seen), None


class Verdicts:
    """Prints a line for each search, and remembers whether one was not as expected."""

    def __init__(self):
        self.wrong = 0

    def line(self, name, found, is_right):
        states, broken = found
        self.wrong += not is_right
        print(f"{'ok ' if is_right else 'BAD'} {name:62} {states:7} states, {broken or 'holds'}",
              flush=True)

    def holds(self, name, found):
        self.line(name, found, found[1] is None)

    def caught(self, name, expected, found):
        self.line("mutant: " + name, found, found[1] is not None and found[1].startswith(expected))

    def leave(self):
        sys.exit(1 if self.wrong else 0)


def changed(values, at, value):
    return values[:at] + (value,) + values[at + 1:]
