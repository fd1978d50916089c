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
    /// By producer, the number that its last `key` node has; 1: none yet.
    private var keyNumbers: [String: Int] = [:]
    /// Rounds of all loops: a test holds them to the size of the graph.
    var steps = 0
    /// An edge could mean any node: nothing can be said about outputs that nobody reads.
    var hasUnknownEdge = false

    struct Port: Hashable {
        var node: Int
        var port: Int
    }

    /// The graph may be incomplete when there are errors in `findings`.
    package static func run(
        _ topology: Topology, names: OperatorNames, outside: OutsideChecks = OutsideChecks(),
        findings: inout Findings
    ) -> LogicalGraph {
        var check = WiringCheck(topology, names, outside, findings)
        check.addNodes()
        // By id, so that the names of `key` nodes do not depend on the order of the file.
        for node in topology.nodes.sorted(by: { $0.id.value < $1.id.value }) {
            check.connect(node)
        }
        for node in topology.nodes { check.requireInputs(node) }
        check.refuseStatePerKey()
        check.refuseCycles()
        check.refuseStrayKeys()
        check.compareTypes()
        check.findUnread()
        findings = check.nodeCheck.findings
        findings.steps += check.steps
        return check.graph
    }

    private init(
        _ topology: Topology, _ names: OperatorNames, _ outside: OutsideChecks,
        _ findings: Findings
    ) {
        self.topology = topology
        known = Set(topology.nodes.map(\.id.value))
        taken = known
        hasUnknownEdge = topology.nodes.contains { !$0.fromIsWhole }
        nodeCheck = NodeCheck(
            names: names, defaults: topology.defaults, outside: outside, findings: findings)
    }

    private mutating func addNodes() {
        for (place, node) in topology.nodes.enumerated() {
            guard let logical = nodeCheck.check(node, place: place) else { continue }
            positions[node.id.value] = graph.nodes.count
            graph.nodes.append(logical)
        }
    }

    /// Whether a node stands in the file; those of the engine do not.
    func isWritten(_ id: String) -> Bool { known.contains(id) }

    func isOneLiner(_ mark: Mark) -> Bool { mark.file == OneLiner.file }

    /// In `graph.nodes`; nil for a broken node.
    func position(of id: String) -> Int? { positions[id] }

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
        steps += 1
        let id = consumer.id.value
        let input = inputPort(edge, of: graph.nodes[to])
        if let input { writtenPorts.insert(Port(node: to, port: input)) }
        guard known.contains(edge.node) else {
            refuseUnknown(edge, reader: id)
            return
        }
        guard let from = positions[edge.node],
            let output = edge.port == ErrorsPort.name
                ? errorsPort(edge, of: from, reader: id)
                : outputPort(edge, of: graph.nodes[from], reader: id)
        else { return }
        readPorts.insert(Port(node: from, port: output))
        guard let input else { return }
        route(edge, from: from, output: output, to: to, input: input)
    }

    /// What was probably meant is read all the same.
    private mutating func refuseUnknown(_ edge: TopologyEdge, reader: String) {
        // What is not shown is not searched for, or many faults would take many searches.
        let isShown = nodeCheck.findings.all.count < Findings.shownMax
        if isShown { steps += known.count }
        let near = isShown ? Nearest.name(to: edge.node, among: known) : nil
        let nodes = topology.nodes.prefix(12).map(\.id.value).joined(separator: ", ")
        error(
            .unknownNodeOrPort, at: edge.mark, node: reader, "there is no node `\(edge.node)`",
            next: near.map { "did you mean `\($0)`?" } ?? "nodes: \(nodes)")
        guard let near else {
            hasUnknownEdge = true
            return
        }
        var meant = edge
        meant.node = near
        countAsRead(meant)
    }

    private func defaultPort(_ ports: [PortDescription], _ name: String) -> Int? {
        ports.firstIndex { $0.name == name } ?? (ports.count == 1 ? 0 : nil)
    }

    private mutating func outputPort(
        _ edge: TopologyEdge, of node: LogicalNode, reader: String
    ) -> Int? {
        let ports = node.operation.ownOutputs
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
            countAsRead(edge)
            error(
                .unknownNodeOrPort, at: edge.mark, node: reader,
                "\(node.id) has the outputs \(names.joined(separator: ", "))",
                next: "write which one: `\(node.id).\(names[0])`")
            return nil
        }
        if let port = names.firstIndex(of: name) { return port }
        countAsRead(edge)
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
        let ports = graph.nodes[from].operation.ownOutputs
        let port = edge.port.map { name in ports.firstIndex { $0.name == name } }
        if let port = port ?? defaultPort(ports, "out") {
            readPorts.insert(Port(node: from, port: port))
        } else {
            for port in ports.indices { readPorts.insert(Port(node: from, port: port)) }
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
        let path = "nodes.\(consumer).from.key"
        for (index, field) in edge.key.enumerated() {
            guard let fault = nodeCheck.outside.path(field.raw) else { continue }
            let which = edge.key.count == 1 ? "" : "[\(index)]"
            error(
                .expressionSyntax, at: field.place(ofBytes: fault.offset, length: fault.length),
                node: consumer, "\(path)\(which): \(fault.text)", next: fault.next)
            return nil
        }
        // A word takes any type, and an edge of a command line is made of words.
        let items = edge.key.map {
            TreeValue(.text($0.raw), at: $0.mark, origin: .quoted, raw: $0.raw)
        }
        let isOne = items.count == 1
        let value = isOne ? items[0] : TreeValue(.list(items), at: place)
        let member = TreeMember(name: isOne ? "field" : "fields", nameMark: place, value: value)
        let config = ParameterSchema(entry.operation, outside: nodeCheck.outside).check(
            [member], path: path, node: consumer, place: place, findings: &nodeCheck.findings)
        guard let config else { return nil }
        let producer = graph.nodes[from]
        let id = keyID(producer.id)
        graph.nodes.append(
            LogicalNode(
                id: id, mark: edge.mark, entry: entry, config: config, secrets: [],
                parallelism: producer.parallelism, outputMemory: producer.outputMemory,
                watchdogSoft: Limits.watchdogSoftNanoseconds,
                watchdogHard: Limits.watchdogHardNanoseconds, loop: producer.loop,
                onError: topology.defaults.onError ?? .deadLetter,
                rank: NodeRank(place: producer.rank.place, inserted: graph.nodes.count)))
        let position = graph.nodes.count - 1
        readPorts.insert(Port(node: position, port: 0))
        return position
    }

    /// `orders_key`, then `orders_key_2`: the first that no node has.
    private mutating func keyID(_ producer: String) -> String {
        var number = keyNumbers[producer] ?? 1
        var id = number == 1 ? "\(producer)_key" : "\(producer)_key_\(number)"
        while !taken.insert(id).inserted {
            steps += 1
            number += 1
            id = "\(producer)_key_\(number)"
        }
        keyNumbers[producer] = number + 1
        return id
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
                next: isOneLiner(node.id.mark)
                    ? "put `!` between it and what it reads" : "name the node that it reads")
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
