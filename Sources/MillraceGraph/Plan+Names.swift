// SPDX-License-Identifier: Apache-2.0
import MillraceCore

extension Plan {
    /// The name of an edge: its ports, and which of several between the same two it is. It stays
    /// the same when other nodes come and go.
    package func name(ofEdge number: Int) -> String {
        let edge = edges[number]
        let from = nodes[edge.from], to = nodes[edge.to]
        let out = from.operation.outputs[edge.outputPort].name
        let into = to.operation.inputs[edge.inputPort].name
        let before = edges[..<number].count {
            $0.from == edge.from && $0.to == edge.to && $0.outputPort == edge.outputPort
                && $0.inputPort == edge.inputPort
        }
        return "\(from.id).\(out)-\(to.id).\(into)" + (before == 0 ? "" : "-\(before + 1)")
    }

    /// Libraries in order of first use by a node, then those that only edges use.
    package var plugins: [PluginReference] {
        var seen: Set<String> = []
        let all = nodes.map(\.plugin) + edges.compactMap(\.partitioner?.plugin)
        return all.filter { seen.insert($0.sha256).inserted }
    }

    /// Producing and consuming instance of each lane of an edge; none where the ends are fused.
    package func lanes(ofEdge number: Int) -> [(producer: Int, consumer: Int)] {
        let edge = edges[number]
        guard !edge.fused else { return [] }
        let producers = 0..<nodes[edge.from].parallelism
        if edge.partition == .forward { return producers.map { ($0, $0) } }
        let consumers = 0..<nodes[edge.to].parallelism
        return producers.flatMap { producer in consumers.map { (producer, $0) } }
    }
}
