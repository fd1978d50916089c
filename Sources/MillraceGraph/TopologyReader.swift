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

/// What stands in more than one place.
extension TopologyReader {
    mutating func watchdog(_ value: TreeValue, _ path: String) -> TopologyWatchdog {
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

    mutating func isolation(_ value: TreeValue, _ path: String) -> Isolation? {
        served(value, path, "nodes.isolation").flatMap(Isolation.init)
    }

    mutating func onError(_ value: TreeValue, _ path: String) -> ErrorReaction? {
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
