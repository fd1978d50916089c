// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Every key a topology may have, and which of them this release serves.
///
/// A key that is known but not served is refused (MR2008), never ignored: a file that asks for
/// checkpoints must not run without them.
package struct TopologyKeys: Sendable {
    let place: String
    let served: [String]
    /// Key and what to do instead.
    let later: [(key: String, next: String)]

    func check(_ members: [TreeMember], path: String, node: String?, _ findings: inout Findings) {
        for member in members where !served.contains(member.name) {
            let full = path.isEmpty ? member.name : "\(path).\(member.name)"
            if let known = later.first(where: { $0.key == member.name }) {
                findings.error(
                    .notServed, at: member.nameMark, node: node,
                    "\(full): known, but not served by this release", next: known.next)
                continue
            }
            let known = served + later.map(\.key)
            findings.error(
                .unknownKey, at: member.nameMark, node: node, "\(full): unknown key \(place)",
                next: Nearest.question(member.name, known)
                    ?? "known keys: \(served.joined(separator: ", "))")
        }
    }

    package static let file = TopologyKeys(
        place: "of a topology",
        served: [
            "millrace", "name", "description", "plugins", "defaults", "nodes", "arena", "threads",
            "pin", "idle",
        ],
        later: [
            ("dead_letter", "remove it: a refused record ends the run"),
            ("checkpoint", "remove it: nothing is saved between runs yet"),
            ("restart", "remove it: a crash ends the run"),
            ("metrics", "remove it: metrics are per node"),
            ("tests", "remove it, or keep the tests in a file of their own"),
        ])

    package static let defaults = TopologyKeys(
        place: "of `defaults`", served: ["parallelism", "queue", "watchdog", "isolation"],
        later: [
            ("on_error", "remove it: a refused record ends the run"),
            ("retry", "remove it: a transient failure is tried again by the engine's own rule"),
        ])

    package static let node = TopologyKeys(
        place: "of a node",
        served: [
            "use", "with", "from", "parallelism", "output_memory", "watchdog", "description",
            "isolation", "loop",
        ],
        later: [
            ("event_time", "remove it: records have no event time yet"),
            ("window", "remove it: aggregates give their totals at the end of the input"),
            ("on_error", "remove it: a refused record ends the run"),
            ("retry", "remove it: a transient failure is tried again by the engine's own rule"),
            ("log_level", "remove it, and set the level for the whole command"),
            ("renamed_from", "remove it: there is no saved state to carry over"),
            ("place", "remove it: everything runs on this machine"),
            ("resources", "remove it: tasks share one executor"),
        ])

    package static let edge = TopologyKeys(
        place: "of an edge", served: ["node", "partition", "key", "queue", "input"], later: [])

    package static let partition = TopologyKeys(
        place: "of a partition", served: ["use", "with"], later: [])

    package static let watchdog = TopologyKeys(
        place: "of `watchdog`", served: ["soft", "hard"], later: [])
}
