#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A large topology of bundled operators, and how long `check` takes for it.

usage: Benchmarks/large_topology.py [NODES] > large.yaml
       Benchmarks/large_topology.py [NODES] --measure .build/release/millrace [--rounds 21]

The time is of the whole process, the program's start and the look for plugins included; the least
of the rounds is the figure, because all else on the machine only adds to it.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time


def node(number):
    """Every kind of key, edge and parameter, in the styles that people use."""
    name, last, before = f"n{number}", f"n{number - 1}", f"n{number - 2}"
    kind = number % 5
    if kind == 0 and number > 5:
        return f'  {name}: {{use: "null", from: {last}}}\n'
    if kind == 1:
        # The node before is a sink: read from the one before that.
        read = before if number > 6 else last
        return f"  {name}:\n    use: pass\n    from: {read}\n    output_memory: 128KiB\n"
    if kind == 2:
        return (f"  {name}:\n    use: filter\n    from: {last}\n    with:\n"
                f'      where: amount > {number} and region in ["eu", "us"]\n'
                f"      missing: drop\n")
    if kind == 3:
        return (f"  {name}:\n    use: pass\n    description: Brings equal customers together.\n"
                f"    from: {{node: {last}, partition: hash, key: [customer.id, region], "
                f"queue: 256}}\n    parallelism: 2\n")
    return f"  {name}: {{use: pass, from: [{last}, {before}]}}\n"


def topology(count):
    head = "millrace: 1\nname: large\narena: 4GiB\nnodes:\n  n0: {use: generate, with: {count: 5}}\n"
    return head + "".join(node(number) for number in range(1, count))


def measure(program, text, rounds):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(text)
        file.flush()
        times = []
        for _ in range(rounds):
            start = time.perf_counter()
            done = subprocess.run([program, "check", file.name], capture_output=True, text=True)
            times.append((time.perf_counter() - start) * 1000)
            if done.returncode:
                sys.exit(f"check found faults:\n{done.stdout[:2000]}")
    return min(times), statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("nodes", nargs="?", type=int, default=1000)
    parser.add_argument("--measure", metavar="MILLRACE")
    parser.add_argument("--rounds", type=int, default=21)
    options = parser.parse_args()
    text = topology(options.nodes)
    if options.measure is None:
        print(text, end="")
        return
    least, median = measure(options.measure, text, options.rounds)
    print(f"{options.nodes} nodes, {len(text)} bytes: least {least:.1f} ms, median {median:.1f} ms")


if __name__ == "__main__":
    main()
