// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Keys about saved state, and about what follows when tasks end.
extension TopologyKeyTable {
    static let checkpointKeys: [TopologyKey] = [
        TopologyKey(
            "checkpoint", .object,
            "How often the state of the job is saved, where, and what is promised by it. A run "
                + "without a folder for it keeps the state as long as it runs.",
            example: "{every: 1s, guarantee: exactly_once}"),
        TopologyKey(
            "checkpoint.every", .duration(10 * millisecond...day),
            "The time from one checkpoint to the next.", example: "1s"
        ).defaulting(
            to: Quantity.text(duration: PlannedCheckpoints().every),
            because: "it is the visible latency of transactional sinks"),
        TopologyKey(
            "checkpoint.guarantee",
            .choice([
                .init("exactly_once", "each record counts once, also after a failure"),
                .init("at_least_once", "none is lost, some may come twice"),
                .init("at_most_once", "none comes twice, some may be lost: nothing is saved"),
            ]),
            "What a failure may do to results. A sink that cannot keep it lowers it, and `check` "
                + "says which one does.",
            example: "at_least_once"
        ).defaulting(
            to: PlannedCheckpoints().guarantee.rawValue,
            because: "a job that recovers should not show it"),
        TopologyKey(
            "checkpoint.store", .text,
            "A folder for the state of jobs, one below it for each: a path or a `file:` address. "
                + "`--state-dir` wins over it.",
            example: "file:///var/lib/millrace"
        ).without("a private folder, removed at the end; `--state-dir` names another"),
        TopologyKey(
            "checkpoint.timeout", .duration(100 * millisecond...day),
            "A checkpoint that takes longer is given up, and the next one is tried.",
            example: "60s"
        ).defaulting(
            to: Quantity.text(duration: PlannedCheckpoints().timeout),
            because: "long enough for a loaded disk"),
        TopologyKey(
            "checkpoint.retain", .integer(1...1_000), "How many checkpoints are kept.",
            example: "3"
        ).defaulting(
            to: "\(PlannedCheckpoints().retained)",
            because: "one to use, one if that is damaged, one for diagnosis"),
    ]

    static let restartKeys: [TopologyKey] = [
        TopologyKey(
            "restart", .object,
            "What follows when a task crashes or hangs, where there are checkpoints to go on from.",
            example: "{backoff: 100ms..30s, budget: {count: 5, per: 60s}}"),
        TopologyKey(
            "restart.backoff", .durations,
            "The first restart comes at once; the wait before the next ones grows from the "
                + "one duration to the other. A day is the longest.",
            example: "100ms..30s"
        ).defaulting(
            to: PlannedRestarts().backoffText, because: "most crashes are single"),
        TopologyKey(
            "restart.budget", .object,
            "More restarts than this restart the whole job; when that does not help, the job "
                + "ends with its state kept. Without a state directory they end the run.",
            example: "{count: 5, per: 60s}"),
        TopologyKey(
            "restart.budget.count", .integer(1...1_000), "Restarts.", example: "5"
        ).defaulting(
            to: "\(PlannedRestarts().count)", because: "what five restarts do not cure, none does"
        ),
        TopologyKey(
            "restart.budget.per", .duration(1_000 * millisecond...day),
            "The time in which they are counted.", example: "60s"
        ).defaulting(
            to: Quantity.text(duration: PlannedRestarts().per),
            because: "a crash each minute may be a single bad record"),
    ]

    private static let millisecond: Int64 = 1_000_000
    private static let day: Int64 = 86_400_000_000_000
}
