# SPDX-License-Identifier: Apache-2.0
"""A run whose disk is not to be trusted: its topology, its folder, what it must write."""

import collections
import gzip
import json
import mmap
import os
import pathlib
import random
import shutil
import struct
import subprocess
import tempfile
import time

import power

PATIENCE = 30
CALLS = ["read", "open", "create", "write", "sync", "rename", "link", "unlink", "mkdir", "truncate",
         "allocate", "space"]
LINES, RATE = 3_000, "10k/s"
TOPOLOGY = f"""millrace: 1
checkpoint: {{every: 40ms}}
restart: {{backoff: 10ms..50ms, budget: {{count: 20}}}}
dead_letter: {{limit: 100k/m}}
nodes:
  in: {{use: file.source, with: {{path: in.txt, as: line}}}}
  pace: {{use: rate_limit, from: {{node: in, queue: 64}}, with: {{rate: {RATE}}}}}
  parse: {{use: json.decode, from: pace}}
  words: {{use: words, from: parse}}
  count: {{use: count, from: words, isolation: WHERE}}
  copy: {{use: file.sink, from: parse, with: {{path: disk/out/copy.txt, append: true}}}}
  parts: {{use: file.sink, from: parse, with: {{path: disk/out/parts/PARTS}}}}
  counts: {{use: file.sink, from: count, with: {{path: disk/out/counts.txt}}}}
"""
PARTS = ["part.txt, roll_size: 90KiB", "part.txt, roll_every: 70ms", "%Y%m%d-%H%M%S/part.txt",
         "part.gz, roll_size: 8KiB, compression: gzip"]
HEADER = b"what was there before\n"


def text():
    chance = random.Random(1)
    for number in range(LINES):
        if number % 30 == 7:
            yield f"no json {number}"
        else:
            yield json.dumps({"n": number, "of": f"w{chance.randrange(300)}",
                              "pad": "x" * chance.randrange(700)})


INPUT = list(text())


def wanted():
    good = [line for line in INPUT if line.startswith("{")]
    counts = collections.Counter(word for line in good for word in line.split())
    lines = "".join(line + "\n" for line in good).encode()
    return {"copy": HEADER + lines, "parts": lines,
            "counts": counts,
            "letters": [line for line in INPUT if not line.startswith("{")]}


WANTED = wanted()


class Trial:
    """Runs in a folder of their own, on the disk `disk` in it."""

    is_kept = True
    """Is there a state directory? Without one the state lies in a private folder on that disk."""
    removes = True
    """Can files be removed? What cannot, the next run removes."""

    def __init__(self, tools, what, seed):
        self.millrace, self.library = tools
        self.what, self.seed, self.chance = what, seed, random.Random(f"{what} {seed}")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"mr-disk-{seed}-"))
        self.disk = self.folder / "disk"
        self.told = ""
        self.environment = dict(
            os.environ, HOME=str(self.folder), XDG_RUNTIME_DIR=str(self.folder),
            TMPDIR=str(self.disk / "tmp"),
            XDG_CACHE_HOME=os.path.join(tempfile.gettempdir(), "mr-fault-cache"))
        (self.folder / "in.txt").write_text("\n".join(INPUT) + "\n")
        where = self.chance.choice(["executor", "executor", "process"])
        (self.folder / "t.yaml").write_text(TOPOLOGY.replace("WHERE", where).replace(
            "PARTS", self.chance.choice(PARTS)))
        for name in ("out", "tmp"):
            (self.disk / name).mkdir(parents=True)
        (self.disk / "out" / "copy.txt").write_bytes(HEADER)

    def start(self, **settings):
        environment = dict(self.environment)
        if settings:
            with open(self.folder / "shared", "wb") as file:
                file.write(bytes(4096))
            environment.update(LD_PRELOAD=self.library, MR_DISK_UNDER=str(self.disk),
                               MR_DISK_SHARED=str(self.folder / "shared"))
            environment.update({f"MR_DISK_{name}": value for name, value in settings.items()})
        self.said = open(self.folder / "said", "wb+")
        return subprocess.Popen(
            [self.millrace, "run", *self.state, "t.yaml"], cwd=self.folder, env=environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.said)

    @property
    def state(self):
        return ["--state-dir", "disk/state"] if self.is_kept else []

    def end(self, process, seconds=PATIENCE):
        """Its status; None: it did not end by itself."""
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return None

    def words(self):
        self.said.seek(0)
        return self.said.read().decode(errors="replace")

    def shared(self):
        with open(self.folder / "shared", "r+b") as file:
            return mmap.mmap(file.fileno(), 4096)

    def finish(self):
        """A run without faults; a sentence about what is wrong, or None. Without a state directory
        it begins again, where nothing was written."""
        if not self.is_kept:
            shutil.rmtree(self.disk / "out")
            (self.disk / "out").mkdir()
            (self.disk / "out" / "copy.txt").write_bytes(HEADER)
        status = self.end(self.start())
        if status:
            return f"the run after it: exit {status}: {self.words()[-900:]}"
        return "the run after it is stuck" if status is None else self.compare()

    def compare(self):
        out = self.disk / "out"
        lines = (out / "counts.txt").read_bytes().splitlines()
        if len(lines) != len(WANTED["counts"]):
            return f"another output: {len(lines)} counts instead of {len(WANTED['counts'])}"
        found = {"copy": (out / "copy.txt").read_bytes(),
                 "parts": b"".join(
                     gzip.decompress(path.read_bytes()) if path.suffix == ".gz"
                     else path.read_bytes() for path in sorted((out / "parts").rglob("part*"))),
                 "counts": collections.Counter(
                     {one["key"]: one["count"] for one in map(json.loads, lines)}),
                 "letters": self.letters()}
        for name, one in WANTED.items():
            if found[name] != one:
                return f"another output: {name} has {len(found[name])} instead of {len(one)}"
        left = [path.name for path in self.disk.rglob("*.part")]
        return f"left behind: {left}" if left and self.removes else None

    def letters(self):
        if not self.is_kept:
            return WANTED["letters"]
        shown = subprocess.run([self.millrace, "dlq", "show", "-o", "json", "disk/state"],
                               cwd=self.folder, env=self.environment, capture_output=True,
                               check=True, timeout=PATIENCE)
        return [letter["value"] for letter in json.loads(shown.stdout)["items"]]

    def run(self):
        began = time.monotonic()
        try:
            wrong = self.play()
        except (OSError, subprocess.SubprocessError, LookupError) as error:
            wrong = f"{type(error).__name__}: {error}"
        if wrong is None:
            shutil.rmtree(self.folder, ignore_errors=True)
        return self, time.monotonic() - began, wrong


class Plain(Trial):
    """No fault: how many calls there are to fail, and whether the log tells all of them."""

    name = "no fault"

    def play(self):
        log = self.folder / "log"
        log.write_bytes(b"")
        disk = power.Disk(self.disk)
        status = self.end(self.start(LOG=str(log)))
        if status != 0:
            return f"exit {status}: {self.words()[-900:]}"
        entries = disk.play(log.read_bytes(), False)
        numbers = struct.unpack_from("<16Q", self.shared(), 0)
        self.counts = dict(zip(CALLS, numbers), entries=entries)
        told, real = disk.now(), power.found(self.disk)
        for path in sorted(told.keys() | real.keys()):
            if told.get(path, 0) != real.get(path, 0):
                return f"the log says something else about {path}"
        return self.compare()
