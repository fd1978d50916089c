// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Every key a topology may have, those of later releases included: the one description of them.
///
/// A key that is known but not served is refused (MR2008), never ignored: a file that asks for
/// event time must not run without it.
package enum TopologyKeyTable {
    /// In the order of the reference: a key comes before what is below it.
    package static let all: [TopologyKey] =
        fileKeys + checkpointKeys + deadLetterKeys + restartKeys + testKeys + nodeKeys + edgeKeys
        + timeKeys
        + nodeFailureKeys + placeKeys

    /// What a user may mean by a path.
    package enum Lookup: Hashable, Sendable {
        case found(TopologyKey)
        /// Several keys end in it (`retry.attempts`), in the order of the table.
        case several([TopologyKey])
        /// None does; paths that are close, best first, at most five.
        case unknown(near: [String])
    }

    /// By the whole path (`checkpoint.every`, `nodes.from.queue`), else by its end at a dot
    /// (`queue`); `edge.queue` is `nodes.from.queue`, `node.use` is `nodes.use`.
    package static func lookup(_ path: String) -> Lookup {
        if let key = byPath[path] { return .found(key) }
        let full = spelledOut(path)
        if let key = byPath[full] { return .found(key) }
        let ends = all.filter { $0.path.hasSuffix(".\(path)") }
        if ends.count == 1 { return .found(ends[0]) }
        if ends.count > 1 { return .several(ends) }
        return .unknown(near: nearest(full))
    }

    /// By the whole path, nothing else.
    package static subscript(path: String) -> TopologyKey? { byPath[path] }

    /// Keys right below a path, in the order of the table; the empty path has those of the file.
    package static func members(of parent: String) -> [TopologyKey] { byParent[parent] ?? [] }

    private static let byPath: [String: TopologyKey] = {
        var paths: [String: TopologyKey] = [:]
        for key in all {
            let earlier = paths.updateValue(key, forKey: key.path)
            precondition(earlier == nil, "BUG: \(key.path) is described twice")
        }
        return paths
    }()

    private static let byParent = Dictionary(grouping: all, by: \.parent)

    private static func spelledOut(_ path: String) -> String {
        for (short, long) in [("edge", "nodes.from"), ("node", "nodes")] {
            if path == short { return long }
            if path.hasPrefix("\(short).") { return long + path.dropFirst(short.count) }
        }
        return path
    }

    private static func nearest(_ path: String) -> [String] {
        let depth = path.split(separator: ".").count
        var near: [(distance: Int, order: Int, path: String)] = []
        for (order, key) in all.enumerated() {
            let tail = key.path.split(separator: ".").suffix(depth).joined(separator: ".")
            let limit = max(1, path.count / 3)
            guard let distance = Nearest.distance(path, tail, limit: limit) else { continue }
            near.append((distance, order, key.path))
        }
        return near.sorted { ($0.distance, $0.order) < ($1.distance, $1.order) }
            .prefix(5).map(\.path)
    }
}

extension TopologyKeyTable {
    /// Refuses members that the keys below `parent` do not name (MR2003) or that this release does
    /// not serve (MR2008). `path` is the place of the members in the file, `place` in words:
    /// `of an edge`.
    static func check(
        _ members: [TreeMember], below parent: String, place: String, path: String, node: String?,
        _ findings: inout Findings
    ) {
        let keys = Self.members(of: parent)
        for member in members {
            let full = path.isEmpty ? member.name : "\(path).\(member.name)"
            let key = byPath[parent.isEmpty ? member.name : "\(parent).\(member.name)"]
            if let key {
                guard let instead = key.instead else { continue }
                findings.error(
                    .notServed, at: member.nameMark, node: node,
                    "\(full): known, but not served by this release", next: instead)
                continue
            }
            let what = "the key `\(member.name)`"
            if Interpolation.refuse(
                member.name, at: member.nameMark, node: node, what, &findings)
            {
                continue
            }
            findings.error(
                .unknownKey, at: member.nameMark, node: node, "\(full): unknown key \(place)",
                next: Nearest.question(member.name, keys.map(\.name))
                    ?? elsewhere(member.name, not: parent) ?? known(keys))
        }
    }

    /// A key that stands at the wrong depth: `window` of the file, `nodes` of a node.
    private static func elsewhere(_ name: String, not parent: String) -> String? {
        let places = all.filter { $0.name == name && $0.parent != parent }.map(\.path)
        guard places.count == 1, let place = places.first else { return nil }
        return "it is a key of another place: `\(place)`"
    }

    private static func known(_ keys: [TopologyKey]) -> String {
        let names = keys.filter { $0.isServed && !$0.isExpert }.map(\.name)
        return "known keys: \(names.joined(separator: ", "))"
    }

    /// Bounds of a key that is a whole number, so that nobody else writes them down.
    static func integers(_ path: String) -> ClosedRange<Int> {
        switch byPath[path]?.kind {
        case .integer(let range), .powerOfTwo(let range): return range
        default: preconditionFailure("BUG: \(path) is no whole number")
        }
    }

    /// Bounds of a key that is a size or a duration, in bytes or nanoseconds.
    static func bounds(_ path: String) -> ClosedRange<Int64> {
        switch byPath[path]?.kind {
        case .size(let range), .duration(let range): return range
        default: preconditionFailure("BUG: \(path) is no size and no duration")
        }
    }

    /// The words of a key that is a choice, or may be one.
    static func choices(_ path: String) -> [TopologyKey.Choice] {
        switch byPath[path]?.kind {
        case .choice(let choices): return choices
        case .either(let kinds):
            for case .choice(let choices) in kinds { return choices }
            preconditionFailure("BUG: \(path) is no choice")
        default: preconditionFailure("BUG: \(path) is no choice")
        }
    }
}
