# SPDX-License-Identifier: Apache-2.0
"""How long nothing comes out after a kill: from SIGKILL to the next line that `stdout` writes.

usage: python3 Benchmarks/recovery.py FOLDER [--kills 100]

`executor` kills the process that all operators share, `isolated` that of an operator with a process
of its own; the state is small. A run gets ten kills, then comes the next. What was in the pipe is
read before: a line counts once the pipe has been empty for 5 ms after the kill.
"""

import argparse
import os
import pathlib
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import time

LINES = {
    "executor": ["pass"],
    "isolated": ["pass", "isolation=process"],
}


def executors(pid):
    """Its executors in the order of their numbers: the shared one comes first."""
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        for child in pathlib.Path(f"/proc/{pid}/task/{task}/children").read_text().split():
            try:
                words = pathlib.Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if len(words) > 1 and words[1] == b"executor":
                found.append(int(child))
    return sorted(found)


def drain(pipe, seconds):
    """Reads until nothing has come for so long."""
    while select.select([pipe], [], [], seconds)[0]:
        if not os.read(pipe, 1 << 16):
            sys.exit("the run ended")


def one_kill(process, number):
    pipe = process.stdout.fileno()
    until = time.monotonic() + 0.25
    while time.monotonic() < until:
        os.read(pipe, 1 << 16)
    victim = executors(process.pid)[number]
    begin = time.monotonic()
    os.kill(victim, signal.SIGKILL)
    drain(pipe, 0.005)
    select.select([pipe], [], [], 60)
    return time.monotonic() - begin


def measure(millrace, name, kills):
    """Seconds of silence after each kill."""
    silences = []
    while len(silences) < kills:
        with tempfile.TemporaryDirectory() as folder:
            process = subprocess.Popen(
                [str(millrace), "run", "-q", "--state-dir", f"{folder}/state", "generate",
                 "rate=10k/s", "!", "[queue=1024]", *LINES[name], "!", "[queue=1024]", "stdout"],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            try:
                os.read(process.stdout.fileno(), 1)
                for _ in range(min(10, kills - len(silences))):
                    silences.append(one_kill(process, 1 if name == "isolated" else 0))
            finally:
                process.kill()
                process.wait()
    return silences


def summary(silences):
    """What scripts/bench keeps of them."""
    ordered = sorted(silences)
    last = ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
    return {"kills": len(ordered), "median_seconds": statistics.median(ordered),
            "p99_seconds": last}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--kills", type=int, default=100)
    options = parser.parse_args()
    for name in LINES:
        found = summary(measure(pathlib.Path(options.folder) / "millrace", name, options.kills))
        print(f"{name}: {found['kills']} kills, silence {found['median_seconds'] * 1e3:.0f} ms "
              f"median, {found['p99_seconds'] * 1e3:.0f} ms p99")


if __name__ == "__main__":
    main()
