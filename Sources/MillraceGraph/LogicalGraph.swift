// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Nodes with their operators and checked parameters, and the edges between their ports.
package struct LogicalGraph: Sendable {
    package var nodes: [LogicalNode] = []
    package var edges: [LogicalEdge] = []

    package init() {}

    /// Positions of nodes so that producers come before consumers; nodes that could go next are
    /// taken in the order of the file. Nodes on or behind a cycle are left out.
    package func topologicalOrder() -> [Int] {
        TopologicalOrder.of(ranks: nodes.map(\.rank), edges: edges.map { ($0.from, $0.to) })
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
    package var onError = ErrorReaction.deadLetter
    /// It has a process of its own.
    package var isIsolated = false
    /// Bytes that the operator may take for each task; nil: as many as there are.
    package var memory: Int64?
    /// Of a source: its records get a time.
    package var eventTime: PlannedEventTime?
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
