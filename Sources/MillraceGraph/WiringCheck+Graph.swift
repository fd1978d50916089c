// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// The graph as a whole.
extension WiringCheck {
    /// Each round names one cycle and takes its nodes out.
    mutating func refuseCycles() {
        var left = Set(graph.nodes.indices).subtracting(graph.topologicalOrder())
        while !left.isEmpty, nodeCheck.findings.all.count < 2 * Findings.shownMax {
            trim(&left)
            guard let start = left.min(by: { graph.nodes[$0].rank < graph.nodes[$1].rank }) else {
                return
            }
            let cycle = cycle(from: start, within: left)
            left.subtract(cycle.map { graph.edges[$0].to })
            guard let last = cycle.first else { return }
            let ids = cycle.reversed().map { graph.nodes[graph.edges[$0].from].id }
            let id = graph.nodes[graph.edges[last].to].id
            error(
                .cycle, at: graph.edges[last].mark, node: id,
                "a cycle: \((ids + [ids[0]]).joined(separator: " → "))",
                next: "take one of these edges out")
        }
    }

    /// Leaves only nodes that have a producer and a consumer among themselves.
    private func trim(_ left: inout Set<Int>) {
        while true {
            let inner = graph.edges.filter { left.contains($0.from) && left.contains($0.to) }
            let kept = Set(inner.map(\.from)).intersection(inner.map(\.to))
            if kept.count == left.count { return }
            left = kept
        }
    }

    /// Positions of edges, walked against their direction, from the last to the first; the
    /// cycle begins and ends at the node that comes first in the file.
    private func cycle(from start: Int, within left: Set<Int>) -> [Int] {
        var into: [Int: Int] = [:]
        for (number, edge) in graph.edges.enumerated() {
            if left.contains(edge.from), left.contains(edge.to), into[edge.to] == nil {
                into[edge.to] = number
            }
        }
        var path: [Int] = []
        var seen: [Int: Int] = [:]
        var node = start
        while seen[node] == nil, let edge = into[node] {
            seen[node] = path.count
            path.append(edge)
            node = graph.edges[edge].from
        }
        let loop = Array(path[(seen[node] ?? 0)...])
        let first = loop.indices.min {
            graph.nodes[graph.edges[loop[$0]].to].rank < graph.nodes[graph.edges[loop[$1]].to].rank
        }
        guard let first else { return loop }
        return Array(loop[first...] + loop[..<first])
    }

    /// Along the graph, so that `same(in)` is known when it is asked for.
    mutating func compareTypes() {
        var inputTypes: [Port: PortType] = [:]
        var incoming = [[Int]](repeating: [], count: graph.nodes.count)
        for (number, edge) in graph.edges.enumerated() { incoming[edge.to].append(number) }
        for position in graph.topologicalOrder() {
            for number in incoming[position] {
                let edge = graph.edges[number]
                let given = outputType(edge, inputTypes)
                let port = Port(node: position, port: edge.inputPort)
                compare(edge, given)
                inputTypes[port] = inputTypes[port].map { $0.joined(given) } ?? given
            }
        }
    }

    private func outputType(_ edge: LogicalEdge, _ inputTypes: [Port: PortType]) -> PortType {
        let operation = graph.nodes[edge.from].operation
        let declared = operation.outputs[edge.outputPort].schema
        guard let name = PortType.follows(declared) else { return PortType(declared) }
        guard let input = operation.inputs.firstIndex(where: { $0.name == name }) else {
            return .bytes
        }
        return inputTypes[Port(node: edge.from, port: input)]
            ?? PortType(operation.inputs[input].schema)
    }

    private mutating func compare(_ edge: LogicalEdge, _ given: PortType) {
        let (from, to) = (graph.nodes[edge.from], graph.nodes[edge.to])
        let input = to.operation.inputs[edge.inputPort]
        let taken = PortType(input.schema)
        let fit = given.fits(into: taken)
        if fit == .fits { return }
        let output = from.operation.outputs[edge.outputPort].name
        let text =
            "\(from.id).\(output) gives \(given.text), \(to.id).\(input.name) takes \(taken.text)"
        let converter = nodeCheck.names.converter(from: given, to: taken)
        let next =
            converter.map { "put `\($0)` between them" }
            ?? "put an operator between them that takes \(given.text) and gives \(taken.text)"
        let severity: Finding.Severity = fit == .looksRaw ? .warning : .error
        let owner = topology.nodes.contains { $0.id.value == to.id } ? to.id : from.id
        nodeCheck.findings.add(
            severity, Failure(.typesDiffer, at: edge.mark, node: owner, text, next: next))
    }

    mutating func findUnread() {
        for position in graph.nodes.indices {
            let node = graph.nodes[position]
            for (port, output) in node.operation.outputs.enumerated() where !output.optional {
                if readPorts.contains(Port(node: position, port: port)) { continue }
                nodeCheck.findings.warning(
                    .outputUnread, at: node.mark, node: node.id,
                    "\(node.id).\(output.name) is read by nobody: its records are dropped",
                    next: "add a node with `from: \(node.id).\(output.name)`, or remove this one")
            }
        }
    }
}

extension OperatorNames {
    /// An operator that only changes the form: its name says so and its ports fit.
    func converter(from given: PortType, to taken: PortType) -> String? {
        let forms: Set<String> = ["decode", "encode", "parse", "format"]
        return ids.first { id in
            guard let last = id.split(separator: ".").last, forms.contains(String(last)),
                let entry = try? find(
                    Marked(id, at: Mark(file: "", line: 1, column: 1)), node: nil),
                let input = entry.operation.inputs.first,
                let output = entry.operation.outputs.first,
                PortType.follows(output.schema) == nil
            else { return false }
            return given.fits(into: PortType(input.schema)) == .fits
                && PortType(output.schema).fits(into: taken) == .fits
        }
    }
}
