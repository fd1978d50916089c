// SPDX-License-Identifier: Apache-2.0
// Where the flow is held up. Begin at each source that is blocked more than a fifth of the time;
// follow the edge that accounts for most of it; the first node that is itself blocked a fifth of
// the time or less is the bottleneck. No blocked source: none, the job is limited by its input.
//
// A task does not know which of its outputs it waits for, so "accounts for most of it" is read
// from the other side: the consumer with the fullest input lanes, then the busiest one.
import MillraceCore
import MillraceGraph

package struct Bottleneck: Hashable, Codable, Sendable {
    package struct Blocked: Hashable, Codable, Sendable {
        package var node: String
        /// Share of the time it waits.
        package var share: Double
    }

    package var node: String
    package var busy: Double
    /// Who waits for it directly, the most patient first.
    package var blocks: [Blocked]

    static let blockedLimit = 0.2

    /// `nodes` are the views of `plan.nodes`, in their order.
    static func find(in plan: Plan, nodes: [NodeView]) -> Bottleneck? {
        var starts: [Int] = []
        for (position, node) in plan.nodes.enumerated() where node.operation.kind == .source {
            if nodes[position].time.blocked > blockedLimit { starts.append(position) }
        }
        // Of several blocked sources the one that waits most has the most to gain.
        guard let start = starts.max(by: { nodes[$0].time.blocked < nodes[$1].time.blocked }) else {
            return nil
        }
        var here = start
        while nodes[here].time.blocked > blockedLimit {
            let consumers = plan.edges.filter { $0.from == here }.map(\.to)
            let pressed = consumers.max {
                (nodes[$0].queue, nodes[$0].time.busy) < (nodes[$1].queue, nodes[$1].time.busy)
            }
            guard let next = pressed else { break }
            here = next
        }
        let waiting = Set(plan.edges.filter { $0.to == here }.map(\.from))
            .filter { nodes[$0].time.blocked > blockedLimit }
            .map { Blocked(node: nodes[$0].id, share: nodes[$0].time.blocked) }
            .sorted { ($1.share, $0.node) < ($0.share, $1.node) }
        return Bottleneck(node: nodes[here].id, busy: nodes[here].time.busy, blocks: waiting)
    }

    var json: JSON {
        .object([
            .init("node", .string(node)), .init("busy", .double(busy)),
            .init(
                "blocks",
                .array(
                    blocks.map {
                        .object([
                            .init("node", .string($0.node)), .init("share", .double($0.share)),
                        ])
                    })),
        ])
    }
}
