# SPDX-License-Identifier: Apache-2.0
"""`amount > 100` on JSON objects of 150 bytes: the C library alone, the whole program, and jq."""

import os
import pathlib
import resource
import shutil
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
RECORDS = 1_000_000
CONDITION = "amount > 100"


def build():
    """Compiles the benchmark of the library, and has it write the records to a file."""
    program, file = ROOT / "build" / "expression-bench", ROOT / "build" / "orders.ndjson"
    sources = ROOT / "Sources" / "CMillraceExpression"
    program.parent.mkdir(exist_ok=True)
    subprocess.run(["cc", "-std=gnu11", "-O3", "-Wall", "-Wextra", f"-I{sources}/include",
                    f"-I{ROOT}/include", ROOT / "Benchmarks" / "expression" / "expression.c",
                    *sorted(sources.glob("*.c")), "-o", program], check=True)
    subprocess.run([program, "--write", file, str(RECORDS)], check=True)
    return program, file


def timed(words):
    """Seconds on the clock and of all processors, for a command and the processes it starts."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seconds = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return None if done.returncode else (seconds, busy)


def per_second(measured):
    if measured is None:
        return None
    seconds, busy = measured
    return {"records_per_second": RECORDS / seconds, "per_processor_second": RECORDS / busy}


def pipeline(millrace, file):
    """From a file in the page cache to the records that are kept."""
    return per_second(timed([millrace, "run", "-q", "file.source", f"path={file}", "!", "lines",
                             "!", "json.decode", "!", "filter", f"where={CONDITION}", "!",
                             "null"]))


def jq(file):
    """None where there is no jq."""
    if shutil.which("jq") is None:
        return None
    return per_second(timed(["jq", "-c", f"select(.{CONDITION})", os.fspath(file)]))
