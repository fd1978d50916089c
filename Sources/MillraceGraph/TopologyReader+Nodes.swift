// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Nodes.
extension TopologyReader {
    mutating func node(_ member: TreeMember) -> TopologyNode? {
        let id = member.name
        let path = "nodes.\(id)"
        shape.node = id
        let what = "the id `\(id)`"
        let isRefused = Interpolation.refuse(
            id, at: member.nameMark, node: id, what, &shape.findings)
        if !isRefused, !Names.isNodeID(id) {
            shape.findings.error(
                .badID, at: member.nameMark, node: id,
                id == "errors"
                    ? "`errors` is the name of a port that every node has"
                    : "`\(id)` is no node id",
                next: "use a-z, 0-9 and _, a letter first, at most 63")
        }
        guard case .map(let members) = member.value.content else {
            var next = "write `\(id): {use: OPERATOR}`"
            if case .text(let text) = member.value.content, !text.contains(" ") {
                next = "write `\(id): {use: \(text)}`"
            }
            shape.wrong(member.value, path, "a map", next: next)
            return nil
        }
        known(members, "nodes", "of a node", path)
        guard let use = member.value["use"] else {
            shape.findings.error(
                .missingKey, at: member.nameMark, node: id, "\(path).use: missing",
                next: "name the operator: `use: pass`")
            return nil
        }
        if shape.isRefused(use.value, "\(path).use") { return nil }
        let operation = shape.text(use.value, "\(path).use")
        let mark = operation?.mark ?? use.value.mark
        var node = TopologyNode(
            id: Marked(id, at: member.nameMark), use: Marked(operation?.value ?? "", at: mark))
        if Names.isCFunction(node.use.value) {
            node.function = TopologyFunction(use.value, node: id, findings: &shape.findings)
        }
        for part in members { read(part, path: "\(path).\(part.name)", into: &node) }
        return node
    }

    private mutating func read(_ part: TreeMember, path: String, into node: inout TopologyNode) {
        let value = part.value
        switch part.name {
        case "with":
            if value.content != .null { node.with = shape.map(value, path) ?? [] }
        case "from":
            if value.content == .null { return }
            node.fromMark = part.nameMark
            let before = shape.findings.all.count
            node.from = edges(value, path)
            node.fromIsWhole = shape.findings.all.count == before
        case "parallelism":
            node.parallelism = shape.integer(
                value, path, TopologyKeyTable.integers("nodes.parallelism"))
        case "output_memory":
            node.outputMemory = shape.size(
                value, path, TopologyKeyTable.bounds("nodes.output_memory"))
        case "watchdog": node.watchdog = watchdog(value, path)
        case "description": node.description = shape.text(value, path)?.value
        case "isolation": node.isolation = isolation(value, path)
        case "on_error": node.onError = onError(value, path)
        case "resources": node.memory = memory(value, path)
        case "event_time": node.eventTime = eventTime(part, path)
        case "loop":
            node.loop = shape.integer(
                value, path, TopologyKeyTable.integers("nodes.loop"))
        default: break
        }
    }

    private mutating func edges(_ value: TreeValue, _ path: String) -> [TopologyEdge] {
        guard case .list(let items) = value.content else {
            return edge(value, path).map { [$0] } ?? []
        }
        if items.isEmpty {
            shape.findings.error(
                .missingKey, at: value.mark, node: shape.node, "\(path): empty",
                next: "name a node, or remove `from` if this is a source")
        }
        return items.enumerated().compactMap { edge($0.element, "\(path)[\($0.offset)]") }
    }

    private mutating func edge(_ value: TreeValue, _ path: String) -> TopologyEdge? {
        switch value.content {
        case .text(let text):
            return shape.isRefused(value, path) ? nil : reference(text, at: value.mark, path)
        case .map(let members):
            known(members, "nodes.from", "of an edge", path)
            guard let name = value["node"] else {
                shape.findings.error(
                    .missingKey, at: value.mark, node: shape.node, "\(path).node: missing",
                    next: "name the producer: `{node: orders, ...}`")
                return nil
            }
            guard let text = shape.text(name.value, "\(path).node"),
                !shape.isRefused(name.value, "\(path).node"),
                var edge = reference(text.value, at: name.value.mark, path)
            else { return nil }
            for member in members {
                read(member, path: "\(path).\(member.name)", into: &edge)
            }
            return edge
        case .null, .bool, .int, .float, .list, .unresolved:
            shape.wrong(value, path, "a node, `node.port` or `{node: …}`")
            return nil
        }
    }

    private mutating func reference(_ text: String, at mark: Mark, _ path: String) -> TopologyEdge?
    {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.first, !name.isEmpty, parts.count == 1 || !parts[1].isEmpty else {
            shape.findings.error(
                .unknownNodeOrPort, at: mark, node: shape.node, "\(path): `\(text)` names no node",
                next: "write `node` or `node.port`")
            return nil
        }
        return TopologyEdge(
            node: String(name), port: parts.count == 2 ? String(parts[1]) : nil, mark: mark)
    }

    private mutating func read(_ member: TreeMember, path: String, into edge: inout TopologyEdge) {
        let value = member.value
        switch member.name {
        case "partition": edge.partition = partition(value, path)
        case "key":
            if case .list(let items) = value.content {
                edge.key = items.enumerated().compactMap {
                    shape.fieldPath($0.element, "\(path)[\($0.offset)]")
                }
                keyCount(items.count, value, path)
            } else {
                edge.key = shape.fieldPath(value, path).map { [$0] } ?? []
            }
        case "queue": edge.queue = shape.queue(value, path)
        case "input": edge.input = shape.text(value, path)
        default: break
        }
    }

    private mutating func keyCount(_ count: Int, _ value: TreeValue, _ path: String) {
        if (1...Limits.keyFieldsMax).contains(count) { return }
        shape.outOfRange(
            value.mark, path,
            "\(count) fields; a key has between 1 and \(Limits.keyFieldsMax)")
    }

    private mutating func partition(
        _ value: TreeValue, _ path: String
    ) -> Marked<TopologyPartition>? {
        let names = TopologyKeyTable.choices("nodes.from.partition").map(\.value)
        if case .map(let members) = value.content {
            known(members, "nodes.from.partition", "of a partition", path)
            guard let use = value["use"] else {
                shape.findings.error(
                    .missingKey, at: value.mark, node: shape.node, "\(path).use: missing",
                    next: "name the partitioner")
                return nil
            }
            guard let name = shape.text(use.value, "\(path).use") else { return nil }
            var with: [TreeMember] = []
            if let member = value["with"], member.value.content != .null {
                with = shape.map(member.value, "\(path).with") ?? []
            }
            return Marked(.custom(use: name, with: with), at: value.mark)
        }
        guard let name = shape.text(value, path), !shape.isRefused(value, path) else { return nil }
        if names.contains(name.value), let known = PlannedEdge.Partition(rawValue: name.value) {
            return Marked(.builtIn(known), at: value.mark)
        }
        choice(value, path, name.value, names, otherwise: ", or `{use: OPERATOR}`")
        return nil
    }

    private mutating func memory(_ value: TreeValue, _ path: String) -> Marked<Int64>? {
        guard let members = shape.map(value, path) else { return nil }
        known(members, "nodes.resources", "of `resources`", path)
        return value["memory"].flatMap { member in
            shape.size(
                member.value, "\(path).memory", TopologyKeyTable.bounds("nodes.resources.memory"))
        }
    }
}
