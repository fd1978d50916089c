# SPDX-License-Identifier: Apache-2.0
"""Files beside the tools that everybody has: lines beside `wc -l`, words beside awk and coreutils.

usage: python3 Benchmarks/files.py FOLDER [--rounds 5] [--size 1000000000]

The text is the same in every run: lines of 4 to 24 words, 82 bytes on average, and is read once
before anything is measured, so that it comes from the page cache. Times are those of whole
commands, start and end included. Rounds run in turn, and the medians of their rates are compared.
"""

import argparse
import os
import pathlib
import random
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINES, WORDS = 1_000_000_000, 50_000_000
VOCABULARY = ("the quick brown fox jumps over lazy dog stream record topology window batch value "
              "source sink lane arena block index").split()


def text(size):
    """A file of about `size` bytes, made when it is not there."""
    file = ROOT / "build" / f"text-{size}"
    if not file.exists():
        chance = random.Random(7)
        lines = [" ".join(chance.choices(VOCABULARY, k=chance.randint(4, 24)))
                 for _ in range(20_000)]
        block = ("\n".join(lines) + "\n").encode()
        file.parent.mkdir(exist_ok=True)
        with open(f"{file}.part", "wb") as part:
            for _ in range(0, size, len(block)):
                part.write(block)
        os.rename(f"{file}.part", file)
    with open(file, "rb") as whole:
        while whole.read(1 << 20):
            pass
    return file


def rate(words, file):
    """Bytes per second of a command, or of a line for the shell; None when it fails."""
    start = time.monotonic()
    done = subprocess.run(words, shell=isinstance(words, str), stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seconds = time.monotonic() - start
    return None if done.returncode else {"bytes_per_second": file.stat().st_size / seconds}


def commands(millrace, lines, words):
    """What to run on which file, by name."""
    def run(file, *more):
        return [str(millrace), "run", "-q", "file.source", f"path={file}", *more]

    count = "{for (i = 1; i <= NF; i++) n[$i]++} END {for (w in n) print n[w], w}"
    return {
        "files-wc": (["wc", "-l", str(lines)], lines),
        "files-lines": (run(lines, "!", "lines", "!", "null"), lines),
        "files-as-line": (run(lines, "as=line", "!", "null"), lines),
        "files-awk": (["awk", count, str(words)], words),
        "files-coreutils": (f"LC_ALL=C tr -s ' ' '\\n' < {words} | LC_ALL=C sort | uniq -c", words),
        "files-words": (run(words, "!", "words", "!", "count", "!", "null"), words),
    }


def measure(millrace, keep, lines=LINES, words=WORDS):
    """One round of everything."""
    for name, (command, file) in commands(millrace, text(lines), text(words)).items():
        keep(name, rate(command, file))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size", type=int, default=LINES)
    options = parser.parse_args()
    rates = {}

    def keep(name, result):
        if result is None:
            sys.exit(f"{name} failed")
        rates.setdefault(name, []).append(result["bytes_per_second"])

    for _ in range(options.rounds):
        measure(pathlib.Path(options.folder) / "millrace", keep, options.size, options.size // 20)
    middle = {name: statistics.median(values) for name, values in rates.items()}
    for above, below in [("lines", "wc"), ("as-line", "wc"), ("words", "awk"),
                         ("words", "coreutils")]:
        one, other = middle[f"files-{above}"], middle[f"files-{below}"]
        print(f"{above} / {below}: {one / other:.2f}   {one / 1e6:.0f} MB/s beside "
              f"{other / 1e6:.0f} MB/s")


if __name__ == "__main__":
    main()
