// SPDX-License-Identifier: Apache-2.0
import CFlowTestOperators
import Testing

/// Records around and above the size of a block.
struct SpanTests {
    private static let writers: [FlowGraph.Kind] = [.map, .mapBlunt, .explode, .explodeBlunt]
    /// The largest payload that fits a block with its header.
    private static let block = 65_536 - 32

    @Test(arguments: (block - 17)...(block + 17))
    func `records as large as a block, a little less and a little more`(bytes: Int) {
        let graph = FlowGraph(seed: 5)
        let source = graph.source(60, bytes: bytes...bytes)
        let copied = graph.node(.mapBlunt)
        let passed = graph.node(.pass)
        let sink = graph.node(.sink)
        graph.line([source, copied, passed, sink])
        graph.expectRight()
    }

    @Test(arguments: writers, [16, 32])
    func `a record may be as large as the whole quota`(kind: FlowGraph.Kind, quota: Int) {
        // 1 MiB and 2 MiB. Between small records, so that the port has an open block which must
        // go before there are so many in one piece.
        let graph = FlowGraph(seed: 4)
        let source = graph.source(
            400, quota: quota, large: quota * 65_536 - 32, largeIn1024: 60)
        let middle = graph.node(kind, quota: quota, fan: 3)
        let sink = graph.node(.sink)
        graph.line([source, middle, sink])
        graph.expectRight()
    }

    @Test func `large records are shared by forwarding`() {
        // The sender's quota is one record: it waits until the last one who forwarded is done.
        let graph = FlowGraph(seed: 15)
        let source = graph.source(300, quota: 16, large: (1 << 20) - 64, largeIn1024: 200)
        let pass = graph.node(.pass, quota: 2)
        let sinks = graph.node(.sink, tasks: 3)
        graph.edge(source, pass)
        graph.edge(pass, sinks, .broadcast, queue: 8)
        graph.expectRight(loops: 3)
    }

    @Test func `blocks above the quotas are borrowed and given back`() {
        let graph = FlowGraph(seed: 16)
        let source = graph.source(2_000, quota: 2, bytes: 3_000...9_000)
        let map = graph.node(.map, quota: 2)
        let sink = graph.node(.sink)
        graph.line([source, map, sink], queue: 256)
        graph.expectRight(spare: 9)
    }
}
