// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Which edges need no lane: the consumer is called right after the producer, in the same task
/// turn, on the window that was just filled.
///
/// An edge is fused when it is `forward` between equally many tasks, it is the only edge out of
/// its producer (all ports together) and the only one into its consumer, no partitioner and no
/// `queue` of its own stands on it, both ends name the same loop or none, and neither end blocks:
/// an operator that blocks has a thread to itself, and nobody else waits there. The consumer hears
/// of no time: timers and watermarks come between two batches of a lane.
package enum Fusion {
    /// One flag per edge.
    package static func fused(_ graph: LogicalGraph) -> [Bool] {
        var out = [Int](repeating: 0, count: graph.nodes.count)
        var into = out
        for edge in graph.edges {
            out[edge.from] += 1
            into[edge.to] += 1
        }
        return graph.edges.map { edge in
            let (producer, consumer) = (graph.nodes[edge.from], graph.nodes[edge.to])
            return edge.partition == .forward && edge.partitioner == nil && !edge.queueAsked
                && out[edge.from] == 1 && into[edge.to] == 1 && edge.from != edge.to
                && producer.parallelism == consumer.parallelism && producer.loop == consumer.loop
                && !producer.operation.flags.contains(.blocks)
                && !consumer.operation.flags.contains(.blocks)
                && !consumer.operation.extensions.contains("millrace.time/1")
        }
    }
}
