# SPDX-License-Identifier: Apache-2.0
"""What one region notices of kills in another: its throughput while an isolated operator of the
other is killed again and again, beside that of the calm times between.

usage: python3 Benchmarks/regions.py FOLDER [--kills 20]

Windows of five seconds without a kill and with one each second take turns in one run, so that the
machine's moods fall on both. The calm region is a source, `pass` and `null`, as fast as they can;
the other one has 10,000 records a second.
"""

import argparse
import json
import os
import pathlib
import signal
import statistics
import subprocess
import tempfile
import time

import recovery

TOPOLOGY = """
millrace: 1
name: regions
checkpoint: {every: 1s}
restart: {budget: {count: 1000}}
nodes:
  calm_in: {use: generate}
  calm_pass: {use: pass, from: calm_in}
  calm: {use: "null", from: calm_pass}
  shaken_in: {use: generate, with: {rate: 10k/s}}
  shaken_pass: {use: pass, from: shaken_in, isolation: process}
  shaken: {use: "null", from: shaken_pass}
"""
SECONDS = 5


def taken(millrace, environment):
    """Records that the calm region's sink has taken, and when."""
    text = subprocess.run([str(millrace), "status", "regions", "-o", "json"], env=environment,
                          stdout=subprocess.PIPE, check=True).stdout
    nodes = json.loads(text)["nodes"]
    return next(node for node in nodes if node["id"] == "calm")["records"]["in"], time.monotonic()


def window(millrace, environment, pid, calm, kills):
    """Records a second."""
    before, begin = taken(millrace, environment)
    for number in range(SECONDS):
        # The last one started is the isolated operator of the other region.
        others = [executor for executor in recovery.executors(pid) if executor != calm]
        if kills and len(others) == 2:
            os.kill(max(others), signal.SIGKILL)
        time.sleep(max(0, begin + number + 1 - time.monotonic()))
    after, end = taken(millrace, environment)
    return (after - before) / (end - begin)


def measure(millrace, kills=20):
    """Medians of the calm and of the shaken windows, records a second."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "XDG_RUNTIME_DIR": folder}
        file = pathlib.Path(folder) / "regions.yaml"
        file.write_text(TOPOLOGY)
        process = subprocess.Popen(
            [str(millrace), "run", "-q", "--state-dir", f"{folder}/state", str(file)],
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        speeds = {False: [], True: []}
        try:
            while len(recovery.executors(process.pid)) < 3:
                time.sleep(0.01)
            calm = min(recovery.executors(process.pid))
            window(millrace, environment, process.pid, calm, False)
            for _ in range(max(1, kills // SECONDS)):
                for shaken in speeds:
                    speeds[shaken].append(
                        window(millrace, environment, process.pid, calm, shaken))
        finally:
            process.kill()
            process.wait()
    rest, shaken = (statistics.median(speeds[which]) for which in (False, True))
    return {"calm_per_second": rest, "shaken_per_second": shaken, "fall": 1 - shaken / rest}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--kills", type=int, default=20)
    options = parser.parse_args()
    found = measure(pathlib.Path(options.folder) / "millrace", options.kills)
    print(f"calm {found['calm_per_second'] / 1e6:.1f} M/s, "
          f"with kills {found['shaken_per_second'] / 1e6:.1f} M/s: {found['fall']:.1%} less")


if __name__ == "__main__":
    main()
