// SPDX-License-Identifier: Apache-2.0
// The regions of a job: the connected parts of its graph, under the numbers that they have in the
// log. A number is found again by the nodes that a region had in its last attempt, never by its
// place in the topology, where nodes come and go.
//
//     a part without state in the log        a new number, or that of its own attempts before,
//                                            which came to nothing
//     a part with state of one region        that number
//     several parts with state of one        together they stay that region: its manifests cannot
//                                            be told apart (a log from before the parts came apart)
//     a part with state of several regions   refused: no attempt begins from two claims; a
//                                            savepoint makes one of them
//     more parts than there may be regions   the last ones are one region
import MillraceCore

package enum Regions {
    /// Each has an executor at least.
    package static let most = Limits.regionsMax

    /// The regions of a graph, in the order of their first nodes. Throws MR2311 where state would
    /// be lost, MR2312 where state of several regions would have to be one.
    package static func plans(
        nodes: [String], edges: [(String, String)], log: LogState
    ) throws(Failure) -> [JobLifecycle.RegionPlan] {
        let known = log.regions.filter { $0.claim != nil }
        let there = Set(nodes)
        var bonds: [(String, String)] = []
        for region in known {
            let left = region.nodes.filter(there.contains)
            guard let first = left.first else { throw lost(region) }
            bonds += left.dropFirst().map { (first, $0) }
        }
        let parts = limited(
            nodes, edges + bonds, keeping: Set(known.flatMap(\.nodes)))
        var next = (log.regions.map(\.region).max() ?? 0) + 1
        var plans: [JobLifecycle.RegionPlan] = []
        for part in parts.nodes {
            let own = Set(part)
            let states = known.filter { !own.isDisjoint(with: $0.nodes) }
            if states.count > 1 { throw joined(states, part) }
            let idle = log.regions.first { region in
                region.claim == nil && !own.isDisjoint(with: region.nodes)
                    && !plans.contains { $0.region == region.region }
            }
            let region = (states.first ?? idle)?.region
            plans.append(.init(region: region ?? next, nodes: part))
            next += region == nil ? 1 : 0
        }
        return plans
    }

    /// At most as many parts as there may be; those with `old` nodes stay apart.
    private static func limited(
        _ nodes: [String], _ edges: [(String, String)], keeping old: Set<String>
    ) -> ConnectedParts {
        let parts = ConnectedParts(nodes: nodes, edges: edges)
        guard parts.nodes.count > most else { return parts }
        let kept = parts.nodes.filter { !old.isDisjoint(with: $0) }
        let fresh = parts.nodes.filter { old.isDisjoint(with: $0) }
        let all = kept + fresh
        let last = all[most - 1][0]
        return ConnectedParts(
            nodes: nodes, edges: edges + all.dropFirst(most).map { (last, $0[0]) })
    }

    private static func lost(_ region: LogState.Region) -> Failure {
        let names = region.nodes.map { "`\($0)`" }.joined(separator: ", ")
        return Failure(
            .stateLost, node: region.nodes.first,
            "the last checkpoint has state of \(names), and none of that is in the topology",
            next: "put the nodes back, or begin with another state directory")
    }

    private static func joined(_ regions: [LogState.Region], _ part: [String]) -> Failure {
        let own = Set(part)
        let names = regions.map { region in
            "`\(region.nodes.first(where: own.contains) ?? "")`"
        }
        return Failure(
            .regionsJoined, node: regions.last?.nodes.first(where: own.contains),
            "\(names.joined(separator: " and ")) are connected now, and had checkpoints of their "
                + "own before",
            next: "run the topology of before with `stop --savepoint`, then this one with --from "
                + "and another state directory")
    }
}
