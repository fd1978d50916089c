// SPDX-License-Identifier: Apache-2.0
import CFlowTestOperators
import Testing

/// Operators that write more than there is room for: staging, resuming, bounds that exceed the
/// lane. A chain that is never woken again ends as stuck.
struct RoomTests {
    private static let middles: [FlowGraph.Kind] = [
        .pass, .sparse, .half, .map, .mapBlunt, .explode, .explodeBlunt, .last, .forwardAny,
        .bounded,
    ]

    @Test(arguments: middles, [8, 64, 1_024])
    func `whatever an operator writes goes through a short lane`(
        kind: FlowGraph.Kind, queue: Int
    ) {
        let graph = FlowGraph(seed: UInt64(queue + kind.rawValue))
        let source = graph.source(4_000)
        let middle = graph.node(kind, quota: 2)
        let sink = graph.node(.sink)
        graph.edge(source, middle, queue: 1_024)
        graph.edge(middle, sink, queue: queue)
        graph.expectRight()
    }

    @Test(arguments: middles, middles)
    func `chains keep what waits in their links`(first: FlowGraph.Kind, second: FlowGraph.Kind) {
        // Records of 40 kB among small ones use up the two blocks of each port.
        for queue in [8, 1_024] {
            let graph = FlowGraph(seed: UInt64(first.rawValue * 16 + second.rawValue))
            let source = graph.source(2_000, quota: 2, large: 40_000, largeIn1024: 5)
            let head = graph.node(first, quota: 2, fan: 20)
            let tail = graph.node(second, quota: 2, fan: 3)
            let sink = graph.node(.sink)
            graph.edge(source, head)
            graph.fuse(head, tail)
            graph.edge(tail, sink, queue: queue)
            graph.expectRight("queue \(queue)")
        }
    }

    @Test(arguments: [8, 64, 512, 1_024])
    func `a bound of a thousand records is waited for`(queue: Int) {
        let graph = FlowGraph(seed: 1)
        let source = graph.source(300)
        let many = graph.node(.bounded, quota: 4, fan: 1_000)
        let sink = graph.node(.sink)
        graph.edge(source, many)
        graph.edge(many, sink, queue: queue)
        graph.expectRight()
    }

    @Test func `a chain that scatters keeps order while one lane is full`() {
        let graph = FlowGraph(seed: 17)
        let source = graph.source(6_000, quota: 2, large: 30_000, largeIn1024: 20)
        let many = graph.node(.explodeBlunt, quota: 3, fan: 7)
        let half = graph.node(.half)
        let sinks = graph.node(.sink, tasks: 3)
        graph.edge(source, many)
        graph.fuse(many, half)
        graph.edge(half, sinks, .hash, queue: 8)
        graph.expectRight(loops: 3)
    }
}
