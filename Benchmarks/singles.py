# SPDX-License-Identifier: Apache-2.0
"""Measurements that are one number of one or two runs of `millrace run`."""

import os
import pathlib
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def first_record(millrace):
    """Seconds from the start of the command to the first byte of its output."""
    start = time.monotonic()
    with subprocess.Popen([millrace, "run", "generate", "count=1", "value=x", "!", "stdout"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as run:
        seen = run.stdout.read(1)
        return {"seconds": time.monotonic() - start} if seen else None


def resident(process):
    """PSS of a process in bytes, and what it holds of memory files without having mapped it in:
    an arena is allocated in whole and touched bit by bit."""
    folder = pathlib.Path(f"/proc/{process}")
    fields = dict(line.split(":", 1) for line in
                  (folder / "smaps_rollup").read_text().splitlines()[1:])
    sizes = {name: int(value.split()[0]) * 1024 for name, value in fields.items()}
    files = {}
    for descriptor in (folder / "fd").iterdir():
        if os.readlink(descriptor).startswith("/memfd:"):
            status = descriptor.stat()
            files[status.st_ino] = status.st_blocks * 512
    return sizes["Pss"] + max(0, sum(files.values()) - sizes.get("Pss_Shmem", 0))


def idle_memory(millrace):
    """Memory of the executor of three nodes that have nothing to do."""
    words = [millrace, "run", "generate", "count=1000", "rate=1/s", "!", "pass", "!", "null"]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        time.sleep(2)
        children = pathlib.Path(f"/proc/{run.pid}/task").glob("*/children")
        executors = [child for file in children for child in file.read_text().split()]
        sizes = [resident(executor) for executor in executors]
        run.terminate()
    return {"pss_bytes": max(sizes)} if sizes else None


def allocations(millrace):
    """Heap allocations per further record: the difference of a short and a long run."""
    library = ROOT / "build" / "count_allocations.so"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library,
                    ROOT / "Benchmarks" / "count_allocations.c"], check=True)
    counts = []
    for records in (1_000_000, 3_000_000):
        with tempfile.TemporaryDirectory() as folder:
            environment = dict(os.environ, LD_PRELOAD=str(library), ALLOCATION_COUNTS=folder)
            words = [millrace, "run", "generate", f"count={records}", "!", "pass", "!", "null"]
            done = subprocess.run(words, env=environment, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
            files = pathlib.Path(folder).iterdir()
            counts.append(sum(int.from_bytes(file.read_bytes(), "little") for file in files))
            if done.returncode:
                return None
    return {"per_record": (counts[1] - counts[0]) / 2_000_000}
