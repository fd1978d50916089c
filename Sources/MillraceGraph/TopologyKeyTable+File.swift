// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Keys of the file itself, and of what stands above the nodes.
extension TopologyKeyTable {
    /// Regular forms of names, as `Names` checks them.
    static let idForm = "[a-z][a-z0-9_]{0,62}"
    static let nameForm = "[a-z][a-z0-9-]{0,62}"

    static let fileKeys: [TopologyKey] =
        [
            TopologyKey(
                "millrace", .integer(1...1),
                "The version of the file format. A newer release reads older versions.",
                example: "1"
            ).needed(),
            TopologyKey(
                "name", .pattern(nameForm, says: "a-z, 0-9 and -, a letter first, at most 63"),
                "What the job is called in every command, log line and metric.",
                example: "orders-alerts"
            ).without("the file's name without its ending"),
            TopologyKey(
                "description", .text, "What the job is for, in a sentence.",
                example: "Flag suspicious orders within a second."),
            TopologyKey(
                "plugins", .list(.text),
                "Plugin files to load (a path, relative to this file), and installed plugins whose "
                    + "version is pinned (NAME@RANGE).",
                example: "[fraud@^1.2, ./build/libdedupe.so]"
            ).defaulting(to: "[]", because: "installed plugins need no entry"),
        ] + defaultKeys + [
            TopologyKey(
                "nodes", .named(idForm, .object),
                "The nodes of the graph by id. The id names the node everywhere: in commands, "
                    + "logs, metrics and saved state. `errors` is no id.",
                example: "{in: {use: stdin}, out: {use: stdout, from: in}}"
            ).needed(),
            TopologyKey(
                "arena", .size((1 << 20)...(64 << 30)),
                "Memory for records, for each executor. When the quotas of all outputs do not fit, "
                    + "those that nobody asked for are made smaller.",
                example: "1GiB"
            ).defaulting(
                to: Quantity.text(size: Int64(Limits.arenaBytesDefault)),
                because: "1 GiB takes 0.4 s to allocate"),
            TopologyKey(
                "threads", .integer(1...1_024),
                "Threads that run operators. `--threads` wins over it.", example: "4"
            ).without("one for each processor").forExperts(),
            TopologyKey(
                "pin", .bool, "Bind each of these threads to a processor of its own.",
                example: "true"
            ).defaulting(to: "false", because: "the system spreads threads well").forExperts(),
            TopologyKey(
                "idle",
                .choice([
                    .init("adaptive", "spin for some microseconds, then sleep"),
                    .init("spin", "never sleep: for measurements, on processors of its own"),
                ]), "What a thread without work does.", example: "spin"
            ).defaulting(to: "adaptive", because: "an idle job costs nothing").forExperts(),
            TopologyKey(
                "metrics", .object, "What is measured.", example: "{per_task: false}"
            ).later("remove it: metrics are per node"),
            TopologyKey(
                "metrics.per_task", .bool, "A series of metrics for each task, not for each node.",
                example: "true"
            ).defaulting(to: "false", because: "the number of labels stays bounded")
                .later("remove it: metrics are per node"),
        ]

    /// A default is written like the key of the node or edge that it is a default of.
    private static let defaultKeys: [TopologyKey] =
        [
            TopologyKey(
                "defaults", .object, "What nodes and edges get that do not say it themselves.",
                example: "{parallelism: 2, queue: 256}"),
            parallelism.below("defaults"), queue.below("defaults"), onError.below("defaults"),
        ] + retry.map { $0.below("defaults") } + [isolation.below("defaults")]
        + watchdog.map { $0.below("defaults") }
}

/// Keys about what happens when records are refused.
extension TopologyKeyTable {
    static let deadLetterKeys: [TopologyKey] =
        [
            TopologyKey(
                "dead_letter", .object,
                "What is done with refused records of nodes whose port `errors` nobody reads. They "
                    + "lie in the state directory; without one they are logged, and gone at the "
                    + "end.",
                example: "{limit: 1k/m}"),
            TopologyKey(
                "dead_letter.use", .operation, "A sink that takes the refused records.",
                example: "file.sink"
            ).later("remove it, and let a sink read `NODE.errors`"),
            TopologyKey(
                "dead_letter.with", .parameters, "The parameters of that sink.",
                example: "{path: dead.ndjson}"
            ).later("remove it, and let a sink read `NODE.errors`"),
            TopologyKey(
                "dead_letter.limit", .rate,
                "Refused records of one node that are still accepted, counted over a minute. One "
                    + "more ends the run (MR4401); with a state directory it can go on from there.",
                example: "1k/m"
            ).defaulting(to: "1k/m", because: "more is a wrong schema, not bad data"),
        ]
}
