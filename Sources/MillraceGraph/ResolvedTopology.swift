// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// A topology with nothing left open: defaults filled in, operators pinned, the engine's own nodes
/// among the others, and where each value comes from.
///
/// Nodes are in topological order, by id where the order is free: the faces of one graph (file,
/// one-liner, Swift) give one resolved topology, but for origins, names and descriptions. Secrets
/// are `***`.
package struct ResolvedTopology: Hashable, Sendable {
    /// Where a value comes from.
    package enum Origin: Hashable, Sendable {
        case place(Mark)
        /// `--set NODE.PARAM=VALUE`.
        case setting
        /// Another flag of the command line.
        case flag(String)
        /// `${NAME}`, at a place.
        case variable(String, Mark)
        /// The text behind `:-` of an unset `${NAME:-text}`.
        case unsetVariable(String, Mark)
        /// `${file:PATH}`.
        case file(String, Mark)
        /// The `defaults` of the file.
        case defaults(Mark)
        case operatorDefault
        /// The engine's, with the reason where there is one to tell.
        case engineDefault(String?)
    }

    /// A value as a user would write it (`10s`, `64KiB`).
    package struct Value: Hashable, Sendable {
        package indirect enum Content: Hashable, Sendable {
            case scalar(JSON)
            case list([Value])
            case map([Member])
        }

        package struct Member: Hashable, Sendable {
            package var name: String
            package var value: Value
        }

        package var content: Content
        /// Of a scalar; nil for lists and maps, and when it is not known.
        package var origin: Origin?

        init(_ content: Content, _ origin: Origin? = nil) {
            self.content = content
            self.origin = origin
        }

        init(text: String, _ origin: Origin?) { self.init(.scalar(.string(text)), origin) }
        init(number: Int, _ origin: Origin?) { self.init(.scalar(.int(Int64(number))), origin) }
    }

    package struct Node: Hashable, Sendable {
        package var id: String
        /// Put there by the engine: nobody wrote it down.
        package var isInserted: Bool
        package var description: String?
        package var operation: OperatorDescription
        package var plugin: PluginReference
        /// The C function that the operator `native` calls, as it was written.
        package var function: String?
        /// Of the operator's name.
        package var useOrigin: Origin?
        package var with: Value
        package var parallelism: Value
        package var isolation: Value
        /// nil: its refused records are dead letters.
        package var onError: Value?
        package var outputMemory: Value
        package var watchdogSoft: Value
        package var watchdogHard: Value
        package var loop: Value?
        /// nil: there is no limit.
        package var memory: Value?
        /// Settings of `event_time` by name; empty: records keep the time that they come with.
        package var eventTime: [Value.Member] = []

        /// `id@version`.
        package var use: String { "\(operation.id)@\(operation.version)" }
    }

    package struct Edge: Hashable, Sendable {
        /// Positions in `nodes`.
        package var from: Int
        package var to: Int
        package var outputPort: String
        package var inputPort: String
        package var partition: Value
        package var partitioner: Partitioner?
        package var queue: Value
        /// Called directly, no lane and no queue.
        package var isFused: Bool
    }

    package struct Partitioner: Hashable, Sendable {
        package var operation: OperatorDescription
        package var plugin: PluginReference
        package var with: Value

        package var use: String { "\(operation.id)@\(operation.version)" }
    }

    package struct Checkpoint: Hashable, Sendable {
        package var every: Value
        package var guarantee: Value
        /// Nil when the topology names no folder.
        package var store: Value?
        package var timeout: Value
        package var retain: Value
    }

    package struct Restart: Hashable, Sendable {
        package var backoff: Value
        package var count: Value
        package var per: Value
    }

    package var name: Value
    package var description: String?
    package var arena: Value
    package var threads: Value
    package var pinned: Value
    package var idle: Value
    /// nil: the usual number.
    package var letterLimit: Value?
    package var checkpoint: Checkpoint
    package var restart: Restart
    package var nodes: [Node]
    package var edges: [Edge]
    /// Plugins of the nodes and partitioners: as the file names them when it names files, else
    /// pinned to a version; sorted.
    package var plugins: [String]
}

extension ResolvedTopology {
    /// A plan without what is known of its making: all origins are nil.
    package init(_ plan: Plan) { self.init(plan, origins: Origins()) }

    /// Nil when the topology is broken, or a value is unknown here. `environment` is that of the
    /// check.
    package init?(
        _ inspection: Inspection, environment: TopologyEnvironment, options: CheckOptions
    ) {
        guard let plan = inspection.plan else { return nil }
        self.init(plan, origins: Origins(inspection, environment, options))
    }

    init(_ plan: Plan, origins: Origins) {
        let order = TopologicalOrder.of(
            ranks: plan.nodes.map(\.id), edges: plan.edges.map { ($0.from, $0.to) })
        var position = [Int](repeating: 0, count: order.count)
        for (place, node) in order.enumerated() { position[node] = place }
        name = Value(text: plan.name, origins.name)
        description = origins.topology?.description
        arena = Value(
            text: Quantity.text(size: Int64(clamping: plan.arenaBytes)), origins.key("arena"))
        threads = Value(number: plan.threads, origins.threads)
        pinned = Value(.scalar(.bool(plan.pinned)), origins.key("pin"))
        idle = Value(text: plan.idle.rawValue, origins.key("idle"))
        if plan.lettersPerMinute != Limits.lettersPerMinuteDefault {
            letterLimit = Value(text: "\(plan.lettersPerMinute)/m", origins.key("dead_letter"))
        }
        checkpoint = Checkpoint(plan.checkpoints, origins)
        restart = Restart(plan.restarts, origins)
        nodes = order.map { Self.node(plan.nodes[$0], origins) }
        edges = plan.edges.map { Self.edge($0, plan, position, origins) }.sorted {
            ($0.from, $0.outputPort, $0.to, $0.inputPort)
                < ($1.from, $1.outputPort, $1.to, $1.inputPort)
        }
        plugins = Self.plugins(plan, origins)
    }

    private static func node(_ node: PlannedNode, _ origins: Origins) -> Node {
        Node(
            id: node.id, isInserted: origins.isInserted(node.id),
            description: origins.nodes[node.id]?.description, operation: node.operation,
            plugin: node.plugin, function: origins.function(node.id),
            useOrigin: origins.use(node.id),
            with: ResolvedValues(origins).object(
                node.config, node.operation.parameters, origins.parameters(node.id)),
            parallelism: Value(
                number: node.parallelism, origins.parallelism(node)),
            isolation: Value(
                text: (node.executor == 0 ? Isolation.executor : .process).rawValue,
                origins.nodeKey(node.id, "isolation")),
            onError: node.onError == .deadLetter
                ? nil : Value(text: node.onError.rawValue, origins.nodeKey(node.id, "on_error")),
            outputMemory: Value(
                text: Quantity.text(size: Int64(clamping: node.outputMemory)),
                origins.outputMemory(node)),
            watchdogSoft: Value(
                text: Quantity.text(duration: node.watchdogSoft),
                origins.nodeKey(node.id, "watchdog", "soft")),
            watchdogHard: Value(
                text: Quantity.text(duration: node.watchdogHard),
                origins.nodeKey(node.id, "watchdog", "hard")),
            loop: node.loop.map { Value(number: $0, origins.nodeKey(node.id, "loop")) },
            memory: node.memory.map {
                Value(
                    text: Quantity.text(size: $0),
                    origins.nodeKey(node.id, "resources", "memory"))
            }, eventTime: node.eventTime.map { eventTime($0, node.id, origins) } ?? [])
    }

    private static func edge(
        _ edge: PlannedEdge, _ plan: Plan, _ position: [Int], _ origins: Origins
    ) -> Edge {
        let (from, to) = (plan.nodes[edge.from], plan.nodes[edge.to])
        let written = origins.edge(from: from.id, edge.outputPort, to: to.id, edge.inputPort)
        return Edge(
            from: position[edge.from], to: position[edge.to],
            outputPort: portName(from.operation.outputs, edge.outputPort),
            inputPort: portName(to.operation.inputs, edge.inputPort),
            partition: Value(
                text: edge.partition.rawValue, origins.partition(written, edge, from, to)),
            partitioner: edge.partitioner.map { partitioner in
                Partitioner(
                    operation: partitioner.operation, plugin: partitioner.plugin,
                    with: ResolvedValues(origins).object(
                        partitioner.config, partitioner.operation.parameters,
                        origins.partitionerTree(written)))
            }, queue: Value(number: edge.queue, origins.queue(written)), isFused: edge.fused)
    }

    /// A plan that came over a socket may name ports that are not there.
    private static func portName(_ ports: [PortDescription], _ position: Int) -> String {
        ports.indices.contains(position) ? ports[position].name : String(position)
    }

    private static func plugins(_ plan: Plan, _ origins: Origins) -> [String] {
        var files: [String] = []
        for request in origins.topology?.plugins ?? [] {
            if case .file(let path) = request.target { files.append(path) }
        }
        let used = plan.nodes.map(\.plugin) + plan.edges.compactMap(\.partitioner?.plugin)
        let pinned = used.filter { plugin in
            !files.contains { plugin.path.hasSuffix($0.split(separator: "/").last ?? "") }
        }.map { "\($0.name)@\($0.version)" }
        return files + Set(pinned).sorted()
    }
}
