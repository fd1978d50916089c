// SPDX-License-Identifier: Apache-2.0
// The keys of a topology file, as this release serves them:
//
//     millrace     1                       required
//     name         [a-z][a-z0-9-]{0,62}    the file's name
//     description  text
//     plugins      list of name@range or path
//     defaults     {parallelism, queue, watchdog}
//     nodes        map id -> {use, with, from, parallelism, output_memory, watchdog, description}
//     arena        size of the executor's memory for records
//
// For experts and benchmarks: `threads` (loop threads), `pin` (bind them to processors), `idle`
// (`adaptive` or `spin`), and of a node `loop` (the loop thread all its tasks run on).
import MillraceCore

/// The shape of the file: from a tree to a topology, with every fault of the file's own keys.
package struct TopologyReader {
    private var shape: ShapeReader

    /// Nil when there is no usable list of nodes.
    package static func read(_ tree: TreeValue, findings: inout Findings) -> Topology? {
        var reader = TopologyReader(shape: ShapeReader(findings: findings))
        let topology = reader.topology(tree)
        findings = reader.shape.findings
        return topology
    }

    private mutating func topology(_ tree: TreeValue) -> Topology? {
        guard case .map(let members) = tree.content else {
            shape.wrong(tree, "topology", "a map with `millrace` and `nodes`")
            return nil
        }
        TopologyKeys.file.check(members, path: "", node: nil, &shape.findings)
        guard version(tree) else { return nil }
        var topology = Topology()
        for member in members { read(member, into: &topology) }
        guard let nodes = tree["nodes"] else {
            shape.findings.error(
                .missingKey, at: tree.mark, "nodes: missing",
                next: "list at least one node: `nodes: {in: {use: stdin}, ...}`")
            return nil
        }
        guard let list = shape.map(nodes.value, "nodes") else { return nil }
        if list.isEmpty {
            shape.findings.error(
                .missingKey, at: nodes.nameMark, "nodes: empty", next: "list at least one node")
        }
        for member in list {
            if let node = node(member) { topology.nodes.append(node) }
        }
        shape.node = nil
        return topology
    }

    private mutating func version(_ tree: TreeValue) -> Bool {
        guard let member = tree["millrace"] else {
            shape.findings.error(
                .missingKey, at: tree.mark, "millrace: missing",
                next: "put `millrace: 1` in the first line")
            return true
        }
        guard case .int(let number) = member.value.content, number >= 1 else {
            shape.wrong(member.value, "millrace", "the format version 1")
            return true
        }
        if number == 1 { return true }
        shape.findings.error(
            .newerFormat, at: member.value.mark,
            "millrace: format \(number) is newer than this release, which reads 1",
            next: "install a newer millrace")
        return false
    }

    private mutating func read(_ member: TreeMember, into topology: inout Topology) {
        let value = member.value
        switch member.name {
        case "name":
            guard let name = shape.text(value, "name") else { return }
            if !Names.isTopologyName(name.value) {
                shape.findings.error(
                    .badID, at: value.mark, "name: `\(name.value)` is no name",
                    next: "use a-z, 0-9 and -, a letter first, at most 63")
            }
            topology.name = name
        case "description": topology.description = shape.text(value, "description")?.value
        case "plugins": topology.plugins = plugins(value)
        case "defaults": topology.defaults = defaults(value)
        case "arena":
            topology.arena = shape.size(value, "arena", (1 << 20)...(64 << 30))
        case "threads": topology.threads = shape.integer(value, "threads", 1...1_024)
        case "pin": topology.pinned = shape.bool(value, "pin") ?? false
        case "idle":
            guard let text = shape.text(value, "idle") else { return }
            if let idle = Plan.Idle(rawValue: text.value) {
                topology.idle = idle
            } else {
                choice(value, "idle", text.value, ["adaptive", "spin"])
            }
        default: break
        }
    }

    private mutating func plugins(_ value: TreeValue) -> [PluginRequest] {
        guard case .list(let items) = value.content else {
            shape.wrong(value, "plugins", "a list of names and paths")
            return []
        }
        var requests: [PluginRequest] = []
        for (index, item) in items.enumerated() {
            if item.content == .unresolved { continue }
            guard let text = shape.text(item, "plugins[\(index)]") else { continue }
            guard let request = PluginRequest(text) else {
                shape.findings.error(
                    .badID, at: item.mark, "plugins[\(index)]: `\(text.value)` names no plugin",
                    next: "write NAME, NAME@RANGE such as `fraud@^1.2`, or a path")
                continue
            }
            requests.append(request)
        }
        return requests
    }

    private mutating func defaults(_ value: TreeValue) -> TopologyDefaults {
        var defaults = TopologyDefaults()
        guard let members = shape.map(value, "defaults") else { return defaults }
        TopologyKeys.defaults.check(members, path: "defaults", node: nil, &shape.findings)
        for member in members {
            let path = "defaults.\(member.name)"
            switch member.name {
            case "parallelism":
                defaults.parallelism =
                    shape.integer(member.value, path, 1...Limits.parallelismMax)?.value
            case "queue": defaults.queue = shape.queue(member.value, path)?.value
            case "watchdog": defaults.watchdog = watchdog(member.value, path)
            case "isolation": isolation(member.value, path)
            default: break
            }
        }
        return defaults
    }
}

/// Nodes.
extension TopologyReader {
    private mutating func node(_ member: TreeMember) -> TopologyNode? {
        let id = member.name
        let path = "nodes.\(id)"
        shape.node = id
        if !Names.isNodeID(id) {
            shape.findings.error(
                .badID, at: member.nameMark, node: id,
                id == "errors"
                    ? "`errors` is the name of a port that every node has"
                    : "`\(id)` is no node id",
                next: "use a-z, 0-9 and _, a letter first, at most 63")
        }
        guard let members = shape.map(member.value, path) else { return nil }
        TopologyKeys.node.check(members, path: path, node: id, &shape.findings)
        guard let use = member.value["use"] else {
            shape.findings.error(
                .missingKey, at: member.nameMark, node: id, "\(path).use: missing",
                next: "name the operator: `use: pass`")
            return nil
        }
        let operation = shape.text(use.value, "\(path).use")
        let mark = operation?.mark ?? use.value.mark
        var node = TopologyNode(
            id: Marked(id, at: member.nameMark), use: Marked(operation?.value ?? "", at: mark))
        if let name = operation?.value, Names.isCFunction(name) {
            shape.findings.error(
                .notServed, at: mark, node: id,
                "\(path).use: C functions are known, but not served by this release",
                next: "write a plugin around it; docs/ABI.md shows one in 20 lines")
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
            node.from = edges(value, path)
        case "parallelism":
            node.parallelism = shape.integer(value, path, 1...Limits.parallelismMax)
        case "output_memory":
            let block = Int64(Limits.blockBytes)
            node.outputMemory = shape.size(
                value, path,
                Int64(Limits.quotaBlocksMin) * block...Int64(Limits.quotaBlocksMax) * block)
        case "watchdog": node.watchdog = watchdog(value, path)
        case "description": node.description = shape.text(value, path)?.value
        case "isolation": isolation(value, path)
        case "loop": node.loop = shape.integer(value, path, 0...1_023)
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
        case .text(let text): return reference(text, at: value.mark, path)
        case .map(let members):
            TopologyKeys.edge.check(members, path: path, node: shape.node, &shape.findings)
            guard let name = value["node"] else {
                shape.findings.error(
                    .missingKey, at: value.mark, node: shape.node, "\(path).node: missing",
                    next: "name the producer: `{node: orders, ...}`")
                return nil
            }
            guard let text = shape.text(name.value, "\(path).node"),
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
                    shape.text($0.element, "\(path)[\($0.offset)]")
                }
            } else {
                edge.key = shape.text(value, path).map { [$0] } ?? []
            }
        case "queue": edge.queue = shape.queue(value, path)
        case "input": edge.input = shape.text(value, path)
        default: break
        }
    }

    private mutating func partition(
        _ value: TreeValue, _ path: String
    ) -> Marked<TopologyPartition>? {
        let names = ["forward", "round_robin", "hash", "broadcast", "least_loaded"]
        if case .map(let members) = value.content {
            TopologyKeys.partition.check(members, path: path, node: shape.node, &shape.findings)
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
        guard let name = shape.text(value, path) else { return nil }
        if names.contains(name.value), let known = PlannedEdge.Partition(rawValue: name.value) {
            return Marked(.builtIn(known), at: value.mark)
        }
        choice(value, path, name.value, names, otherwise: ", or `{use: OPERATOR}`")
        return nil
    }

    private mutating func watchdog(_ value: TreeValue, _ path: String) -> TopologyWatchdog {
        var watchdog = TopologyWatchdog()
        guard let members = shape.map(value, path) else { return watchdog }
        TopologyKeys.watchdog.check(members, path: path, node: shape.node, &shape.findings)
        for member in members {
            let nanoseconds = shape.duration(member.value, "\(path).\(member.name)")
            switch member.name {
            case "soft": watchdog.soft = nanoseconds
            case "hard": watchdog.hard = nanoseconds
            default: break
            }
        }
        if let soft = watchdog.soft, let hard = watchdog.hard, soft > hard {
            shape.outOfRange(
                value.mark, path, "`soft` is longer than `hard`", next: "make `hard` the longer")
        }
        return watchdog
    }

    private mutating func isolation(_ value: TreeValue, _ path: String) {
        guard let text = shape.text(value, path) else { return }
        switch text.value {
        case "executor": break
        case "process":
            shape.findings.error(
                .notServed, at: value.mark, node: shape.node,
                "\(path): `process` is known, but not served by this release",
                next: "remove it: all operators share one executor")
        default: choice(value, path, text.value, ["executor", "process"])
        }
    }

    private mutating func choice(
        _ value: TreeValue, _ path: String, _ found: String, _ known: [String],
        otherwise: String = ""
    ) {
        let list = known.map { "`\($0)`" }.joined(separator: ", ")
        shape.findings.error(
            .outOfRange, at: value.mark, node: shape.node,
            "\(path): expected one of \(list)\(otherwise), found `\(found)`",
            next: Nearest.question(found, known))
    }
}
