// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Keys of a node about time.
extension TopologyKeyTable {
    static let timeKeys: [TopologyKey] = eventTimeKeys + windowKeys

    private static let windowKeys: [TopologyKey] = [
        TopologyKey(
            "nodes.window", .object,
            "The groups of records that an aggregate counts together: one of `fixed`, `sliding` "
                + "with `step`, `session` and `global`.",
            example: "{fixed: 1m, late: 30s}"),
        TopologyKey(
            "nodes.window.fixed", .duration(1...(.max)), "Windows of this length, end to end.",
            example: "1m"),
        TopologyKey(
            "nodes.window.sliding", .duration(1...(.max)),
            "Windows of this length, one after each `step`.", example: "10m"),
        TopologyKey(
            "nodes.window.step", .duration(1...(.max)),
            "The time from one sliding window to the next; not longer than the window.",
            example: "1m"),
        TopologyKey(
            "nodes.window.session", .duration(1...(.max)),
            "A window ends when a key was silent for so long.", example: "30m"),
        TopologyKey(
            "nodes.window.global", .bool, "One window that never ends.", example: "true"),
        TopologyKey(
            "nodes.window.late", .duration(0...(.max)),
            "How long a closed window still takes records; later ones go to the port `late`.",
            example: "30s"
        ).defaulting(to: "0s"),
        TopologyKey(
            "nodes.window.emit",
            .either([.choice([.init("on_close", "once, when the window closes")]), .object]),
            "When results are given.", example: "{every: 10s}"
        ).defaulting(to: "on_close"),
        TopologyKey(
            "nodes.window.emit.every", .duration(1...(.max)), "Also again and again after this.",
            example: "10s"),
        TopologyKey(
            "nodes.window.emit.count", .integer(1...Int(Int32.max)),
            "Also after so many records.", example: "1000"),
        TopologyKey(
            "nodes.window.results",
            .choice([
                .init("replace", "the new total, in place of the last one"),
                .init("delta", "what came since the last result"),
                .init("retract", "the last total taken back, then the new one"),
            ]), "What a second result of a window says.", example: "delta"
        ).defaulting(to: "replace"),
    ].map { $0.later("remove it: aggregates give their totals at the end of the input") }
}

/// Keys of a node about failures, logs and machines.
extension TopologyKeyTable {
    static let nodeFailureKeys: [TopologyKey] =
        [onError.below("nodes")] + retry.map { $0.below("nodes") } + [
            TopologyKey(
                "nodes.log_level",
                .choice([
                    .init("trace", "everything"), .init("debug", "for who wrote the operator"),
                    .init("info", "what a user wants to know"),
                    .init("warn", "what may need somebody"), .init("error", "what went wrong"),
                ]), "What the operator's log lines must at least be to be kept.", example: "debug"
            ).without("the level of the daemon")
                .later("remove it, and set the level for the whole command")
        ]

    static let onError = TopologyKey(
        "on_error",
        .choice([
            .init("dead_letter", "keep it aside, see `dead_letter`"), .init("drop", "count it"),
            .init("fail", "end the job"),
            .init(
                "pause", "suspend the job",
                instead: "write `fail`: the run ends, and with a state directory goes on from there"
            ),
        ]), "What follows when the operator refuses a record.", example: "drop"
    ).defaulting(to: "dead_letter")

    static let retry = [
        TopologyKey(
            "retry", .object,
            "How often a call that failed for a reason that passes is tried again. Then the task "
                + "is parked and the job is degraded; nothing is dropped.",
            example: "{attempts: 3, backoff: 200ms..5s}"),
        TopologyKey("retry.attempts", .integer(1...1_000_000), "Tries.", example: "3")
            .defaulting(to: "10"),
        TopologyKey(
            "retry.backoff", .durations,
            "The wait between tries, growing from the one duration to the other.",
            example: "200ms..5s"
        ).defaulting(to: "100ms..30s"),
    ].map {
        $0.later("remove it: a transient failure is tried again by the engine's own rule")
    }

    static let placeKeys: [TopologyKey] =
        [
            TopologyKey(
                "nodes.renamed_from", .pattern(idForm, says: "the id that the node had"),
                "The node's state was saved under this id.", example: "scoring"
            ).later("remove it: there is no saved state to carry over")
        ]
        + [
            TopologyKey(
                "nodes.place", .object, "The machines that may run the node.",
                example: "{labels: {zone: a}}"),
            TopologyKey(
                "nodes.place.labels", .labels, "Labels that the machine must have.",
                example: "{zone: a}"
            ).without("any machine"),
            TopologyKey(
                "nodes.place.spread", .bool, "Tasks of the node on as many machines as there are.",
                example: "true"
            ).defaulting(to: "true"),
        ].map { $0.later("remove it: everything runs on this machine") }
        + [
            TopologyKey(
                "nodes.resources.cores", .integer(1...1_024), "Processor cores of each task.",
                example: "2"
            ).defaulting(to: "1").later("remove it: tasks share the machine")
        ]
}

/// Keys about tests of the topology.
extension TopologyKeyTable {
    static let testKeys: [TopologyKey] = [
        TopologyKey(
            "tests", .list(.object), "Tests of the topology: what is fed, and what must come out.",
            example: "[{name: empty, feed: {orders: []}, expect: {alerts: {count: 0}}}]"),
        TopologyKey(
            "tests.name", .text, "What the test shows, in words.",
            example: "big orders are alerted"),
        TopologyKey(
            "tests.env", .labels, "Variables for `${…}` during the test.",
            example: "{THRESHOLD: \"0.5\"}"),
        TopologyKey(
            "tests.feed", .named(idForm, .either([.list(.object), .object])),
            "Records in place of a source's own, by node.",
            example: "{orders: [{value: {amount: 900}}]}"),
        TopologyKey("tests.feed.value", .json, "A value, as JSON.", example: "{amount: 900}"),
        TopologyKey("tests.feed.raw", .text, "A value, as text.", example: "\"{oops\""),
        TopologyKey("tests.feed.base64", .text, "A value of any bytes.", example: "AAEC"),
        TopologyKey("tests.feed.key", .text, "The record's key.", example: "c1"),
        TopologyKey(
            "tests.feed.time", .text, "The record's time.", example: "\"2026-01-01T00:00:00Z\""),
        TopologyKey(
            "tests.feed.file", .text, "A file of such records, one in each line.",
            example: "fixtures/day.ndjson"),
        TopologyKey(
            "tests.mock", .named(idForm, .json),
            "Another operator in place of a node's, or an expression for each of its outputs.",
            example: "{score: {high: \"amount > 500\", low: \"amount <= 500\"}}"),
        TopologyKey(
            "tests.real", .list(.reference), "Nodes that keep their own operator.",
            example: "[orders]"),
        TopologyKey(
            "tests.advance", .duration(0...(.max)),
            "How far the clock is moved behind the last record.", example: "24h"
        ).defaulting(to: "0s"),
        TopologyKey(
            "tests.expect", .named("\(idForm)(\\.\(idForm))?", .object),
            "What must come out, by node or port.", example: "{alerts: {count: 0}}"),
        TopologyKey("tests.expect.equals", .list(.json), "These, and no more.", example: "[]"),
        TopologyKey(
            "tests.expect.contains", .list(.json), "These, among others.",
            example: "[{id: o-1}]"),
        TopologyKey(
            "tests.expect.match", .list(.json), "Objects with at least these members.",
            example: "[{code: MR4001}]"),
        TopologyKey(
            "tests.expect.count", .integer(0...Int.max), "So many records.", example: "0"),
        TopologyKey(
            "tests.expect.file", .text, "The records of a file.", example: "expected/day.ndjson"),
        TopologyKey(
            "tests.expect.same_as", .choice([.init("no_faults", "the same test without faults")]),
            "What another run of the test gave.", example: "no_faults"),
        TopologyKey(
            "tests.expect.order",
            .choice([
                .init("by_key", "each key's records in order: all that is promised"),
                .init("exact", "all in this order"), .init("any", "in any order"),
            ]), "What counts of the order.", example: "any"
        ).defaulting(to: "by_key"),
        TopologyKey(
            "tests.faults", .list(.object), "What is done to nodes while the test runs.",
            example: "[{crash: score, after: 500}]"),
        TopologyKey("tests.faults.crash", .reference, "A node that crashes.", example: "score"),
        TopologyKey("tests.faults.hang", .reference, "A node that hangs.", example: "score"),
        TopologyKey("tests.faults.slow", .reference, "A node that is slow.", example: "score"),
        TopologyKey(
            "tests.faults.restart", .reference, "A node that is started again.",
            example: "score"),
        TopologyKey(
            "tests.faults.after", .integer(0...Int.max), "After so many records.", example: "500"
        ).defaulting(to: "0"),
        TopologyKey(
            "tests.split", .list(.integer(1...65_536)),
            "The test runs once for each of these sizes of batches; all must give the same.",
            example: "[1, 7, 256]"
        ).defaulting(to: "[1, 7, 256]", because: "it finds operators that depend on batches"),
    ].map { $0.later("remove it, or keep the tests in a file of their own") }
}
