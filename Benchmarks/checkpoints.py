# SPDX-License-Identifier: Apache-2.0
"""What checkpoints cost: the same run with a checkpoint each second and without, in turn.

usage: python3 Benchmarks/checkpoints.py FOLDER [--rounds 3] [--for 6]

`plain` moves records through one lane, `keyed` counts them by key in an operator that saves its
state, `dedupe` keeps its state with the host, `file` copies lines into a file. Rates are of whole
runs, start and end left out: records of the last report over its time. `private` is a run that
names no folder, `kept` one with a state directory, which lies beside the results, on a disk; each
beside a topology that asks for at_most_once.
"""

import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
SHAPES = {
    "plain": ["generate", "value=hello", "!", "[queue=1024]", "pass", "!", "null"],
    "keyed": ["generate", "keys=1000", "!", "[partition=hash]", "count", "!", "null"],
    "dedupe": ["generate", "keys=100000", "!", "[partition=hash]", "dedupe", "!", "null"],
    "file": ["generate", "size=100", "!", "file.sink", f"path={BUILD / 'bench-out.txt'}"],
}
FOLDER = BUILD / "bench-state"
MODES = {"none": [], "private": [], "kept": ["--state-dir", str(FOLDER)]}


def topology(millrace, words, mode):
    """The file of a line; `none`: it asks for no checkpoints."""
    shown = subprocess.run([str(millrace), "show", *words], stdout=subprocess.PIPE, text=True,
                           check=True).stdout
    file = BUILD / "bench-checkpoints.yaml"
    file.write_text(shown + ("checkpoint: {guarantee: at_most_once}\n" if mode == "none" else ""))
    return file


def run(millrace, words, seconds, mode):
    """(records per second, p99 in seconds) of a run; None when it fails."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    done = subprocess.run([str(millrace), "run", "-q", "-o", "json", "--for", f"{seconds}s",
                           *MODES[mode], str(topology(millrace, words, mode))],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.DEVNULL)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        return None
    view = json.loads(lines[-1])
    last = view["nodes"][-1]
    return view["rates"]["in"], last.get("p99_seconds") or 0


def measure(millrace, keep, seconds):
    """One round of what the table of `make bench` has: `plain` and `keyed`, with and without."""
    for name in ("plain", "keyed"):
        for mode in ("none", "kept"):
            found = run(millrace, SHAPES[name], seconds, mode)
            keep(f"{name}-{mode}",
                 found and {"records_per_second": found[0], "p99_seconds": found[1]})
    clean_up()


def clean_up():
    shutil.rmtree(FOLDER, ignore_errors=True)
    for path in (BUILD / "bench-out.txt", BUILD / "bench-checkpoints.yaml"):
        path.unlink(missing_ok=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--for", dest="seconds", type=int, default=6)
    options = parser.parse_args()
    millrace = pathlib.Path(options.folder) / "millrace"
    BUILD.mkdir(exist_ok=True)
    for name, words in SHAPES.items():
        found = {mode: [] for mode in MODES}
        for _ in range(options.rounds):
            for mode in MODES:
                one = run(millrace, words, options.seconds, mode)
                if one is None:
                    sys.exit(f"{name} failed")
                found[mode].append(one)
        rate = {mode: statistics.median(one[0] for one in all) for mode, all in found.items()}
        tail = {mode: statistics.median(one[1] for one in all) for mode, all in found.items()}
        for mode in ("private", "kept"):
            print(f"{name}: {rate[mode] / rate['none']:.3f} × {mode}   "
                  f"{rate[mode] / 1e6:.1f} M/s beside {rate['none'] / 1e6:.1f} M/s, "
                  f"p99 {tail[mode] * 1e3:.2f} ms beside {tail['none'] * 1e3:.2f} ms", flush=True)
    clean_up()


if __name__ == "__main__":
    main()
