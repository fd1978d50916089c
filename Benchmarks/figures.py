# SPDX-License-Identifier: Apache-2.0
"""What the results of a benchmark run mean: ratios, the table, and the ratchet.

Results are {name: [one JSON object per round]}; names are shapes of `millrace bench`, `limit-hop`,
`limit-roundtrip`, `flink-SHAPE`, and the single measurements of scripts/bench. A ratio compares
medians of rounds that ran in turn on one machine, so it can be compared with another day's.
"""

import statistics

FLINK_SHAPES = ["unchained", "hop1", "chained", "keyed", "keyed-state"]
# What runs with a checkpoint each second and without.
CHECKPOINTED = ["plain", "keyed"]
# What is read from files, and the tool it is read beside.
FILES = [("lines", "wc"), ("words", "awk"), ("words", "coreutils")]


def median(results, name, field="records_per_second"):
    """The median of a field over all rounds; None when nothing was measured."""
    values = [one[field] for one in results.get(name, []) if one.get(field) is not None]
    return statistics.median(values) if values else None


def ratio(above, below):
    return above / below if above is not None and below else None


def ratios(results):
    """Each ratio that could be measured, under its name in thresholds.json."""
    found = {"lane / limit": ratio(median(results, "lane"), median(results, "limit-hop"))}
    for shape in FLINK_SHAPES:
        found[f"{shape} / flink"] = ratio(
            median(results, shape), median(results, f"flink-{shape}")
        )
    found["process / hop1"] = ratio(median(results, "process"), median(results, "hop1"))
    found["roundtrip / limit"] = ratio(
        median(results, "roundtrip", "p50_ns"), median(results, "limit-roundtrip", "p50_ns")
    )
    for above, below in FILES:
        found[f"{above} / {below}"] = ratio(
            median(results, f"files-{above}", "bytes_per_second"),
            median(results, f"files-{below}", "bytes_per_second"),
        )
    for shape in CHECKPOINTED:
        found[f"{shape}, checkpoint / none"] = ratio(
            median(results, f"{shape}-kept"), median(results, f"{shape}-none")
        )
    found["expression / bound"] = ratio(
        median(results, "expression", "filter_per_s"), median(results, "expression", "bound_per_s")
    )
    found["filter / jq"] = ratio(
        median(results, "filter", "per_processor_second"),
        median(results, "jq", "per_processor_second"),
    )
    found["heap allocations per record"] = median(results, "allocations", "per_record")
    return {name: value for name, value in found.items() if value is not None}


def broken(measured, thresholds, with_flink=True):
    """A sentence for each ratio that is missing, or worse than the ratchet allows."""
    found = []
    for name, limits in thresholds.items():
        value = measured.get(name)
        if value is None:
            if (with_flink or not name.endswith("/ flink")) and not name.endswith("/ jq"):
                found.append(f"{name} could not be measured")
            continue
        if value < limits.get("at_least", float("-inf")):
            found.append(f"{name} is {value:.3g}, at least {limits['at_least']} was reached before")
        if value > limits.get("at_most", float("inf")):
            found.append(f"{name} is {value:.3g}, at most {limits['at_most']} was reached before")
    return found


def tightened(measured, thresholds, slack=0.75):
    """The thresholds, moved towards what was measured but never back. Slack is for noise."""
    result = {name: dict(limits) for name, limits in thresholds.items()}
    for name, value in measured.items():
        limits = result.get(name, {})
        if "at_least" in limits:
            limits["at_least"] = max(limits["at_least"], round(value * slack, 2))
        elif limits.get("at_most") and value > 0:
            limits["at_most"] = min(limits["at_most"], round(value / slack, 4))
    return result


def millions(value):
    return "–" if value is None else f"{value / 1e6:.2f} M/s"


def rows(results):
    """(what, reach, measured, beside what, reached?) of every line of the table."""
    measured = ratios(results)

    def against(shape, peer, wanted):
        name = f"{shape} / {'limit' if peer.startswith('limit') else 'flink'}"
        value = measured.get(name)
        beside = f"{millions(median(results, shape))} beside {millions(median(results, peer))}"
        text = "–" if value is None else f"{value:.2f} ×"
        return (f"{shape} against {peer}", f"{wanted} ×", text, beside,
                None if value is None else value >= wanted)

    def below(what, name, field, wanted, unit, scale=1.0):
        value = median(results, name, field)
        text = "–" if value is None else f"{value / scale:.3g} {unit}"
        return (what, f"{wanted:g} {unit}", text, "",
                None if value is None else value / scale <= wanted)

    def beside(above, below, wanted):
        value = measured.get(f"{above} / {below}")
        speeds = [median(results, f"files-{name}", "bytes_per_second") for name in (above, below)]
        text = "–" if value is None else f"{value:.2f} ×"
        shown = " beside ".join("–" if one is None else f"{one / 1e6:.0f} MB/s" for one in speeds)
        return (f"{above} of a file against {below}", f"{wanted} ×", text, shown,
                None if value is None else value >= wanted)

    def above(what, name, field, wanted):
        value = median(results, name, field)
        return (what, millions(wanted), millions(value), "",
                None if value is None else value >= wanted)

    def quotient(what, name, wanted, peer, field):
        value = measured.get(name)
        return (what, f"{wanted} ×", "–" if value is None else f"{value:.2f} ×",
                f"beside {millions(median(results, peer, field))}",
                None if value is None else value >= wanted)

    def later(what, shape, wanted):
        kept, none = (median(results, f"{shape}-{mode}", "p99_seconds")
                      for mode in ("kept", "none"))
        value = None if None in (kept, none) else (kept - none) * 1e3
        text = "–" if value is None else f"{value:.2f} ms"
        shown = "" if value is None else f"{kept * 1e3:.2f} beside {none * 1e3:.2f} ms"
        return (what, f"{wanted} ms", text, shown, None if value is None else value <= wanted)

    yield against("lane", "limit-hop", 0.7)
    for shape, wanted in zip(FLINK_SHAPES, [30, 20, 10, 12, 10]):
        yield against(shape, f"flink-{shape}", wanted)
    yield against("process", "hop1", 0.6)
    for shape in CHECKPOINTED:
        name = f"{shape}, checkpoint / none"
        yield quotient(f"`{shape}` with a checkpoint each second against none", name, 0.97,
                       f"{shape}-none", "records_per_second")
        yield later(f"`{shape}` with checkpoints, p99 beside without", shape, 5)
    yield below("keyed state, 1 M keys, read, change, write", "keyed-1m", "edit_ns", 80, "ns")
    yield below("keyed state, 10 M keys, overhead of each", "keyed-10m", "overhead_bytes_per_key",
                100, "bytes")
    yield above("`amount > 100` on 150 bytes, one core", "expression", "filter_per_s", 3e6)
    yield quotient("the same against memmem and digits by hand", "expression / bound", 0.5,
                   "expression", "bound_per_s")
    yield above("JSON checked, bytes per second", "expression", "check_bytes_per_s", 1e9)
    yield quotient("lines ! json.decode ! filter against jq, per core", "filter / jq", 10, "jq",
                   "per_processor_second")
    yield below("roundtrip p50, spinning", "roundtrip", "p50_ns", 1, "µs", 1000)
    yield below("roundtrip p50, both ends asleep", "roundtrip-asleep", "p50_ns", 25, "µs", 1000)
    yield below("batch of one against a callback", "limit-calls", "ratio", 1, "×")
    yield beside("lines", "wc", 0.5)
    yield beside("words", "awk", 1)
    yield beside("words", "coreutils", 1)
    yield below("heap allocations per record", "allocations", "per_record", 0.001, "")
    yield below("executor killed, nothing comes out, median", "recovery-executor", "median_seconds",
                300, "ms", 1e-3)
    yield below("the same, p99", "recovery-executor", "p99_seconds", 1000, "ms", 1e-3)
    yield below("isolated operator killed, median", "recovery-isolated", "median_seconds", 200,
                "ms", 1e-3)
    yield below("isolated operator killed each second: another region slows down by", "regions",
                "fall", 5, "%", 1e-2)
    yield below("executor memory, three idle nodes", "idle", "pss_bytes", 40, "MB", 1e6)
    yield below("1,000 tasks: start to first record", "tasks-1000", "start_seconds", 1, "s")
    yield below("1,000 tasks: memory", "tasks-1000", "pss_bytes", 500, "MB", 1e6)
    yield below("start to first record out", "start", "seconds", 150, "ms", 1e-3)


def table(results):
    """The lines of a Markdown table."""
    marks = {None: "not measured", True: "yes", False: "no"}
    lines = ["| what | reach | measured | beside | reached |", "|---|---|---|---|---|"]
    for what, wanted, value, beside, reached in rows(results):
        lines.append(f"| {what} | {wanted} | {value} | {beside} | {marks[reached]} |")
    return lines
