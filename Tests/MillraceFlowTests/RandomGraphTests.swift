// SPDX-License-Identifier: Apache-2.0
import CFlowTestOperators
import Foundation
import Testing

/// Graphs that a seed makes up: 2 to 6 nodes of all kinds, joined and laid out at random. Each one
/// must end with everything accounted for. `FLOW_SEED=17` runs one of them again,
/// `FLOW_SEED=1-5000` many.
struct RandomGraphTests {
    private struct Generator {
        var state: UInt64

        mutating func next(_ below: Int) -> Int {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return Int((z ^ (z >> 31)) % UInt64(below))
        }

        mutating func one<Element>(of choices: [Element]) -> Element {
            choices[next(choices.count)]
        }
    }

    private struct Draft {
        struct Node {
            var kind: FlowGraph.Kind
            var tasks: Int
            var quota: Int
            var fan: Int
            /// Records that arrive for each record of a source, at most; and whether it is fused
            /// to the one before.
            var factor = 0
            var fused = false
        }
        struct Edge {
            var from: Int
            var port: Int
            var to: Int
            var partition: FlowGraph.Partition
            var queue: Int
            var fused: Bool
            /// It leaves the process, and comes back.
            var wired: Bool
        }

        var nodes: [Node] = []
        var edges: [Edge] = []
    }

    private static let kinds: [FlowGraph.Kind] = [
        .pass, .sparse, .half, .map, .mapBlunt, .explode, .explodeBlunt, .split, .tee, .last,
        .forwardAny, .bounded,
    ]
    private static let twoPorts: Set<FlowGraph.Kind> = [.split, .tee]
    private static let multiplies: Set<FlowGraph.Kind> = [.explode, .explodeBlunt, .bounded]

    private static func draft(_ random: inout Generator) -> Draft {
        var draft = Draft()
        let count = 2 + random.next(5)
        for number in 0..<count {
            var kind = random.one(of: kinds)
            if number == count - 1 || (number > 1 && random.next(8) == 0) { kind = .sink }
            if number == 0 || (number < count - 1 && random.next(8) == 0) { kind = .source }
            draft.nodes.append(
                Draft.Node(
                    kind: kind, tasks: 1 + random.next(3), quota: 2 + random.next(7),
                    fan: 2 + random.next(3)))
            if kind == .source {
                draft.nodes[number].factor = 1
            } else {
                join(number, &draft, &random)
            }
        }
        return draft
    }

    /// Leads one or two edges to a node.
    private static func join(_ number: Int, _ draft: inout Draft, _ random: inout Generator) {
        let before = (0..<number).filter { draft.nodes[$0].kind != .sink }
        for lane in 0...random.next(2) {
            let from = random.one(of: before)
            let port = twoPorts.contains(draft.nodes[from].kind) ? random.next(2) : 0
            let mine = draft.edges.filter { $0.from == from && $0.port == port }
            guard !mine.contains(where: \.fused) else { continue }
            let equal = draft.nodes[from].tasks == draft.nodes[number].tasks
            var partition = random.one(of: FlowGraph.Partition.allCases)
            if partition == .forward, !equal { partition = .hash }
            let fused =
                lane == 0 && mine.isEmpty && equal && random.next(3) == 0
                && !twoPorts.contains(draft.nodes[from].kind)
            draft.edges.append(
                Draft.Edge(
                    from: from, port: port, to: number, partition: fused ? .forward : partition,
                    queue: 8 << random.next(8), fused: fused,
                    wired: !fused && random.next(4) == 0))
            let source = draft.nodes[from]
            let out = multiplies.contains(source.kind) ? source.factor * source.fan : source.factor
            let copies =
                partition == .broadcast || partition == .custom ? draft.nodes[number].tasks : 1
            draft.nodes[number].factor += out * copies
            if fused { return }
        }
        guard !draft.edges.contains(where: { $0.to == number }) else { return }
        // Every try met a fused port: no node is without input.
        draft.nodes[number].kind = .source
        draft.nodes[number].factor = 1
    }

    private static func graph(_ seed: UInt64) -> (graph: FlowGraph, sinks: [FlowGraph.Node]) {
        var random = Generator(state: seed)
        let draft = draft(&random)
        let work = max(1, draft.nodes.reduce(0) { $0 + $1.factor })
        let quota = draft.nodes.map(\.quota).min() ?? 2
        let large = random.one(of: [0, 20_000, 65_504, 65_505, quota * 65_536 - 32])
        let bytes = random.one(of: [40...40, 40...200, 40...3_000, 100...9_000])
        let most = large > 0 || bytes.upperBound > 1_000 ? 8_000 : 30_000
        let graph = FlowGraph(seed: seed)
        var nodes: [FlowGraph.Node] = []
        for node in draft.nodes {
            let burst = random.next(3) == 0 ? 1 + random.next(64) : 0
            let quiet = random.next(3) == 0 ? 1 + random.next(300) : 0
            if node.kind == .source {
                nodes.append(
                    graph.source(
                        max(10, most / work / node.tasks), tasks: node.tasks, quota: node.quota,
                        bytes: bytes, large: large, largeIn1024: large > 0 ? 20 : 0
                    ) {
                        $0.burst = UInt32(burst)
                        $0.quiet = UInt32(quiet)
                    })
            } else {
                nodes.append(
                    graph.node(node.kind, tasks: node.tasks, quota: node.quota, fan: node.fan) {
                        if quiet % 3 == 1 {
                            $0.fault = FlowGraph.Fault.transient.rawValue
                            $0.fault_at = UInt64(quiet)
                            $0.fault_times = 2
                        }
                    })
            }
        }
        // As for a plan: more than two of the largest records.
        var ring = 1 << 18
        while ring < 2 * (quota + 1) * 65_536 { ring *= 2 }
        for edge in draft.edges {
            if edge.fused {
                graph.fuse(nodes[edge.from], nodes[edge.to])
            } else {
                graph.edge(
                    nodes[edge.from], port: edge.port, nodes[edge.to], edge.partition,
                    queue: edge.queue, wire: edge.wired ? ring : 0)
            }
        }
        graph.build(
            loops: 1 + random.next(3), spin: Int64(random.one(of: [0, 0, 3_000, 30_000])),
            spare: random.next(5))
        let others = draft.nodes.indices.filter { draft.nodes[$0].kind != .source }
        return (graph, others.map { nodes[$0] })
    }

    private static let seeds: [UInt64] = {
        let wanted = (ProcessInfo.processInfo.environment["FLOW_SEED"] ?? "").split(separator: "-")
            .compactMap { UInt64($0) }
        guard let first = wanted.first, let last = wanted.last else { return Array(1...200) }
        return Array(first...last)
    }()

    @Test(arguments: seeds)
    func `whatever the graph, everything arrives and nothing is left`(seed: UInt64) {
        let (graph, _) = Self.graph(seed)
        graph.expectRight(turns: 1_000_000, "FLOW_SEED=\(seed)")
    }

    @Test(arguments: seeds)
    func `whatever the graph, barriers cut it where the sources did`(seed: UInt64) {
        let (graph, nodes) = Self.graph(seed)
        var epoch = 0
        while graph.some(30) {
            if epoch < 5, graph.barrier(epoch + 1) { epoch += 1 }
        }
        graph.expectRight("FLOW_SEED=\(seed)")
        for number in 0..<epoch {
            #expect(graph.cutIsRight(number + 1, nodes), "FLOW_SEED=\(seed) epoch \(number + 1)")
        }
    }
}
