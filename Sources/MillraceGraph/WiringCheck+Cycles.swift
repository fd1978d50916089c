// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Cycles, each told once, in steps that grow with the graph: hostile files are large.
extension WiringCheck {
    /// Ids that one message lists; of a longer cycle it shows both ends.
    private static let shownMax = 12

    /// Each round names one cycle and takes its nodes out.
    mutating func refuseCycles() {
        let order = graph.topologicalOrder()
        steps += graph.nodes.count + graph.edges.count
        if order.count == graph.nodes.count { return }
        var cyclic = Cyclic(graph, without: order)
        while nodeCheck.findings.all.count < 2 * Findings.shownMax {
            let cycle = cyclic.next()
            guard let last = cycle.first else { break }
            let ids = cycle.reversed().map { graph.nodes[graph.edges[$0].from].id }
            error(
                .cycle, at: graph.edges[last].mark, node: graph.nodes[graph.edges[last].to].id,
                "a cycle: \(Self.shown(ids + [ids[0]]))", next: "take one of these edges out")
        }
        steps += cyclic.steps
    }

    private static func shown(_ ids: [String]) -> String {
        guard ids.count > shownMax else { return ids.joined(separator: " → ") }
        let (head, tail) = (ids.prefix(shownMax - 4), ids.suffix(3))
        let left = ids.count - head.count - tail.count
        return (head + ["… \(left) more …"] + tail).joined(separator: " → ")
    }
}

/// The nodes on cycles, and between them. Nodes leave it, none comes back.
private struct Cyclic {
    private let graph: LogicalGraph
    /// Edges among the nodes, by where they end and by where they begin.
    private var into: [[Int]]
    private var out: [[Int]]
    private var isLeft: [Bool]
    /// Of a node that is left: edges from and to others that are.
    private var producers: [Int]
    private var consumers: [Int]
    /// By rank; those before `first` have left.
    private let byRank: [Int]
    private var first = 0
    private(set) var steps = 0

    init(_ graph: LogicalGraph, without order: [Int]) {
        self.graph = graph
        into = [[Int]](repeating: [], count: graph.nodes.count)
        out = into
        isLeft = [Bool](repeating: true, count: graph.nodes.count)
        for node in order { isLeft[node] = false }
        producers = [Int](repeating: 0, count: graph.nodes.count)
        consumers = producers
        for (number, edge) in graph.edges.enumerated() where isLeft[edge.from] && isLeft[edge.to] {
            into[edge.to].append(number)
            out[edge.from].append(number)
            producers[edge.to] += 1
            consumers[edge.from] += 1
        }
        byRank = graph.nodes.indices.filter { [isLeft] in isLeft[$0] }
            .sorted { graph.nodes[$0].rank < graph.nodes[$1].rank }
        leave(
            graph.nodes.indices.filter { isLeft[$0] && (producers[$0] == 0 || consumers[$0] == 0) })
    }

    /// Edges of one cycle, walked against their direction from the last to the first; it begins
    /// and ends at its node that comes first in the file. Its nodes leave. Empty: none is left.
    mutating func next() -> [Int] {
        while first < byRank.count, !isLeft[byRank[first]] { first += 1 }
        guard first < byRank.count else { return [] }
        var path: [Int] = []
        var seen: [Int: Int] = [:]
        var node = byRank[first]
        while seen[node] == nil {
            seen[node] = path.count
            steps += 1
            guard let edge = into[node].first(where: { isLeft[graph.edges[$0].from] }) else {
                preconditionFailure("BUG: a node that is left has no producer")
            }
            path.append(edge)
            node = graph.edges[edge].from
        }
        let loop = Array(path[(seen[node] ?? 0)...])
        let start = loop.indices.min { rank(loop[$0]) < rank(loop[$1]) } ?? 0
        leave(loop.map { graph.edges[$0].to })
        return Array(loop[start...] + loop[..<start])
    }

    private func rank(_ edge: Int) -> NodeRank { graph.nodes[graph.edges[edge].to].rank }

    /// These nodes leave, and with them those that have no producer or no consumer left.
    private mutating func leave(_ nodes: [Int]) {
        var waiting = nodes
        while let node = waiting.popLast() {
            guard isLeft[node] else { continue }
            isLeft[node] = false
            for edge in into[node] {
                steps += 1
                let producer = graph.edges[edge].from
                consumers[producer] -= 1
                if isLeft[producer], consumers[producer] == 0 { waiting.append(producer) }
            }
            for edge in out[node] {
                steps += 1
                let consumer = graph.edges[edge].to
                producers[consumer] -= 1
                if isLeft[consumer], producers[consumer] == 0 { waiting.append(consumer) }
            }
        }
    }
}
