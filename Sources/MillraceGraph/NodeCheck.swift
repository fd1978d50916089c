// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Phases 4 and 5: each node alone. Finds its operator, asks whether this release can serve it,
/// and checks its parameters.
struct NodeCheck {
    /// Extensions of operators that are served.
    static let served: Set<String> = [
        "millrace.source/1", "millrace.partition/1", "millrace.metrics/1", "millrace.state/1",
        "millrace.sink/1", "millrace.keyed-state/1", "millrace.time/1",
    ]

    let names: OperatorNames
    let defaults: TopologyDefaults
    let outside: OutsideChecks
    var findings: Findings

    /// Nil when the node is broken.
    mutating func check(_ node: TopologyNode, place: Int) -> LogicalNode? {
        let id = node.id.value
        guard !findings.broken.contains(id) else { return nil }
        let entry: CatalogEntry
        do throws(Failure) {
            entry =
                if let function = node.function {
                    try functionEntry(function, node)
                } else {
                    try names.find(node.use, node: id)
                }
        } catch {
            findings.add(.error, error)
            return nil
        }
        let operation = entry.operation
        if operation.kind == .partitioner {
            findings.error(
                .unknownOperator, at: node.use.mark, node: id,
                "\(operation.id) is a partitioner, not a node",
                next: "name it on an edge: `partition: {use: \(node.use.value)}`")
            return nil
        }
        abilities(operation, at: node.use.mark, node: id)
        let schema = ParameterSchema(operation, outside: outside)
        let with = if let function = node.function { parameters(function, node) } else { node.with }
        let config = schema.check(
            with, path: "nodes.\(id).with", node: id, place: node.id.mark,
            findings: &findings)
        let parallelism = parallelism(node, operation)
        guard let config, !findings.broken.contains(id) else { return nil }
        let hard =
            operation.flags.contains(.blocks)
            ? Limits.watchdogHardBlockingNanoseconds : Limits.watchdogHardNanoseconds
        let soft = node.watchdog.soft ?? defaults.watchdog.soft
        let limit = node.watchdog.hard ?? defaults.watchdog.hard ?? max(hard, soft ?? 0)
        return LogicalNode(
            id: id, mark: node.id.mark, entry: entry, config: config, secrets: schema.secrets,
            parallelism: parallelism, outputMemory: node.outputMemory?.value,
            watchdogSoft: min(soft ?? Limits.watchdogSoftNanoseconds, limit), watchdogHard: limit,
            loop: node.loop?.value, onError: node.onError ?? defaults.onError ?? .deadLetter,
            isIsolated: isIsolated(node, operation), memory: memory(node, operation),
            eventTime: eventTime(node, operation), rank: NodeRank(place: place, inserted: 0))
    }

    /// A partitioner on an edge.
    mutating func partitioner(
        _ use: Marked<String>, _ with: [TreeMember], node: String
    ) -> PlannedEdge.Partitioner? {
        let entry: CatalogEntry
        do throws(Failure) {
            entry = try names.find(use, node: node)
        } catch {
            findings.add(.error, error)
            return nil
        }
        guard entry.operation.kind == .partitioner else {
            findings.error(
                .unknownOperator, at: use.mark, node: node,
                "\(entry.operation.id) is a \(entry.operation.kind.rawValue), not a partitioner",
                next: "built in: forward, round_robin, hash, broadcast, least_loaded")
            return nil
        }
        abilities(entry.operation, at: use.mark, node: node)
        let config = ParameterSchema(entry.operation, outside: outside).check(
            with, path: "nodes.\(node).from.partition.with", node: node, place: use.mark,
            findings: &findings)
        guard let config else { return nil }
        return PlannedEdge.Partitioner(
            operation: entry.operation, plugin: entry.plugin, config: config)
    }

    private mutating func abilities(_ operation: OperatorDescription, at mark: Mark, node: String) {
        for needed in operation.extensions where !Self.served.contains(needed) {
            findings.error(
                .unknownNeed, at: mark, node: node,
                "\(operation.id) needs `\(needed)`, which this release does not serve",
                next: "use a newer millrace, or another operator")
        }
    }

    /// The operator may ask for it; what the topology says wins.
    private func isIsolated(_ node: TopologyNode, _ operation: OperatorDescription) -> Bool {
        let asks = operation.flags.contains(.isolate)
        return (node.isolation ?? defaults.isolation ?? (asks ? .process : .executor)) == .process
    }

    /// What is taken in a process that others share cannot be told apart.
    private mutating func memory(
        _ node: TopologyNode, _ operation: OperatorDescription
    ) -> Int64? {
        guard let memory = node.memory else { return nil }
        guard !isIsolated(node, operation) else { return memory.value }
        findings.error(
            .notServed, at: memory.mark, node: node.id.value,
            "nodes.\(node.id.value).resources.memory: \(operation.id) shares its process with "
                + "other operators, and a limit would be theirs as well",
            next: "write `isolation: process` at \(node.id.value)")
        return nil
    }

    /// Time begins at a source; its field is looked at where that is known to be one.
    private mutating func eventTime(
        _ node: TopologyNode, _ operation: OperatorDescription
    ) -> PlannedEventTime? {
        guard let time = node.eventTime else { return nil }
        let path = "nodes.\(node.id.value).event_time"
        guard operation.kind == .source else {
            findings.error(
                .timeNotAtSource, at: time.mark, node: node.id.value,
                "\(path): \(operation.id) is a \(operation.kind.rawValue), and records get their "
                    + "time where they come from",
                next: "write it at the source before \(node.id.value)")
            return nil
        }
        if let field = time.field, let text = time.planned.field,
            let fault = outside.path(text)
        {
            findings.error(
                .expressionSyntax, at: field.place(ofBytes: fault.offset, length: fault.length),
                node: node.id.value, "\(path).field: \(fault.text)", next: fault.next)
        }
        return time.planned
    }

    /// A default gives way to what the operator can do; a number of the node's own does not.
    private mutating func parallelism(
        _ node: TopologyNode, _ operation: OperatorDescription
    ) -> Int {
        let most = operation.parallelismMax > 0 ? operation.parallelismMax : Limits.parallelismMax
        guard let asked = node.parallelism else { return min(defaults.parallelism ?? 1, most) }
        if asked.value > most {
            findings.error(
                .outOfRange, at: asked.mark, node: node.id.value,
                "nodes.\(node.id.value).parallelism: \(operation.id) runs as at most \(most)",
                next: "write \(most)")
        }
        return asked.value
    }
}
