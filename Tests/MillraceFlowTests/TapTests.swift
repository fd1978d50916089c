// SPDX-License-Identifier: Apache-2.0
import CFlowTestOperators
import CMillraceRuntime
import Testing

/// What passes an open side of a task is shown once, whole, and nothing else changes.
struct TapTests {
    private static let kinds: [FlowGraph.Kind] = [
        .pass, .sparse, .half, .map, .mapBlunt, .explode, .explodeBlunt, .last, .forwardAny,
        .bounded,
    ]
    private static let input: UInt32 = MRR_TAP_INPUT

    /// A source, the operator in the middle, a sink behind it; small queues, so that calls stop in
    /// the middle, wrap around the ends of rings and write to staging.
    private struct Line {
        let graph = FlowGraph(seed: 21)
        let source: FlowGraph.Node
        let middle: FlowGraph.Node
        let sink: FlowGraph.Node

        init(_ kind: FlowGraph.Kind, fused: Bool, tasks: Int = 1) {
            source = graph.source(2_000, tasks: tasks)
            middle = graph.node(kind, tasks: tasks, quota: 4, fan: 7)
            sink = graph.node(.sink, tasks: tasks)
            if fused {
                graph.fuse(source, middle)
            } else {
                graph.edge(source, middle, .hash, queue: 16)
            }
            graph.edge(middle, sink, tasks == 1 ? .forward : .hash, queue: 8)
            graph.build()
        }
    }

    @Test(arguments: kinds, [false, true])
    func `every record that passes is shown`(kind: FlowGraph.Kind, fused: Bool) {
        for side in 0..<4 {
            let line = Line(kind, fused: fused, tasks: fused ? 1 : 2)
            let (node, port) = [
                (line.source, 0), (line.middle, Self.input), (line.middle, 0),
                (line.sink, Self.input),
            ][side]
            flow_tap(line.graph.handle, node.number, port, 0)
            line.graph.expectRight("\(kind), fused \(fused), side \(side)")
            let tapped = flow_tap_seen(line.graph.handle, node.number, port)
            #expect(tapped.broken == 0, "side \(side)")
            #expect(tapped.passed == tapped.seen.count, "side \(side)")
            let seen = flow_seen(line.graph.handle, (side < 2 ? line.middle : line.sink).number)
            #expect(tapped.seen.count == seen.count, "side \(side)")
            #expect(tapped.seen.sum == seen.sum, "side \(side)")
        }
    }

    @Test(arguments: [FlowGraph.Kind.split, .tee])
    func `each port is tapped by itself, also one that nobody reads`(kind: FlowGraph.Kind) {
        for port: UInt32 in 0..<2 {
            let graph = FlowGraph(seed: 5)
            let source = graph.source(3_000)
            let middle = graph.node(kind)
            let sink = graph.node(.sink)
            graph.edge(source, middle)
            graph.edge(middle, port: 0, sink)
            graph.build()
            flow_tap(graph.handle, middle.number, port, 0)
            graph.expectRight("\(kind), port \(port)")
            let tapped = flow_tap_seen(graph.handle, middle.number, port)
            #expect(tapped.broken == 0)
            let expected = port == 0 ? graph.seen(sink) : Int(graph.cells(middle).unused)
            #expect(tapped.seen.count == expected && expected > 1_000)
        }
    }

    @Test func `records that come again after a failed call are shown once`() {
        let graph = FlowGraph(seed: 9)
        let source = graph.source(1_500)
        let middle = graph.node(.map) {
            $0.fault = FlowGraph.Fault.transient.rawValue
            $0.fault_at = 700
            $0.fault_times = 3
        }
        let sink = graph.node(.sink)
        graph.line([source, middle, sink])
        graph.build()
        flow_tap(graph.handle, middle.number, 0, 0)
        graph.expectRight()
        #expect(graph.cells(middle).retries == 3)
        #expect(flow_tap_seen(graph.handle, middle.number, 0).seen.count == 1_500)
    }

    @Test func `between two looks records are only counted`() {
        let line = Line(.map, fused: false)
        flow_tap(line.graph.handle, line.middle.number, 0, 1_000_000)
        line.graph.expectRight()
        let tapped = flow_tap_seen(line.graph.handle, line.middle.number, 0)
        #expect(tapped.passed == 2_000)
        #expect(tapped.seen.count < 2_000 && tapped.seen.count > 0)
        let elapsed = UInt64(flow_clock(line.graph.handle))
        #expect(tapped.calls <= elapsed / 1_000_000 + 1)
    }

    @Test func `a side that was shut shows nothing more`() {
        let line = Line(.map, fused: false)
        flow_tap(line.graph.handle, line.middle.number, 0, 0)
        flow_tap(line.graph.handle, line.middle.number, Self.input, 0)
        #expect(line.graph.some(40))
        flow_tap_open(line.graph.handle, line.middle.number, 0, 0)
        flow_tap_open(line.graph.handle, line.middle.number, Self.input, 0)
        let before = flow_tap_seen(line.graph.handle, line.middle.number, 0)
        #expect(before.seen.count > 0)
        line.graph.expectRight()
        let after = flow_tap_seen(line.graph.handle, line.middle.number, 0)
        #expect(after.calls == before.calls && after.passed == before.passed)
    }
}
