// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Nodes with their operators and checked parameters, and the edges between their ports.
package struct LogicalGraph: Sendable {
    package var nodes: [LogicalNode] = []
    package var edges: [LogicalEdge] = []

    package init() {}

    /// Positions in `edges` of what goes into a node.
    package func incoming(_ node: Int) -> [Int] { edges.indices.filter { edges[$0].to == node } }

    /// Positions of nodes so that producers come before consumers; nodes that could go next are
    /// taken in the order of the file. Nodes on or behind a cycle are left out.
    package func topologicalOrder() -> [Int] {
        var waiting = [Int](repeating: 0, count: nodes.count)
        var consumers = [[Int]](repeating: [], count: nodes.count)
        for edge in edges {
            waiting[edge.to] += 1
            consumers[edge.from].append(edge.to)
        }
        var ready = RankHeap(nodes.map(\.rank))
        for node in nodes.indices where waiting[node] == 0 { ready.push(node) }
        var order: [Int] = []
        while let node = ready.pop() {
            order.append(node)
            for consumer in consumers[node] {
                waiting[consumer] -= 1
                if waiting[consumer] == 0 { ready.push(consumer) }
            }
        }
        return order
    }
}

package struct LogicalNode: Sendable {
    package var id: String
    package var mark: Mark
    package var entry: CatalogEntry
    package var config: JSON
    package var secrets: [String]
    package var parallelism: Int
    /// Bytes, when the file asks for them.
    package var outputMemory: Int64?
    package var watchdogSoft: Int64
    package var watchdogHard: Int64
    package var loop: Int?
    /// Position in the file; a node of the engine comes right behind its producer.
    package var rank: NodeRank

    package var operation: OperatorDescription { entry.operation }
}

package struct NodeRank: Hashable, Comparable, Sendable {
    package var place: Int
    package var inserted: Int

    package static func < (a: NodeRank, b: NodeRank) -> Bool {
        (a.place, a.inserted) < (b.place, b.inserted)
    }
}

package struct LogicalEdge: Sendable {
    package var from: Int
    package var outputPort: Int
    package var to: Int
    package var inputPort: Int
    package var partition: PlannedEdge.Partition
    package var partitioner: PlannedEdge.Partitioner?
    package var queue: Int
    /// The edge itself asks for a queue, and so for a lane.
    package var queueAsked: Bool
    package var mark: Mark
}

/// The waiting nodes, least rank first.
private struct RankHeap {
    private let ranks: [NodeRank]
    private var items: [Int] = []

    init(_ ranks: [NodeRank]) { self.ranks = ranks }

    mutating func push(_ node: Int) {
        items.append(node)
        var child = items.count - 1
        while child > 0, ranks[items[child]] < ranks[items[(child - 1) / 2]] {
            items.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func pop() -> Int? {
        guard let least = items.first else { return nil }
        let last = items.removeLast()
        guard !items.isEmpty else { return least }
        items[0] = last
        var parent = 0
        while true {
            var small = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < items.count {
                if ranks[items[child]] < ranks[items[small]] { small = child }
            }
            if small == parent { return least }
            items.swapAt(small, parent)
            parent = small
        }
    }
}
