// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// The graph as a whole.
extension WiringCheck {
    /// Along the graph, so that `same(in)` is known when it is asked for.
    mutating func compareTypes() {
        var inputTypes: [Port: PortType] = [:]
        var incoming = [[Int]](repeating: [], count: graph.nodes.count)
        for (number, edge) in graph.edges.enumerated() { incoming[edge.to].append(number) }
        for position in graph.topologicalOrder() {
            for number in incoming[position] {
                steps += 1
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
            + (given == .bytes && taken == .text ? ", such as `lines`" : "")
        let severity: Finding.Severity = fit == .looksRaw ? .warning : .error
        let owner = isWritten(to.id) ? to.id : from.id
        nodeCheck.findings.add(
            severity, Failure(.typesDiffer, at: edge.mark, node: owner, text, next: next))
    }

    mutating func findUnread() {
        if hasUnknownEdge { return }
        for position in graph.nodes.indices {
            let node = graph.nodes[position]
            for (port, output) in node.operation.outputs.enumerated() where !output.optional {
                if readPorts.contains(Port(node: position, port: port)) { continue }
                nodeCheck.findings.warning(
                    .outputUnread, at: node.mark, node: node.id,
                    "\(node.id).\(output.name) is read by nobody: its records are dropped",
                    next: isOneLiner(node.mark)
                        ? "put `! OPERATOR` behind it, or `@\(node.id).\(output.name) ! OPERATOR`"
                        : "add a node with `from: \(node.id).\(output.name)`, or remove this one")
            }
        }
    }
}

extension OperatorNames {
    /// An operator that only changes the form: its name says so and its ports fit. That JSON is
    /// text, too, is no reason to have text decoded.
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
                && (taken != .text || PortType(output.schema) == .text)
        }
    }
}
