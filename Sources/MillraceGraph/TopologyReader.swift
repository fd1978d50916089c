// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// The shape of the file: from a tree to a topology, with every fault of the file's own keys.
/// `TopologyKeyTable` says which keys there are, and their bounds.
package struct TopologyReader {
    var shape: ShapeReader

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
        known(members, "", "of a topology", "")
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

    /// Refuses members that are no keys below `parent`; `path` is their place in the file.
    mutating func known(
        _ members: [TreeMember], _ parent: String, _ place: String, _ path: String
    ) {
        TopologyKeyTable.check(
            members, below: parent, place: place, path: path, node: shape.node, &shape.findings)
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
            guard let name = shape.text(value, "name"), !shape.isRefused(value, "name") else {
                return
            }
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
            topology.arena = shape.size(
                value, "arena", TopologyKeyTable.bounds("arena"))
        case "threads":
            topology.threads = shape.integer(
                value, "threads", TopologyKeyTable.integers("threads"))
        case "dead_letter": topology.lettersPerMinute = letterLimit(value)
        case "pin": topology.pinned = shape.bool(value, "pin") ?? false
        case "idle":
            guard let text = shape.text(value, "idle"), !shape.isRefused(value, "idle") else {
                return
            }
            if let idle = Plan.Idle(rawValue: text.value) {
                topology.idle = idle
            } else {
                choice(value, "idle", text.value, TopologyKeyTable.choices("idle").map(\.value))
            }
        case "checkpoint": topology.checkpoints = checkpoints(value)
        case "restart": topology.restarts = restarts(value)
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
        known(members, "defaults", "of `defaults`", "defaults")
        for member in members {
            let path = "defaults.\(member.name)"
            switch member.name {
            case "parallelism":
                defaults.parallelism =
                    shape.integer(
                        member.value, path, TopologyKeyTable.integers(path))?.value
            case "queue": defaults.queue = shape.queue(member.value, path)?.value
            case "watchdog": defaults.watchdog = watchdog(member.value, path)
            case "isolation": defaults.isolation = isolation(member.value, path)
            case "on_error": defaults.onError = onError(member.value, path)
            default: break
            }
        }
        return defaults
    }

    /// Records in a minute.
    private mutating func letterLimit(_ value: TreeValue) -> Int? {
        guard let members = shape.map(value, "dead_letter") else { return nil }
        known(members, "dead_letter", "of `dead_letter`", "dead_letter")
        guard let limit = value["limit"]?.value else { return nil }
        return shape.rate(limit, "dead_letter.limit").map { Int(min($0 * 60, 1e15).rounded()) }
    }
}

/// Nodes.
extension TopologyReader {
    private mutating func node(_ member: TreeMember) -> TopologyNode? {
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

    private mutating func watchdog(_ value: TreeValue, _ path: String) -> TopologyWatchdog {
        var watchdog = TopologyWatchdog()
        guard let members = shape.map(value, path) else { return watchdog }
        known(members, "nodes.watchdog", "of `watchdog`", path)
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

    private mutating func memory(_ value: TreeValue, _ path: String) -> Marked<Int64>? {
        guard let members = shape.map(value, path) else { return nil }
        known(members, "nodes.resources", "of `resources`", path)
        return value["memory"].flatMap { member in
            shape.size(
                member.value, "\(path).memory", TopologyKeyTable.bounds("nodes.resources.memory"))
        }
    }

    private mutating func isolation(_ value: TreeValue, _ path: String) -> Isolation? {
        served(value, path, "nodes.isolation").flatMap(Isolation.init)
    }

    private mutating func onError(_ value: TreeValue, _ path: String) -> ErrorReaction? {
        served(value, path, "nodes.on_error").flatMap(ErrorReaction.init)
    }

    /// One of the words of a key that this release serves.
    private mutating func served(_ value: TreeValue, _ path: String, _ key: String) -> String? {
        guard let text = shape.text(value, path), !shape.isRefused(value, path) else { return nil }
        let choices = TopologyKeyTable.choices(key)
        guard let found = choices.first(where: { $0.value == text.value }) else {
            choice(value, path, text.value, choices.map(\.value))
            return nil
        }
        guard let instead = found.instead else { return found.value }
        shape.findings.error(
            .notServed, at: value.mark, node: shape.node,
            "\(path): `\(found.value)` is known, but not served by this release",
            next: instead)
        return nil
    }

    mutating func choice(
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
