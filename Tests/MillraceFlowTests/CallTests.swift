// SPDX-License-Identifier: Apache-2.0
import CFlowTestOperators
import CMillraceRuntime
import Testing

/// What becomes of the answers of an operator: output kept or dropped, batches that come again,
/// broken contracts.
struct CallTests {
    private static let writers: [FlowGraph.Kind] = [.map, .mapBlunt, .explode, .explodeBlunt]

    @Test(arguments: writers, [0, 700])
    func `after TRANSIENT the batch comes again and its first output is gone`(
        kind: FlowGraph.Kind, record: Int
    ) {
        // Record 0: the port has never had a block when its first output is dropped.
        let graph = FlowGraph(seed: 3)
        let source = graph.source(2_000)
        let middle = graph.node(kind, quota: 2) {
            $0.fault = FlowGraph.Fault.transient.rawValue
            $0.fault_times = 3
            $0.fault_at = UInt64(record)
        }
        let sink = graph.node(.sink)
        graph.line([source, middle, sink])
        graph.expectRight()
        #expect(graph.cells(middle).retries == 3)
    }

    @Test(arguments: [0, 1])
    func `output that nobody listens to is counted and spoils nothing`(unused: Int) {
        let graph = FlowGraph(seed: 2)
        let source = graph.source(20_000)
        let tee = graph.node(.tee)
        let sink = graph.node(.sink)
        graph.edge(source, tee)
        graph.edge(tee, port: 1 - unused, sink)
        graph.expectRight()
        #expect(graph.cells(tee).unused == 20_000)
    }

    /// A line whose middle, a copying operator, has a fault at record 700.
    private func faulty(
        _ fault: FlowGraph.Fault, kind: FlowGraph.Kind = .map, fused: Bool = false, times: Int = 1
    ) -> (graph: FlowGraph, middle: FlowGraph.Node, sink: FlowGraph.Node) {
        let graph = FlowGraph(seed: 10)
        let source = graph.source(2_000)
        let middle = graph.node(kind) {
            $0.fault = fault.rawValue
            $0.fault_times = UInt32(times)
            $0.fault_at = 700
        }
        let sink = graph.node(.sink)
        if fused { graph.fuse(source, middle) } else { graph.edge(source, middle) }
        graph.edge(middle, sink)
        return (graph, middle, sink)
    }

    @Test(
        arguments: [
            (FlowGraph.Fault.overrun, FlowGraph.Kind.map, 0, MRR_BROKE_WINDOW),
            (.tooMuch, .map, 1, MRR_BROKE_CONSUMED),
            (.badStatus, .mapBlunt, 1, MRR_BROKE_STATUS),
            (.internal, .map, -1, MRR_BROKE_NOTHING),
        ], [false, true])
    func `a broken contract ends the chain and publishes nothing of the call`(
        fault: (FlowGraph.Fault, FlowGraph.Kind, Int, Int), fused: Bool
    ) {
        let (graph, middle, sink) = faulty(fault.0, kind: fault.1, fused: fused)
        #expect(graph.run() == .failed)
        #expect(graph.failure.violation == UInt32(fault.3))
        #expect(graph.failure.status.rawValue == Int32(fault.2))
        #expect(graph.failure.member == (fused ? 1 : 0))
        let batch =
            UInt64(graph.failure.sequence)..<(graph.failure.sequence + UInt64(graph.failure.count))
        #expect(batch.contains(700))
        #expect(graph.cells(middle).records_out == graph.failure.sequence)
        #expect(graph.seen(sink) <= 700)
    }

    @Test(arguments: [false, true])
    func `what comes before a refused record is kept`(fused: Bool) {
        let (graph, middle, _) = faulty(.data, fused: fused)
        #expect(graph.run() == .failed)
        #expect(graph.failure.status == MR_E_DATA)
        #expect(graph.failure.sequence + UInt64(graph.failure.record) == 700)
        #expect(graph.cells(middle).records_out == 700)
        #expect(graph.cells(middle).records_in == 700)
    }

    @Test(arguments: [false, true])
    func `after YIELD others have a turn first`(fused: Bool) {
        // Without progress in the call, so only leaving the step can be what lets others run.
        let (graph, middle, sink) = faulty(.yield, fused: fused, times: 500)
        graph.expectRight()
        #expect(flow_turns(graph.handle) > 500)
        #expect(graph.cells(middle).records_in == 2_000 && graph.seen(sink) == 2_000)
    }

    @Test(arguments: [false, true])
    func `an operator that waits is asked again when it says, and nothing is lost`(fused: Bool) {
        // The first of 20 calls has records before the one that waits; 19 do nothing.
        let (graph, middle, _) = faulty(.wait, fused: fused, times: 20)
        graph.expectRight()
        let waited = flow_clock(graph.handle)
        #expect(waited >= 19 * 5_000_000_000 && waited < 20 * 5_000_000_000)
        #expect(graph.cells(middle).records_in == 2_000)
    }

    @Test(arguments: [false, true])
    func `after DONE the input is thrown away and the graph ends`(fused: Bool) {
        let (graph, middle, sink) = faulty(.done, fused: fused)
        // The sums are those of a graph that goes on, so they cannot be right.
        #expect(graph.run() == .wrong)
        #expect(graph.text.contains("saw"))
        #expect(graph.seen(sink) > 700 && graph.seen(sink) < 1_000)
        #expect(graph.cells(middle).records_in == 2_000)
        #expect(graph.blocksUsed == 0)
    }

    @Test func `a partitioner that fails later is the fault of the member that asked it`() {
        // Its chain has a source before it; the lanes are full when it is asked again.
        let graph = FlowGraph(seed: 18)
        let source = graph.source(5_000)
        let pass = graph.node(.pass) { $0.fault = UInt32(FLOW_ROUTE) }
        let sinks = graph.node(.sink, tasks: 2)
        graph.fuse(source, pass)
        graph.edge(pass, sinks, .custom, queue: 8)
        #expect(graph.run() == .failed)
        #expect(graph.failure.status == MR_E_INTERNAL && graph.failure.member == 1)
    }

    @Test func `a drained source ends, and everything it wrote arrives`() {
        let graph = FlowGraph(seed: 19)
        let source = graph.source(1_000_000, tasks: 2) { $0.quiet = 3_000 }
        let last = graph.node(.last, fan: 20)
        let sink = graph.node(.sink, tasks: 2)
        graph.edge(source, last, .hash)
        graph.edge(last, sink, .hash, queue: 8)
        #expect(
            {
                graph.build(); return graph.some(400)
            }())
        flow_drain(graph.handle)
        #expect(!graph.some(100_000))
        let written = (0..<2).reduce(0) { $0 + graph.cells(source, task: $1).records_out }
        #expect(written > 0 && written < 2_000_000)
        #expect(UInt64(graph.seen(last)) == written)
        #expect(UInt64(graph.seen(sink)) == written + 20)
        #expect(graph.blocksUsed == 0)
    }

    @Test func `a source that is put off does not keep a drain waiting`() {
        let graph = FlowGraph(seed: 20)
        let source = graph.source(1_000) {
            $0.fault = FlowGraph.Fault.transient.rawValue
            $0.fault_at = 500
            $0.fault_times = 100
        }
        let sink = graph.node(.sink)
        graph.edge(source, sink)
        graph.build()
        #expect(graph.some(60))
        flow_drain(graph.handle)
        let before = flow_clock(graph.handle)
        #expect(!graph.some(1_000))
        #expect(flow_clock(graph.handle) - before < 1_000_000_000)
        #expect(graph.seen(sink) >= 500 && graph.blocksUsed == 0)
    }
}
