// SPDX-License-Identifier: Apache-2.0
import CFlowTestOperators
import Testing

/// Lanes, forwarding and routing, with operators that have room. Each operator checks bytes, order
/// and watermarks of what it takes; the sums at the end are compared with what must come out.
struct LaneTests {
    @Test(arguments: [8, 64, 1_024], [0, 50_000] as [Int64])
    func `a lane hands over every record once and in order`(queue: Int, spin: Int64) {
        let graph = FlowGraph(seed: UInt64(queue))
        graph.line([graph.source(20_000), graph.node(.sink)], queue: queue)
        graph.expectRight(spin: spin)
    }

    @Test(
        arguments: [
            FlowGraph.Kind.pass, .sparse, .half, .map, .mapBlunt, .last,
        ], [8, 64, 512])
    func `windows wrap around the end of the ring`(kind: FlowGraph.Kind, queue: Int) {
        // Batches of 100 do not divide the ring, so windows are in two pieces again and again.
        let graph = FlowGraph(seed: UInt64(queue + kind.rawValue))
        let source = graph.source(7_000) { $0.burst = 100 }
        let middle = graph.node(kind) { $0.batch_limit = 100 }
        graph.line([source, middle, graph.node(.sink)], queue: queue)
        graph.expectRight()
    }

    @Test(arguments: 3_000...3_019)
    func `two ways meet again with two blocks each`(seed: Int) {
        // Forwarded records stay charged to the source, copied ones to the map.
        let graph = FlowGraph(seed: UInt64(seed))
        let source = graph.source(5_000, quota: 2, large: 60_000, largeIn1024: 20)
        let split = graph.node(.split, quota: 2)
        let pass = graph.node(.pass, quota: 2)
        let map = graph.node(.map, quota: 2)
        let sink = graph.node(.sink)
        graph.edge(source, split)
        graph.edge(split, port: 0, pass, queue: 8)
        graph.edge(split, port: 1, map)
        graph.edge(pass, sink)
        graph.edge(map, sink, queue: 8)
        graph.expectRight(loops: 3, spin: Int64(seed % 2 * 3_000))
    }

    @Test func `a port with two lanes of its own to one task keeps both in order`() {
        let graph = FlowGraph()
        let source = graph.source(9_000)
        let tee = graph.node(.tee)
        let sink = graph.node(.sink)
        graph.edge(source, tee)
        graph.edge(tee, port: 0, sink)
        graph.edge(tee, port: 1, sink, queue: 8)
        graph.expectRight()
    }

    @Test func `one port feeds three edges, each in its own way`() {
        let graph = FlowGraph(seed: 9)
        let source = graph.source(9_000)
        let every = graph.node(.sink, tasks: 3)
        let some = graph.node(.sink, tasks: 2)
        let one = graph.node(.sink)
        graph.edge(source, every, .broadcast)
        graph.edge(source, some, .hash, queue: 8)
        graph.edge(source, one, queue: 1_024)
        graph.expectRight(loops: 3)
        #expect((0..<3).map { graph.seen(every, task: $0) } == [9_000, 9_000, 9_000])
        #expect(graph.seen(some) == 9_000 && graph.seen(one) == 9_000)
    }

    @Test(arguments: [0, 40_000] as [Int64])
    func `a task reads seventy lanes`(spin: Int64) {
        // More lanes than bits in a word; sources pause, so lanes are parked and come back.
        let graph = FlowGraph(seed: 7)
        let sources = graph.source(1_000, tasks: 70, quota: 2) { $0.quiet = 50 }
        let sink = graph.node(.sink)
        graph.edge(sources, sink, .roundRobin, queue: 8)
        graph.expectRight(loops: 3, spin: spin)
        #expect(graph.seen(sink) == 70_000)
    }

    @Test(arguments: FlowGraph.Partition.allCases.dropFirst(), [8, 64, 512])
    func `every partition delivers everything`(partition: FlowGraph.Partition, queue: Int) {
        let graph = FlowGraph(seed: 8)
        let source = graph.source(8_000, tasks: 2)
        let map = graph.node(.map, tasks: 3)
        let sink = graph.node(.sink, tasks: 2)
        graph.edge(source, map, partition, queue: queue)
        graph.edge(map, sink, partition, queue: queue)
        graph.expectRight(loops: 3)
    }

    @Test(arguments: [1, 3, 7, 64])
    func `hash takes a record to the task that owns its key group`(tasks: Int) {
        let graph = FlowGraph(seed: 11)
        let source = graph.source(6_000) { $0.keys = 5_000 }
        let sink = graph.node(.sink, tasks: tasks)
        graph.edge(source, sink, .hash, queue: 128)
        graph.expectRight(loops: 3)
        #expect(flow_misrouted(graph.handle, sink.number) == 0)
        #expect((0..<tasks).allSatisfy { graph.seen(sink, task: $0) > 0 })
    }

    @Test func `round robin and least loaded give every task its share`() {
        for partition in [FlowGraph.Partition.roundRobin, .leastLoaded] {
            let graph = FlowGraph(seed: 12)
            let source = graph.source(12_000)
            let sink = graph.node(.sink, tasks: 4)
            graph.edge(source, sink, partition)
            graph.expectRight(loops: 2)
            let shares = (0..<4).map { graph.seen(sink, task: $0) }
            #expect(shares.allSatisfy { $0 > 1_500 }, "\(partition): \(shares)")
        }
    }

    @Test func `chains of three pass records on without lanes`() {
        let graph = FlowGraph(seed: 13)
        let source = graph.source(5_000)
        let map = graph.node(.map)
        let half = graph.node(.half)
        let pass = graph.node(.pass)
        let sink = graph.node(.sink)
        graph.fuse(source, map)
        graph.fuse(map, half)
        graph.edge(half, pass)
        graph.fuse(pass, sink)
        graph.expectRight()
    }

    @Test func `parked chains are not looked at`() {
        // 3 lines of the 3,000 have something to do; the others wait for a wake-up after one
        // record. What counts is who is stepped, not how long it takes.
        let graph = FlowGraph(seed: 14)
        let idle = graph.source(2, tasks: 5_000, quota: 2) { $0.quiet = 1 }
        let idleSink = graph.node(.sink, tasks: 5_000)
        graph.edge(idle, idleSink, queue: 8)
        let busy = graph.source(100_000, tasks: 3)
        let busySink = graph.node(.sink, tasks: 3)
        graph.edge(busy, busySink)
        graph.build(loops: 1, spin: 20_000)
        flow_keep_quiet(graph.handle, 1)
        #expect(graph.some(200))
        #expect(graph.seen(idleSink) == 5_000)
        for _ in 0..<50 {
            #expect(graph.some(10))
            #expect(flow_active(graph.handle) <= 6)
        }
        flow_keep_quiet(graph.handle, 0)
        graph.expectRight()
    }
}
