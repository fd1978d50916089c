// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// What is drawn of a graph: nodes with one line about each, edges with their labels.
package struct GraphDrawing: Hashable, Sendable {
    package struct Node: Hashable, Sendable {
        package var id: String
        /// The operator, with what else is said.
        package var label: String
        package var tasks: Int
        package var description: String?
        /// Put there by the engine.
        package var isInserted: Bool

        package init(
            id: String, label: String, tasks: Int = 1, description: String? = nil,
            isInserted: Bool = false
        ) {
            self.id = id
            self.label = label
            self.tasks = tasks
            self.description = description
            self.isInserted = isInserted
        }

        /// `count ×4`.
        var operation: String { tasks == 1 ? label : "\(label) ×\(tasks)" }
    }

    package struct Edge: Hashable, Sendable {
        /// Positions in `nodes`.
        package var from: Int
        package var to: Int
        /// Empty where there is nothing to tell apart.
        package var ports: String
        /// Partition and lane; may be empty.
        package var label: String

        package init(from: Int, to: Int, ports: String = "", label: String = "") {
            self.from = from
            self.to = to
            self.ports = ports
            self.label = label
        }

        /// Ports and label, what there is of them.
        var text: String {
            [ports, label].filter { !$0.isEmpty }.joined(separator: ", ")
        }
    }

    package var title: String
    package var nodes: [Node]
    package var edges: [Edge]

    package init(title: String, nodes: [Node], edges: [Edge]) {
        self.title = title
        self.nodes = nodes
        self.edges = edges
    }
}

extension GraphDrawing {
    /// What runs: all nodes, and how each edge works.
    package init(_ topology: ResolvedTopology) {
        var title = ""
        if case .scalar(.string(let name)) = topology.name.content { title = name }
        let nodes = topology.nodes.map { node in
            var tasks = 1
            if case .scalar(.int(let number)) = node.parallelism.content {
                tasks = Int(clamping: number)
            }
            return Node(
                id: node.id, label: node.function ?? node.use, tasks: tasks,
                description: node.description,
                isInserted: node.isInserted)
        }
        let edges = topology.edges.map { edge in
            Edge(
                from: edge.from, to: edge.to, ports: "\(edge.outputPort) → \(edge.inputPort)",
                label: edge.wayText)
        }
        self.init(title: title, nodes: nodes, edges: edges)
    }

    /// What was written: the nodes of the file, and what their edges say. Edges from nodes that
    /// are not there are left out.
    package init(_ topology: Topology, title: String) {
        var position: [String: Int] = [:]
        for (place, node) in topology.nodes.enumerated() { position[node.id.value] = place }
        var edges: [Edge] = []
        for (place, node) in topology.nodes.enumerated() {
            for edge in node.from {
                guard let from = position[edge.node] else { continue }
                edges.append(Edge(from: from, to: place, ports: edge.ports, label: edge.wayText))
            }
        }
        let nodes = topology.nodes.map { node in
            Node(
                id: node.id.value, label: node.use.value,
                tasks: node.parallelism?.value ?? topology.defaults.parallelism ?? 1,
                description: node.description)
        }
        self.init(title: topology.name?.value ?? title, nodes: nodes, edges: edges)
    }
}

extension ResolvedTopology.Edge {
    fileprivate var wayText: String {
        if isFused { return "fused" }
        var way = partitioner?.use ?? ""
        if partitioner == nil, case .scalar(.string(let name)) = partition.content { way = name }
        guard case .scalar(.int(let queue)) = queue.content else { return way }
        return "\(way), queue \(queue)"
    }
}

extension TopologyEdge {
    fileprivate var ports: String {
        switch (port, input?.value) {
        case (nil, nil): ""
        case (let port?, nil): port
        case (let port, let input?): "\(port ?? "out") → \(input)"
        }
    }

    fileprivate var wayText: String {
        var parts: [String] = []
        switch partition?.value {
        case .builtIn(let way)?: parts.append(way.rawValue)
        case .custom(let use, _)?: parts.append(use.value)
        case nil: break
        }
        if !key.isEmpty { parts.append("key \(key.map(\.raw).joined(separator: ", "))") }
        if let queue { parts.append("queue \(queue.value)") }
        return parts.joined(separator: ", ")
    }
}
