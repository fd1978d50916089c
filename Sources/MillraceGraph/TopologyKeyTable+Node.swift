// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Keys of a node and of an edge.
extension TopologyKeyTable {
    static let nodeKeys: [TopologyKey] =
        [
            TopologyKey(
                "nodes.use", .operation,
                "The operator: its id, or the end of it at a dot when no other ends so, with "
                    + "@RANGE for versions. A C function is written with its signature.",
                example: "json.decode"
            ).needed(),
            TopologyKey(
                "nodes.with", .parameters,
                "The operator's own parameters; `millrace explain OPERATOR` lists them. Only here, "
                    + "in `plugins` and in `checkpoint.store` is `${…}` replaced.",
                example: "{path: orders.ndjson}"
            ).without("the operator's own defaults"),
            TopologyKey(
                "nodes.description", .text, "What the node is for, in a sentence.",
                example: "Risk between 0 and 1."),
            parallelism.below("nodes"),
            isolation.below("nodes"),
        ] + watchdog.map { $0.below("nodes") } + [
            TopologyKey(
                "nodes.output_memory",
                .size(
                    Int64(
                        Limits.quotaBlocksMin * Limits.blockBytes)...Int64(
                            Limits.quotaBlocksMax * Limits.blockBytes)),
                "Memory for the records of each output of each task, and so its largest record.",
                example: "8MiB"
            ).defaulting(
                to: Quantity.text(size: Int64(Limits.quotaBlocksDefault * Limits.blockBytes)),
                because: "32 blocks: enough to keep a reader busy while the next are written"),
            TopologyKey(
                "nodes.resources", .object, "What each task of the node may take of its machine.",
                example: "{memory: 512MiB}"),
            TopologyKey(
                "nodes.resources.memory", .size(Limits.taskMemoryMin...Limits.taskMemoryMax),
                "Memory that the operator may take for each task, beside that of records. More is "
                    + "refused to it, which ends most. It needs a process of its own: `isolation`.",
                example: "512MiB"
            ).without("what the machine has"),
            TopologyKey(
                "nodes.loop", .integer(0...1_023),
                "The thread that all tasks of the node run on, counted from 0.", example: "0"
            ).without("tasks are spread over all threads").forExperts(),
        ]

    static let parallelism = TopologyKey(
        "parallelism", .integer(1...Limits.parallelismMax),
        "How many tasks run the operator. A number of the node's own may not exceed what the "
            + "operator can do; a default gives way to it.",
        example: "4"
    ).defaulting(
        to: "1", because: "order is kept; at most one task for each of the 1024 key groups")

    static let isolation = TopologyKey(
        "isolation",
        .choice([
            .init("executor", "in the process that runs the other operators"),
            .init("process", "in a process of its own: its crash leaves the others' memory alone"),
        ]), "Where the operator runs.", example: "process"
    ).without("what the operator asks for, else executor")

    static let watchdog = [
        TopologyKey(
            "watchdog", .object, "How long one call of the operator may take.",
            example: "{soft: 2s, hard: 20s}"),
        TopologyKey(
            "watchdog.soft", .duration(1...(.max)), "A longer call is reported.", example: "2s"
        ).defaulting(to: Quantity.text(duration: Limits.watchdogSoftNanoseconds)),
        TopologyKey(
            "watchdog.hard", .duration(1...(.max)),
            "A longer call ends the process that it runs in.", example: "20s"
        ).without(
            "\(Quantity.text(duration: Limits.watchdogHardNanoseconds)), "
                + "\(Quantity.text(duration: Limits.watchdogHardBlockingNanoseconds)) for an "
                + "operator that blocks", because: "network time-outs are often 30 s"),
    ]
}

extension TopologyKeyTable {
    static let edgeKeys: [TopologyKey] = [
        TopologyKey(
            "nodes.from", .either([.reference, .object, .list(.either([.reference, .object]))]),
            "What the node reads: another node, one of its ports, an edge with settings, or a "
                + "list of these. Without a port it is the port `out`, or the only one.",
            example: "[score.high, {node: parse, queue: 256}]"
        ).without("nothing", because: "only sources read nothing; all others need it"),
        TopologyKey(
            "nodes.from.node", .reference, "The node that is read, or one of its ports.",
            example: "score.high"
        ).needed(),
        TopologyKey(
            "nodes.from.partition",
            .either([
                .choice([
                    .init("forward", "task to task; both ends have the same parallelism"),
                    .init("round_robin", "to one task after the other"),
                    .init("hash", "records with the same key to the same task"),
                    .init("broadcast", "every record to every task"),
                    .init("least_loaded", "to the task with the shortest queue"),
                ]), .object,
            ]), "Which task of this node gets a record.", example: "hash"
        ).without(
            "forward between equal parallelism, hash behind a `key`, else round_robin",
            because: "forward needs no queue: the two run as one"),
        TopologyKey(
            "nodes.from.partition.use", .operation, "A partitioner of a plugin.",
            example: "com.example.nearest"
        ).needed(),
        TopologyKey(
            "nodes.from.partition.with", .parameters, "The parameters of that partitioner.",
            example: "{zones: 3}"),
        TopologyKey(
            "nodes.from.key", .either([.field, .list(.field)]),
            "The field, or the list of fields, that is the record's key from here on; the bundled "
                + "`key` operator is put on the edge.",
            example: "customer.id"
        ).without("the key that the record has"),
        queue.below("nodes.from"),
        TopologyKey(
            "nodes.from.input", .pattern(idForm, says: "name of an input"),
            "The input that the records go into, for an operator that has several.",
            example: "left"
        ).without("`in`, or the only one"),
    ]

    static let queue = TopologyKey(
        "queue", .powerOfTwo(Limits.queueMin...Limits.queueMax),
        "Records that may wait between two tasks; a full queue makes the producer wait.",
        example: "4096"
    ).defaulting(to: "\(Limits.queueDefault)", because: "four full batches of 256")
}
