// SPDX-License-Identifier: Apache-2.0
import MillraceCore

extension ResolvedTopology {
    /// Looks up where things come from; knows nothing when there is only a plan.
    struct Origins {
        private(set) var topology: Topology?
        private(set) var nodes: [String: TopologyNode] = [:]
        private var tree: TreeValue?
        private var nodeTrees: [String: TreeValue] = [:]
        private var environment = TopologyEnvironment()
        private var options = CheckOptions()
        /// Edges as they were written, by what they became.
        private var edges: [EdgeKey: TreeValue] = [:]
        /// Parameters of the `key` nodes that are nobody's own.
        private var keys: [String: TreeValue] = [:]

        private struct EdgeKey: Hashable {
            var from: String
            var outputPort: Int
            var to: String
            var inputPort: Int
        }

        init() {}

        init(_ inspection: Inspection, _ environment: TopologyEnvironment, _ options: CheckOptions)
        {
            guard let tree = inspection.resolved, let topology = inspection.topology,
                let graph = inspection.graph
            else { return }
            self.topology = topology
            self.tree = tree
            self.environment = environment
            self.options = options
            for node in topology.nodes { nodes[node.id.value] = node }
            if case .map(let members)? = tree["nodes"]?.value.content {
                for member in members { nodeTrees[member.name] = member.value }
            }
            for edge in graph.edges {
                let consumer = graph.nodes[edge.to].id
                guard let from = nodeTrees[consumer]?["from"]?.value else { continue }
                let key = EdgeKey(
                    from: graph.nodes[edge.from].id, outputPort: edge.outputPort, to: consumer,
                    inputPort: edge.inputPort)
                let written = Self.written(edge.mark, from)
                edges[key] = written
                if nodes[key.from] == nil, let field = written?["key"]?.value {
                    var one = field
                    if case .list(let items) = field.content, items.count == 1 { one = items[0] }
                    let with = [("field", one), ("fields", field)].map {
                        TreeMember(name: $0.0, nameMark: field.mark, value: $0.1)
                    }
                    keys[key.from] = TreeValue(.map(with), at: field.mark)
                }
            }
        }

        /// The edge that stands at a mark: a reference, or a map with it behind `node`.
        private static func written(_ mark: Mark, _ from: TreeValue) -> TreeValue? {
            let items: [TreeValue]
            if case .list(let list) = from.content { items = list } else { items = [from] }
            return items.first { $0.mark == mark || $0["node"]?.value.mark == mark }
        }

        private func engine(_ reason: String? = nil) -> Origin? {
            topology == nil ? nil : .engineDefault(reason)
        }

        func isInserted(_ id: String) -> Bool { topology != nil && nodes[id] == nil }
    }
}

/// Keys of the file and of nodes.
extension ResolvedTopology.Origins {
    typealias Origin = ResolvedTopology.Origin

    var name: Origin? {
        topology?.name.map { .place($0.mark) } ?? engine("the name of the file")
    }

    var threads: Origin? {
        if topology != nil, options.threads != nil { return .flag("--threads") }
        guard let value = tree?["threads"]?.value else { return engine("processors") }
        return place(value)
    }

    func key(_ path: String...) -> Origin? { value(tree, path).map(place) ?? engine() }

    /// The one key of the file in which `${…}` are replaced.
    var store: Origin? { value(tree, ["checkpoint", "store"]).map(leaf) ?? engine() }

    func use(_ node: String) -> Origin? {
        nodes[node].map { .place($0.use.mark) } ?? engine("for the key of an edge")
    }

    /// The C function that a node names instead of an operator.
    func function(_ node: String) -> String? {
        nodes[node].map(\.use.value).flatMap { Names.isCFunction($0) ? $0 : nil }
    }

    /// What the parameters of a node were written as.
    func parameters(_ node: String) -> TreeValue? {
        nodeTrees[node]?["with"]?.value ?? keys[node]
    }

    /// Of the node, else of `defaults`, else of the engine.
    func nodeKey(_ node: String, _ path: String...) -> Origin? {
        if let value = value(nodeTrees[node], path) { return place(value) }
        let inherits = nodes[node] != nil
        if inherits, let value = value(tree?["defaults"]?.value, path) {
            return .defaults(value.mark)
        }
        return engine()
    }

    func parallelism(_ node: PlannedNode) -> Origin? {
        let origin = nodeKey(node.id, "parallelism")
        guard nodes[node.id] != nil else { return engine("that of the node before it") }
        guard case .defaults = origin, let wish = topology?.defaults.parallelism,
            wish != node.parallelism
        else { return origin }
        return engine("all that the operator can do")
    }

    func outputMemory(_ node: PlannedNode) -> Origin? {
        let origin = nodeKey(node.id, "output_memory")
        let usual = UInt64(Limits.quotaBlocksDefault * Limits.blockBytes)
        guard case .engineDefault = origin, node.outputMemory < usual else { return origin }
        return engine("all that the arena has")
    }

    private func value(_ tree: TreeValue?, _ path: [String]) -> TreeValue? {
        var value = tree
        for name in path { value = value?[name]?.value }
        return value
    }

    private func place(_ value: TreeValue) -> Origin {
        value.mark.file == Overrides.file ? .setting : .place(value.mark)
    }

    /// Of a value below `with`: the first `${…}` in it counts.
    func leaf(_ value: TreeValue) -> Origin {
        if value.mark.file == Overrides.file { return .setting }
        guard value.origin == .variable || value.origin == .mixed || value.origin == .word,
            let start = Self.firstForm(value.raw)
        else { return .place(value.mark) }
        let form = start.prefix { $0 != "}" }
        if form.hasPrefix("file:") { return .file(String(form.dropFirst(5)), value.mark) }
        let name = String(form.prefix { $0.isLetter || $0.isNumber || $0 == "_" })
        let isSet = environment.variable(name).map { !$0.isEmpty } ?? false
        if form.dropFirst(name.count).hasPrefix(":-"), !isSet {
            return .unsetVariable(name, value.mark)
        }
        return .variable(name, value.mark)
    }

    /// What follows the first `${` that is not one of `$${`.
    private static func firstForm(_ text: String) -> Substring? {
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "{" { return rest.dropFirst() }
            if rest.first == "$" { rest = rest.dropFirst() }
        }
        return nil
    }
}

/// Edges.
extension ResolvedTopology.Origins {
    func edge(from: String, _ output: Int, to: String, _ input: Int) -> TreeValue? {
        edges[EdgeKey(from: from, outputPort: output, to: to, inputPort: input)]
    }

    func partition(
        _ written: TreeValue?, _ edge: PlannedEdge, _ from: PlannedNode, _ to: PlannedNode
    ) -> Origin? {
        if let value = written?["partition"]?.value { return place(value) }
        if edge.partition == .hash { return engine("for the key") }
        return engine(from.parallelism == to.parallelism ? "equally many tasks" : "unequally many")
    }

    func queue(_ written: TreeValue?) -> Origin? {
        if let value = written?["queue"]?.value { return place(value) }
        if let value = tree?["defaults"]?.value["queue"]?.value { return .defaults(value.mark) }
        return engine()
    }

    func partitionerTree(_ written: TreeValue?) -> TreeValue? {
        written?["partition"]?.value["with"]?.value
    }
}
