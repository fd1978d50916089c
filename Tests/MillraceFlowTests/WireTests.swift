// SPDX-License-Identifier: Apache-2.0
import CFlowTestOperators
import CMillraceRuntime
import Testing

/// Lanes that leave the process. Both ends are in this one here; what the other end may write is
/// tried by writing into the memory between them.
struct WireTests {
    private static func diamond(seed: Int, ring: Int, bytes: ClosedRange<Int> = 40...200)
        -> (graph: FlowGraph, others: [FlowGraph.Node])
    {
        let graph = FlowGraph(seed: UInt64(seed))
        let source = graph.source(6_000, tasks: 2, bytes: bytes)
        let split = graph.node(.split)
        let (pass, map) = (graph.node(.pass, tasks: 2), graph.node(.map))
        let sink = graph.node(.sink, tasks: 2)
        graph.edge(source, split, .hash, queue: 16, wire: ring)
        graph.edge(split, port: 0, pass, .roundRobin, wire: ring)
        graph.edge(split, port: 1, map, wire: ring)
        graph.edge(pass, sink, .hash, queue: 8, wire: ring)
        graph.edge(map, sink, .broadcast, wire: ring)
        return (graph, [split, pass, map, sink])
    }

    @Test(arguments: 1...20)
    func `everything crosses once, intact and in order`(seed: Int) {
        Self.diamond(seed: seed, ring: 1 << 18).graph.expectRight(loops: 3, turns: 1_000_000)
    }

    @Test(arguments: 1...10)
    func `records of many blocks cross, and wait for room on both sides`(seed: Int) {
        let graph = FlowGraph(seed: UInt64(seed))
        let source = graph.source(600, large: 7 * 65_536, largeIn1024: 300)
        let sink = graph.node(.sink)
        graph.edge(source, sink, wire: 1 << 21)
        graph.expectRight(turns: 1_000_000)
    }

    @Test(arguments: 1...20)
    func `barriers cut where the sources did, also behind the end`(seed: Int) {
        let (graph, nodes) = Self.diamond(seed: seed, ring: 1 << 18)
        graph.build(loops: 3)
        graph.end(with: 5)
        var epoch = 0
        while graph.some(50) {
            if epoch < 4, graph.barrier(epoch + 1) { epoch += 1 }
        }
        #expect(graph.run() == .finished, "\(graph.text)")
        for passed in [epoch, 5] where passed > 0 {
            #expect(graph.cutIsRight(passed, nodes), "seed \(seed), barrier \(passed)")
        }
    }

    /// Whatever it is, it is found, or it was not read: no byte outside of the ring is touched, and
    /// nothing that cannot be a record gets on.
    @Test(arguments: 1...100)
    func `what the other end scribbles harms nobody`(seed: Int) {
        let (graph, _) = Self.diamond(seed: seed, ring: 1 << 18)
        graph.build(loops: 3)
        for round in 0..<40 where graph.some(20) {
            flow_scribble(graph.handle, UInt64(seed) << 8 | UInt64(round))
        }
        let outcome = graph.run(turns: 20_000)
        if outcome == .failed { #expect(graph.failure.violation == UInt32(MRR_BROKE_WIRE)) }
    }

    @Test func `a broken frame fails the chain that reads it`() {
        var broken = 0
        for seed in 1...40 {
            let (graph, _) = Self.diamond(seed: seed, ring: 1 << 18)
            graph.build(loops: 3)
            _ = graph.some(200)
            for round in 0..<200 { flow_scribble(graph.handle, UInt64(round * 4) << 8) }
            if graph.run(turns: 20_000) == .failed { broken += 1 }
        }
        #expect(broken > 20)
    }
}
