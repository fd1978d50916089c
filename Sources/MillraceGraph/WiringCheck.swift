// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Phase 6: from nodes that are right by themselves to a graph that is.
///
/// Ports and nodes that are named exist, inputs are connected, no cycles, `forward` joins equals,
/// types fit, outputs are read. A node that an earlier phase has broken is neither checked nor
/// blamed again, and counts as reader and as writer of whatever it names.
package struct WiringCheck {
    let topology: Topology
    /// Known ids, also of broken nodes.
    private let known: Set<String>
    var nodeCheck: NodeCheck
    var graph = LogicalGraph()
    private var positions: [String: Int] = [:]
    /// Output ports that somebody reads, and inputs that somebody writes.
    var readPorts: Set<Port> = []
    private var writtenPorts: Set<Port> = []
    private var taken: Set<String>

    struct Port: Hashable {
        var node: Int
        var port: Int
    }

    /// The graph may be incomplete when there are errors in `findings`.
    package static func run(
        _ topology: Topology, names: OperatorNames, findings: inout Findings
    ) -> LogicalGraph {
        var check = WiringCheck(topology, names, findings)
        check.addNodes()
        for node in topology.nodes { check.connect(node) }
        for node in topology.nodes { check.requireInputs(node) }
        check.refuseCycles()
        check.compareTypes()
        check.findUnread()
        findings = check.nodeCheck.findings
        return check.graph
    }

    private init(_ topology: Topology, _ names: OperatorNames, _ findings: Findings) {
        self.topology = topology
        known = Set(topology.nodes.map(\.id.value))
        taken = known
        nodeCheck = NodeCheck(names: names, defaults: topology.defaults, findings: findings)
    }

    private mutating func addNodes() {
        for (place, node) in topology.nodes.enumerated() {
            guard let logical = nodeCheck.check(node, place: place) else { continue }
            positions[node.id.value] = graph.nodes.count
            graph.nodes.append(logical)
        }
    }

    mutating func error(
        _ code: FailureCode, at mark: Mark, node: String, _ text: String, next: String? = nil
    ) {
        nodeCheck.findings.error(code, at: mark, node: node, text, next: next)
    }
}

/// Edges.
extension WiringCheck {
    private mutating func connect(_ consumer: TopologyNode) {
        let id = consumer.id.value
        guard let to = positions[id] else {
            for edge in consumer.from { countAsRead(edge) }
            return
        }
        let operation = graph.nodes[to].operation
        if operation.kind == .source {
            if let mark = consumer.fromMark {
                error(
                    .unknownNodeOrPort, at: mark, node: id,
                    "nodes.\(id).from: \(operation.id) is a source and has no input",
                    next: "remove `from`, or put a transform there")
                for edge in consumer.from { countAsRead(edge) }
            }
            return
        }
        for edge in consumer.from { connect(edge, to: to, consumer) }
    }

    private mutating func connect(_ edge: TopologyEdge, to: Int, _ consumer: TopologyNode) {
        let id = consumer.id.value
        let input = inputPort(edge, of: graph.nodes[to])
        if let input { writtenPorts.insert(Port(node: to, port: input)) }
        guard known.contains(edge.node) else {
            error(
                .unknownNodeOrPort, at: edge.mark, node: id,
                "there is no node `\(edge.node)`",
                next: Nearest.question(edge.node, known.sorted())
                    ?? "nodes: \(topology.nodes.prefix(12).map(\.id.value).joined(separator: ", "))"
            )
            return
        }
        if edge.port == "errors" {
            error(
                .notServed, at: edge.mark, node: id,
                "\(edge.node).errors: known, but not served by this release",
                next: "remove it: a refused record ends the run")
            return
        }
        guard let from = positions[edge.node],
            let output = outputPort(edge, of: graph.nodes[from], reader: id)
        else { return }
        readPorts.insert(Port(node: from, port: output))
        guard let input else { return }
        route(edge, from: from, output: output, to: to, input: input)
    }

    private func defaultPort(_ ports: [PortDescription], _ name: String) -> Int? {
        ports.firstIndex { $0.name == name } ?? (ports.count == 1 ? 0 : nil)
    }

    private mutating func outputPort(
        _ edge: TopologyEdge, of node: LogicalNode, reader: String
    ) -> Int? {
        let ports = node.operation.outputs
        if ports.isEmpty {
            error(
                .unknownNodeOrPort, at: edge.mark, node: reader,
                "\(node.id) is a sink (\(node.operation.id)) and has no output",
                next: "read from a node before it")
            return nil
        }
        let names = ports.map(\.name)
        guard let name = edge.port else {
            if let port = defaultPort(ports, "out") { return port }
            error(
                .unknownNodeOrPort, at: edge.mark, node: reader,
                "\(node.id) has the outputs \(names.joined(separator: ", "))",
                next: "write which one: `\(node.id).\(names[0])`")
            return nil
        }
        if let port = names.firstIndex(of: name) { return port }
        error(
            .unknownNodeOrPort, at: edge.mark, node: reader,
            "\(node.id) has no output `\(name)`",
            next: Nearest.question(name, names) ?? "outputs: \(names.joined(separator: ", "))")
        return nil
    }

    private mutating func inputPort(_ edge: TopologyEdge, of node: LogicalNode) -> Int? {
        let ports = node.operation.inputs
        let names = ports.map(\.name)
        guard let name = edge.input else {
            if let port = defaultPort(ports, "in") { return port }
            error(
                .unknownNodeOrPort, at: edge.mark, node: node.id,
                "\(node.id) has the inputs \(names.joined(separator: ", "))",
                next: "write which one: `{node: \(edge.node), input: \(names.first ?? "in")}`")
            return nil
        }
        if let port = names.firstIndex(of: name.value) { return port }
        error(
            .unknownNodeOrPort, at: name.mark, node: node.id,
            "\(node.id) has no input `\(name.value)`",
            next: Nearest.question(name.value, names)
                ?? "inputs: \(names.joined(separator: ", "))")
        return nil
    }

    /// The reader is broken; what it reads is read all the same.
    private mutating func countAsRead(_ edge: TopologyEdge) {
        guard let from = positions[edge.node] else { return }
        let ports = graph.nodes[from].operation.outputs
        let port = edge.port.map { name in ports.firstIndex { $0.name == name } }
        if let port = port ?? defaultPort(ports, "out") {
            readPorts.insert(Port(node: from, port: port))
        }
    }

    /// Adds the edge, with the engine's `key` node on it where a key is asked for.
    private mutating func route(
        _ edge: TopologyEdge, from: Int, output: Int, to: Int, input: Int
    ) {
        let consumer = graph.nodes[to].id
        let queue = edge.queue?.value ?? topology.defaults.queue ?? Limits.queueDefault
        var producer = from
        var port = output
        if !edge.key.isEmpty {
            guard let key = keyNode(edge, from: from, consumer: consumer) else { return }
            graph.edges.append(
                LogicalEdge(
                    from: from, outputPort: output, to: key, inputPort: 0, partition: .forward,
                    queue: queue, queueAsked: false, mark: edge.mark))
            producer = key
            port = 0
        }
        let tasks = (graph.nodes[from].parallelism, graph.nodes[to].parallelism)
        var partition: PlannedEdge.Partition = tasks.0 == tasks.1 ? .forward : .roundRobin
        if !edge.key.isEmpty, tasks.1 > 1 { partition = .hash }
        var partitioner: PlannedEdge.Partitioner?
        switch edge.partition?.value {
        case nil: break
        case .builtIn(let chosen): partition = chosen
        case .custom(let use, let with):
            guard let found = nodeCheck.partitioner(use, with, node: consumer) else { return }
            partition = .custom
            partitioner = found
        }
        if partition == .forward, tasks.0 != tasks.1 {
            error(
                .forwardUnequal, at: edge.partition?.mark ?? edge.mark, node: consumer,
                "`forward` joins task to task, and \(graph.nodes[from].id) has \(tasks.0), "
                    + "\(consumer) has \(tasks.1)",
                next: "make them equal, or write `partition: round_robin`")
        }
        graph.edges.append(
            LogicalEdge(
                from: producer, outputPort: port, to: to, inputPort: input, partition: partition,
                partitioner: partitioner, queue: queue, queueAsked: edge.queue != nil,
                mark: edge.mark))
    }

    /// The bundled `key` operator behind the producer: the one node that is never written down.
    private mutating func keyNode(_ edge: TopologyEdge, from: Int, consumer: String) -> Int? {
        let place = edge.key[0].mark
        let entry: CatalogEntry
        do throws(Failure) {
            entry = try nodeCheck.names.find(Marked("key", at: place), node: consumer)
        } catch {
            nodeCheck.findings.add(.error, error)
            return nil
        }
        let items = edge.key.map {
            TreeValue(.text($0.value), at: $0.mark, origin: .quoted, raw: $0.value)
        }
        if items.count > 1 {
            let kind = entry.operation.parameters.first { $0.name == "field" }?.kind
            guard kind == .list else {
                error(
                    .notServed, at: edge.key[1].mark, node: consumer,
                    "a key of several fields is known, but not served by this release",
                    next: "put one field together before this edge")
                return nil
            }
        }
        let value = items.count == 1 ? items[0] : TreeValue(.list(items), at: place)
        let config = ParameterSchema(entry.operation).check(
            [TreeMember(name: "field", nameMark: place, value: value)],
            path: "nodes.\(consumer).from.key", node: consumer, place: place,
            findings: &nodeCheck.findings)
        guard let config else { return nil }
        let producer = graph.nodes[from]
        var id = "\(producer.id)_key"
        var number = 2
        while !taken.insert(id).inserted {
            id = "\(producer.id)_key_\(number)"
            number += 1
        }
        graph.nodes.append(
            LogicalNode(
                id: id, mark: edge.mark, entry: entry, config: config, secrets: [],
                parallelism: producer.parallelism, outputMemory: producer.outputMemory,
                watchdogSoft: Limits.watchdogSoftNanoseconds,
                watchdogHard: Limits.watchdogHardNanoseconds, loop: producer.loop,
                rank: NodeRank(place: producer.rank.place, inserted: graph.nodes.count)))
        let position = graph.nodes.count - 1
        readPorts.insert(Port(node: position, port: 0))
        return position
    }

    private mutating func requireInputs(_ node: TopologyNode) {
        let id = node.id.value
        guard let position = positions[id], !nodeCheck.findings.broken.contains(id) else { return }
        let operation = graph.nodes[position].operation
        guard operation.kind != .source else { return }
        if node.from.isEmpty {
            error(
                .missingKey, at: node.id.mark, node: id,
                "nodes.\(id).from: missing, \(operation.id) takes records from another node",
                next: "name the node that it reads")
            return
        }
        for (port, input) in operation.inputs.enumerated() where !input.optional {
            if writtenPorts.contains(Port(node: position, port: port)) { continue }
            error(
                .missingKey, at: node.fromMark ?? node.id.mark, node: id,
                "nodes.\(id).from: nothing goes into the input `\(input.name)`",
                next: "add `{node: NODE, input: \(input.name)}`")
        }
    }
}
