// SPDX-License-Identifier: Apache-2.0
import CFlowTestOperators
import CMillraceRuntime
import Testing

/// Barriers and watermarks. A barrier is where it belongs when each task has seen, at that moment,
/// exactly what the sources had sent before theirs; a watermark when no record comes behind it
/// that it covers, which every operator checks for itself.
struct ControlTests {
    @Test(arguments: 20...39)
    func `barriers meet again behind a diamond with several lanes`(seed: Int) {
        let graph = FlowGraph(seed: UInt64(seed))
        let source = graph.source(4_000, tasks: 2, quota: 2, large: 30_000, largeIn1024: 10)
        let split = graph.node(.split, tasks: 2, quota: 2)
        let many = graph.node(.explodeBlunt, quota: 2, fan: 3)
        let map = graph.node(.map, tasks: 3, quota: 2)
        let half = graph.node(.half, tasks: 3, quota: 2)
        let sink = graph.node(.sink, tasks: 2)
        graph.edge(source, split, .hash)
        graph.edge(split, port: 0, many, .roundRobin, queue: 8)
        graph.edge(split, port: 1, map, .hash, queue: 16)
        graph.fuse(map, half)
        graph.edge(many, sink, .hash, queue: 64)
        graph.edge(half, sink, .leastLoaded, queue: 8)
        graph.build(loops: 3, spin: seed % 2 == 0 ? 0 : 5_000)
        var epoch = 0
        while graph.some(40) {
            if epoch < 6, graph.barrier(epoch + 1) { epoch += 1 }
        }
        graph.expectRight()
        #expect(epoch >= 3)
        for number in 1...max(epoch, 1) {
            #expect(
                graph.cutIsRight(number, [split, many, map, half, sink]), "epoch \(number)")
            #expect(flow_seen_before(graph.handle, sink.number, UInt64(number)).count > 0)
        }
    }

    /// Two sources of different length, a shuffle, a fused pair; queues that fill at once.
    private func shuffle(seed: UInt64) -> (graph: FlowGraph, inner: [FlowGraph.Node]) {
        let graph = FlowGraph(seed: seed)
        let long = graph.source(3_000, tasks: 2, quota: 2)
        let short = graph.source(2_000)
        let map = graph.node(.map, tasks: 3, quota: 2)
        let half = graph.node(.half, tasks: 3, quota: 2)
        let sink = graph.node(.sink, tasks: 2)
        graph.edge(long, map, .hash, queue: 8)
        graph.edge(short, map, .hash, queue: 8)
        graph.fuse(map, half)
        graph.edge(half, sink, .hash, queue: 16)
        return (graph, [map, half, sink])
    }

    @Test(arguments: 50...69)
    func `a barrier behind every END cuts at the whole`(seed: Int) {
        let (graph, inner) = shuffle(seed: UInt64(seed))
        graph.build(loops: 3, spin: seed % 2 == 0 ? 0 : 5_000)
        var epoch = 0
        graph.end(with: 7)
        while graph.some(40) {
            if epoch < 6, graph.barrier(epoch + 1) { epoch += 1 }
        }
        graph.expectRight()
        #expect(graph.cutIsRight(7, inner))
        #expect(flow_seen_before(graph.handle, inner[2].number, 7).count == graph.seen(inner[2]))
    }

    @Test(arguments: 70...109)
    func `an epoch that was given up or refused stops nothing, and the next one cuts right`(
        seed: Int
    ) {
        let (graph, inner) = shuffle(seed: UInt64(seed))
        graph.build(loops: 3, spin: seed % 2 == 0 ? 0 : 5_000)
        // Odd epochs come to nothing: given up while they spread, or refused by one chain, which
        // leaves the others blocked until they are told. The next begins when one is over.
        var epoch = 0
        // A later barrier would open what a given-up one blocks: every second run goes without.
        let last = seed % 2 == 0 ? 7 : 0, most = seed % 2 == 0 ? 6 : 5
        graph.end(with: last)
        while graph.some(UInt64(5 + seed % 7 * 10)) {
            if epoch % 2 == 1 { graph.giveUp(epoch) }
            guard epoch < most, epoch % 2 == 1 || graph.passed(epoch), graph.barrier(epoch + 1)
            else { continue }
            epoch += 1
            if epoch % 2 == 1, seed % 3 == 0 { graph.refuse(epoch) }
        }
        graph.expectRight()
        #expect(epoch >= 5)
        for number in 1...max(epoch, 1) where number % 2 == 0 {
            #expect(graph.cutIsRight(number, inner), "epoch \(number)")
        }
        #expect(last == 0 || graph.cutIsRight(last, inner))
    }

    @Test func `barriers go to every edge and through seventy lanes`() {
        let graph = FlowGraph(seed: 40)
        let source = graph.source(500, tasks: 70, quota: 2) { $0.quiet = 40 }
        let narrow = graph.node(.tee, quota: 4)
        let wide = graph.node(.sink, tasks: 5)
        let other = graph.node(.sink)
        graph.edge(source, narrow, .hash, queue: 8)
        graph.edge(narrow, port: 0, wide, .broadcast)
        graph.edge(narrow, port: 1, wide, .roundRobin, queue: 8)
        graph.edge(narrow, port: 1, other)
        graph.build(loops: 3, spin: 3_000)
        var epoch = 0
        while graph.some(500) {
            if epoch < 5, graph.barrier(epoch + 1) { epoch += 1 }
        }
        graph.expectRight()
        #expect(epoch >= 2)
        for number in 1...max(epoch, 1) {
            #expect(graph.cutIsRight(number, [narrow, wide, other]), "epoch \(number)")
        }
    }

    @Test func `a watermark is the least of all lanes, and that of an ended one counts no more`() {
        let graph = FlowGraph(seed: 41)
        let fast = graph.source(3_000)
        let slow = graph.source(3_000) { $0.quiet = 100 }
        let map = graph.node(.map, tasks: 2)
        let sink = graph.node(.sink)
        graph.edge(fast, map, .hash)
        graph.edge(slow, map, .hash)
        graph.edge(map, sink, .hash)
        graph.build(loops: 2)
        flow_keep_quiet(graph.handle, 1)
        // The fast source has ended and the slow one waits: nothing moves any more.
        #expect(graph.run() == .stuck)
        #expect(graph.seen(sink) == 3_100)
        #expect(graph.cells(sink).watermark == 100 * 1_000 - 1)
        flow_keep_quiet(graph.handle, 0)
        #expect(graph.run() == .finished)
        #expect(graph.cells(sink).watermark == .max)
        #expect(graph.cells(map, task: 1).watermark == .max)
    }

    private static let millisecond: Int64 = 1_000_000

    /// Two sources before a shuffle. `fast` gives 2,000 records and is silent, or gives all and
    /// ends; `slow` is silent behind its hundredth. 0: never idle.
    private func twoSources(
        fastIdle: Int64, slowIdle: Int64, fastEnds: Bool = false, wire: Int = 0
    ) -> (graph: FlowGraph, slow: FlowGraph.Node, map: FlowGraph.Node, sink: FlowGraph.Node) {
        let graph = FlowGraph(seed: 43)
        let fast = graph.source(3_000) {
            $0.quiet = fastEnds ? 0 : 2_000
            $0.idle_after = fastIdle
        }
        let slow = graph.source(3_000) {
            $0.quiet = 100
            $0.idle_after = slowIdle
        }
        let map = graph.node(.map, tasks: 2)
        let sink = graph.node(.sink)
        graph.edge(fast, map, .hash, wire: wire)
        graph.edge(slow, map, .hash, wire: wire)
        graph.edge(map, sink, .hash, wire: wire)
        graph.build(loops: 2)
        flow_keep_quiet(graph.handle, 1)
        #expect(graph.run() == .stuck)
        return (graph, slow, map, sink)
    }

    @Test(arguments: [0, 1 << 18])
    func `an idle lane holds nobody up, and back again it does so once it has caught up`(
        wire: Int
    ) {
        let (graph, slow, map, sink) = twoSources(
            fastIdle: 0, slowIdle: Self.millisecond, wire: wire)
        #expect(graph.cells(sink).watermark == 2_000 * 1_000 - 1)
        #expect(graph.cells(sink).idle == 0 && graph.cells(map).idle == 0)
        // The slow one is back, a hundred records further, and far behind: it holds up nobody.
        flow_wake(graph.handle, slow.number)
        while graph.seen(sink) < 2_200 { _ = graph.some(1) }
        #expect(graph.cells(slow).idle == 0)
        flow_wake(graph.handle, 0)
        #expect(graph.run() == .stuck)
        #expect(graph.cells(sink).watermark == 3_000 * 1_000 - 1)
        flow_keep_quiet(graph.handle, 0)
        #expect(graph.run() == .finished)
        #expect(graph.cells(sink).watermark == .max)
    }

    @Test(arguments: [0, 1 << 18])
    func `when all are idle time stands where it was, and that is passed on`(wire: Int) {
        for slowFirst in [true, false] {
            let (graph, _, map, sink) = twoSources(
                fastIdle: slowFirst ? 2 * Self.millisecond : Self.millisecond,
                slowIdle: slowFirst ? Self.millisecond : 2 * Self.millisecond, wire: wire)
            // Alone the fast one counts; without it the slow one still does, and moves nothing.
            #expect(graph.cells(sink).watermark == (slowFirst ? 2_000 * 1_000 - 1 : 99_999))
            #expect(graph.cells(map, task: 1).watermark == graph.cells(sink).watermark)
            #expect(graph.cells(sink).idle == 1 && graph.cells(map).idle == 1)
            flow_keep_quiet(graph.handle, 0)
            #expect(graph.run() == .finished)
            #expect(graph.cells(sink).watermark == .max && graph.cells(sink).idle == 0)
        }
    }

    @Test func `an idle lane beside one that has ended does not end the time`() {
        let (graph, _, _, sink) = twoSources(
            fastIdle: 0, slowIdle: Self.millisecond, fastEnds: true)
        #expect(graph.cells(sink).watermark == 99_999 && graph.cells(sink).idle == 1)
        flow_keep_quiet(graph.handle, 0)
        #expect(graph.run() == .finished)
        #expect(graph.cells(sink).watermark == .max)
    }

    @Test(arguments: [FlowGraph.Kind.last, .explodeBlunt, .bounded])
    func `END comes behind what stop writes and behind what is staged`(kind: FlowGraph.Kind) {
        let graph = FlowGraph(seed: 42)
        let source = graph.source(60)
        let first = graph.node(.last, quota: 2, fan: 50)
        let second = graph.node(kind, quota: 2, fan: 3_000)
        let sink = graph.node(.sink)
        graph.edge(source, first)
        if kind == .last { graph.fuse(first, second) } else { graph.edge(first, second) }
        graph.edge(second, sink, queue: 8)
        graph.expectRight()
        #expect(graph.cells(sink).watermark == .max && graph.cells(sink).finished == 1)
    }
}
