// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Keyed state lies where its key group lies: every task has some of the groups, so a record has to
/// come to the task that its key belongs to.
extension WiringCheck {
    /// MR2305 for an edge that brings records of any key to any task. `forward` keeps what an
    /// exchange by key before it has done.
    mutating func refuseStrayKeys() {
        var incoming = [[Int]](repeating: [], count: graph.nodes.count)
        for (number, edge) in graph.edges.enumerated() { incoming[edge.to].append(number) }
        var isByKey = [Bool](repeating: false, count: graph.nodes.count)
        for position in graph.topologicalOrder() {
            let stray = incoming[position].filter { number in
                let edge = graph.edges[number]
                return edge.partition != .hash
                    && !(edge.partition == .forward && isByKey[edge.from])
            }
            steps += incoming[position].count
            isByKey[position] = stray.isEmpty && !incoming[position].isEmpty
            let node = graph.nodes[position]
            guard node.parallelism > 1, node.operation.keepsKeyedState else { continue }
            for number in stray { refuse(graph.edges[number], to: node) }
        }
    }

    private mutating func refuse(_ edge: LogicalEdge, to node: LogicalNode) {
        error(
            .keyedStateWithoutHash, at: edge.mark, node: node.id,
            "\(node.id) keeps something for each key in \(node.parallelism) tasks, and "
                + "`\(edge.partition.rawValue)` brings the records of a key to any of them",
            next: "write `partition: hash`, or `parallelism: 1`")
    }
}
