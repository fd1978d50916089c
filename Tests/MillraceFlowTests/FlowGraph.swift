// SPDX-License-Identifier: Apache-2.0
// Graphs of mock operators as the tests write them; what they are: flow.h.
import CFlowTestOperators
import CMillraceRuntime
import Testing

/// One graph, from its description to what came of it.
final class FlowGraph {
    enum Kind: Int, CaseIterable {
        case source, sink, pass, sparse, half, map, mapBlunt, explode, explodeBlunt, split, tee
        case last, forwardAny, bounded
    }

    enum Fault: UInt32 {
        case none, transient, data, overrun, yield, done, tooMuch, badStatus, `internal`
        case wait = 10
    }

    enum Partition: UInt32, CaseIterable {
        case forward, roundRobin, hash, broadcast, leastLoaded, custom
    }

    enum Outcome: UInt32 {
        case finished, failed, stuck, tooLong, wrong
    }

    struct Node {
        var number: UInt32
    }

    let handle: OpaquePointer
    private var built = false

    init(seed: UInt64 = 1) {
        handle = flow_graph_new(seed)
    }

    deinit {
        flow_graph_free(handle)
    }

    /// A source of `count` records for each task.
    @discardableResult
    func source(
        _ count: Int, tasks: Int = 1, quota: Int = 8, bytes: ClosedRange<Int> = 40...200,
        large: Int = 0, largeIn1024: Int = 0, change: (inout flow_node) -> Void = { _ in }
    ) -> Node {
        var node = flow_node()
        node.kind = UInt32(Kind.source.rawValue)
        node.parallelism = UInt32(tasks)
        node.quota = UInt32(quota)
        node.count = UInt64(count)
        node.size_min = UInt32(bytes.lowerBound)
        node.size_max = UInt32(bytes.upperBound)
        node.size_large = UInt32(large)
        node.large = UInt32(largeIn1024)
        node.keys = 100
        change(&node)
        return Node(number: flow_node_add(handle, node))
    }

    @discardableResult
    func node(
        _ kind: Kind, tasks: Int = 1, quota: Int = 8, fan: Int = 10,
        change: (inout flow_node) -> Void = { _ in }
    ) -> Node {
        var node = flow_node()
        node.kind = UInt32(kind.rawValue)
        node.parallelism = UInt32(tasks)
        node.quota = UInt32(quota)
        node.fan = UInt32(fan)
        change(&node)
        return Node(number: flow_node_add(handle, node))
    }

    func edge(
        _ from: Node, port: Int = 0, _ to: Node, _ partition: Partition = .forward,
        queue: Int = 64, wire: Int = 0
    ) {
        flow_edge_add(
            handle,
            flow_edge(
                from: from.number, port: UInt32(port), to: to.number,
                partition: partition.rawValue, queue: UInt32(queue), fused: 0,
                wire: UInt32(wire)))
    }

    func fuse(_ from: Node, _ to: Node) {
        flow_edge_add(
            handle,
            flow_edge(
                from: from.number, port: 0, to: to.number, partition: 0, queue: 8, fused: 1,
                wire: 0))
    }

    /// A straight line of nodes with lanes of `queue` between them.
    func line(_ nodes: [Node], queue: Int = 64) {
        for (from, to) in zip(nodes, nodes.dropFirst()) { edge(from, to, queue: queue) }
    }

    func build(loops: Int = 2, spin: Int64 = 0, spare: Int = 0) {
        precondition(!built)
        built = true
        flow_build(handle, UInt32(loops), spin, UInt32(spare))
    }

    /// Builds, if that is not done, and turns until all is finished.
    func run(
        loops: Int = 2, spin: Int64 = 0, spare: Int = 0, turns: UInt64 = 400_000
    ) -> Outcome {
        if !built { build(loops: loops, spin: spin, spare: spare) }
        guard let outcome = Outcome(rawValue: flow_run(handle, turns)) else {
            preconditionFailure("no such outcome")
        }
        return outcome
    }

    /// Turns at most so many times; true: there is more to do.
    func some(_ turns: UInt64) -> Bool {
        Outcome(rawValue: flow_some_turns(handle, turns)) == .tooLong
    }

    /// Asks all sources for barrier `epoch`; false: one cannot now.
    func barrier(_ epoch: Int) -> Bool { flow_barrier(handle, UInt64(epoch)) != 0 }

    /// Has every task passed barrier `epoch`?
    func passed(_ epoch: Int) -> Bool {
        (0..<flow_task_count(handle)).allSatisfy { flow_epoch(handle, $0) >= UInt64(epoch) }
    }
    /// The run ends with this barrier, sent once every chain has finished.
    func end(with epoch: Int) { flow_end_with(handle, UInt64(epoch)) }
    /// Everybody is told that the epoch came to nothing.
    func giveUp(_ epoch: Int) { flow_give_up(handle, UInt64(epoch)) }
    /// One of the chains refuses to freeze at this barrier.
    func refuse(_ epoch: Int) { flow_refuse(handle, UInt64(epoch)) }

    /// Did each task of these nodes meet barrier `epoch` behind exactly the records that the
    /// sources had sent before it?
    func cutIsRight(_ epoch: Int, _ nodes: [Node]) -> Bool {
        nodes.allSatisfy { node in
            let seen = flow_seen_before(handle, node.number, UInt64(epoch))
            let expected = flow_expected_before(handle, node.number, UInt64(epoch))
            return seen.count == expected.count && seen.sum == expected.sum
        }
    }

    /// Builds, and turns until all is finished; true: it is, and every block is free again.
    func finishes(_ prepare: (FlowGraph) -> Void, turns: UInt64 = 1_000_000) -> Bool {
        build()
        prepare(self)
        let outcome = Outcome(rawValue: flow_some_turns(handle, turns))
        return outcome == .finished && blocksUsed == 0
    }

    var text: String { String(cString: flow_text(handle)) }
    var failure: mrr_failure { flow_failure(handle) }
    var blocksUsed: Int { Int(flow_blocks_used(handle)) }

    func seen(_ node: Node) -> Int { Int(flow_seen(handle, node.number).count) }
    func seen(_ node: Node, task: Int) -> Int {
        Int(flow_seen_by(handle, node.number, UInt32(task)))
    }
    func expected(_ node: Node) -> Int { Int(flow_expected(handle, node.number).count) }
    func cells(_ node: Node, task: Int = 0) -> mrr_cells {
        flow_cells(handle, node.number, UInt32(task)).pointee
    }

    /// Everything arrived once, intact, in order, and every block is free again.
    func expectRight(
        loops: Int = 2, spin: Int64 = 0, spare: Int = 0, turns: UInt64 = 400_000,
        _ story: String = "", at place: SourceLocation = #_sourceLocation
    ) {
        let outcome = run(loops: loops, spin: spin, spare: spare, turns: turns)
        #expect(outcome == .finished, "\(story) \(text)", sourceLocation: place)
    }
}
