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
}
