// SPDX-License-Identifier: Apache-2.0
import MillraceCore

extension ResolvedTopology {
    /// The canonical form: what runs, and nothing about how it was written. Two topologies that
    /// mean the same give the same bytes, so name, descriptions, paths and origins are left out;
    /// the keys have a fixed order, values one spelling.
    package var json: JSON {
        let limit = letterLimit.map { [JSON.Member("dead_letter_limit", $0.json)] } ?? []
        return .object(
            [
                .init("millrace", .int(1)), .init("arena", arena.json),
                .init("threads", threads.json),
                .init("pin", pinned.json), .init("idle", idle.json),
                .init("checkpoint", checkpoint.json), .init("restart", restart.json),
            ] + limit + [
                .init("nodes", .array(nodes.map(\.json))),
                .init("edges", .array(edges.map { $0.json(nodes) })),
            ])
    }
}

extension ResolvedTopology.Value {
    package var json: JSON {
        switch content {
        case .scalar(let value): value
        case .list(let items): .array(items.map(\.json))
        case .map(let members): .object(members.map { JSON.Member($0.name, $0.value.json) })
        }
    }
}

extension ResolvedTopology.Node {
    /// Abilities and habits of the operator that decide what a crash, a restart or a second run
    /// can change.
    package var facts: [String] {
        let flags = operation.flags
        var facts: [String] = []
        if flags.contains(.stateless) { facts.append("stateless") }
        if operation.extensions.contains("millrace.state/1") { facts.append("keeps_state") }
        if flags.contains(.deterministic) { facts.append("deterministic") }
        if flags.contains(.reorders) { facts.append("reorders") }
        if flags.contains(.blocks) { facts.append("blocks") }
        return facts
    }

    fileprivate var json: JSON {
        let reaction = onError.map { [JSON.Member("on_error", $0.json)] } ?? []
        let limits =
            memory.map { [JSON.Member("resources", .object([.init("memory", $0.json)]))] } ?? []
        let time =
            eventTime.isEmpty
            ? []
            : [
                JSON.Member(
                    "event_time",
                    .object(eventTime.map { JSON.Member($0.name, $0.value.json) }))
            ]
        return .object(
            [
                .init("id", .string(id)), .init("kind", .string(operation.kind.rawValue)),
                .init("use", .string(use)), .init("plugin", pluginJSON(plugin)),
                .init("inserted", .bool(isInserted)), .init("with", with.json),
                .init("parallelism", parallelism.json), .init("isolation", isolation.json),
            ] + reaction + [
                .init("output_memory", operation.outputs.isEmpty ? .null : outputMemory.json),
                .init(
                    "watchdog",
                    .object([.init("soft", watchdogSoft.json), .init("hard", watchdogHard.json)])),
                .init("loop", loop?.json ?? .null),
            ] + limits + time + [
                .init("facts", .array(facts.map { .string($0) }))
            ])
    }
}

extension ResolvedTopology.Edge {
    fileprivate func json(_ nodes: [ResolvedTopology.Node]) -> JSON {
        .object([
            .init("from", .string(nodes[from].id)), .init("port", .string(outputPort)),
            .init("to", .string(nodes[to].id)), .init("input", .string(inputPort)),
            .init("partition", partition.json),
            .init(
                "partitioner",
                partitioner.map { partitioner in
                    .object([
                        .init("use", .string(partitioner.use)),
                        .init("plugin", pluginJSON(partitioner.plugin)),
                        .init("with", partitioner.with.json),
                    ])
                } ?? .null),
            .init("fused", .bool(isFused)), .init("queue", isFused ? .null : queue.json),
        ])
    }
}

private func pluginJSON(_ plugin: PluginReference) -> JSON {
    .object([
        .init("name", .string(plugin.name)), .init("version", .string(plugin.version)),
        .init("sha256", .string(plugin.sha256)),
    ])
}
