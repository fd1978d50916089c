// SPDX-License-Identifier: Apache-2.0
import CFlowTestOperators
import CMillraceRuntime
import Testing

/// Records that an operator does not take: those around them go on, none is lost and none comes
/// twice.
struct RefusalTests {
    private static let kinds: [FlowGraph.Kind] = [.map, .mapBlunt, .pass, .explodeBlunt, .sink]

    private struct Line {
        let graph: FlowGraph
        let middle: FlowGraph.Node
        let sink: FlowGraph.Node
        /// Records that the sink gets for each that the middle takes.
        var fan = 1

        /// A source of `count` records, the operator in the middle, a sink behind it.
        init(
            _ kind: FlowGraph.Kind, count: Int, fused: Bool, seed: UInt64 = 10,
            change: (inout flow_node) -> Void = { _ in }
        ) {
            graph = FlowGraph(seed: seed)
            let source = graph.source(count)
            middle = graph.node(kind, fan: 3, change: change)
            if fused { graph.fuse(source, middle) } else { graph.edge(source, middle) }
            guard kind != .sink else {
                sink = middle
                return
            }
            sink = graph.node(.sink)
            graph.edge(middle, sink, queue: fused ? 8 : 64)
            if kind == .explodeBlunt { fan = 3 }
        }

        func expect(_ refused: [Int], of count: Int, _ story: String) {
            let seen = flow_refused(graph.handle)
            #expect(seen.count == refused.count, "\(story)")
            #expect(seen.sum == refused.reduce(0) { $0 + UInt64($1) }, "\(story)")
            #expect(graph.seen(sink) == (count - refused.count) * fan, "\(story)")
            let cells = graph.cells(middle)
            #expect(cells.records_in == count && cells.refused == refused.count, "\(story)")
        }
    }

    @Test(arguments: kinds, [false, true])
    func `a record can be refused at each position of a batch`(
        kind: FlowGraph.Kind, fused: Bool
    ) {
        for at in stride(from: 300, to: 560, by: kind == .map ? 1 : 7) {
            let line = Line(kind, count: 700, fused: fused, seed: UInt64(at)) {
                $0.fault = FlowGraph.Fault.data.rawValue
                $0.fault_at = UInt64(at)
            }
            #expect(line.graph.finishes { flow_take_refusals($0.handle) }, "\(line.graph.text)")
            line.expect([at], of: 700, "record \(at)")
        }
    }

    @Test(arguments: kinds, [1, 2, 3, 16, 255, 256, 257])
    func `many refused records leave all others`(kind: FlowGraph.Kind, every: Int) {
        for fused in [false, true] {
            let at = every / 2
            let line = Line(kind, count: 3_000, fused: fused, seed: UInt64(every)) {
                $0.fault = FlowGraph.Fault.data.rawValue
                $0.fault_every = UInt64(every)
                $0.fault_at = UInt64(at)
            }
            #expect(line.graph.finishes { flow_take_refusals($0.handle) }, "\(line.graph.text)")
            let refused = (0..<3_000).filter { $0 % every == at }
            line.expect(refused, of: 3_000, "every \(every), fused \(fused)")
        }
    }

    @Test(
        arguments: kinds, [(1, MRR_WATCH_BATCHES), (2, MRR_WATCH_BATCHES), (97, MRR_WATCH_STEPS)])
    func `records are taken out before the operator sees them`(
        kind: FlowGraph.Kind, way: (every: Int, mode: Int)
    ) {
        for fused in [false, true] {
            let line = Line(kind, count: 2_000, fused: fused)
            let middle = line.middle.number
            let isFinished = line.graph.finishes {
                flow_take_out($0.handle, middle, UInt64(way.every), 0, UInt32(way.mode))
            }
            #expect(isFinished, "\(line.graph.text)")
            let taken = (0..<2_000).filter { $0 % way.every == 0 }
            line.expect(taken, of: 2_000, "every \(way.every), fused \(fused)")
            #expect(line.graph.cells(line.middle).quarantined == taken.count)
            let shown = flow_shown_max(line.graph.handle)
            #expect(way.mode == MRR_WATCH_STEPS ? shown == 1 : shown > 1)
        }
    }

    @Test func `lanes of several tasks lose nothing but what is refused`() {
        let graph = FlowGraph(seed: 77)
        let source = graph.source(4_000, tasks: 3)
        let middle = graph.node(.map, tasks: 2) {
            $0.fault = FlowGraph.Fault.data.rawValue
            $0.fault_every = 10
        }
        let sink = graph.node(.sink, tasks: 2)
        graph.edge(source, middle, .hash, queue: 8)
        graph.edge(middle, sink, .hash, queue: 8)
        #expect(graph.finishes { flow_take_refusals($0.handle) }, "\(graph.text)")
        #expect(flow_refused(graph.handle).count == 1_200)
        #expect(graph.seen(sink) == 10_800)
    }
}
