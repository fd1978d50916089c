// SPDX-License-Identifier: Apache-2.0
import MillraceCore

extension ResolvedTopology {
    /// A topology that runs the same, with the origin of each value behind it. Only a `***` has to
    /// be replaced before it is read again.
    package var yaml: String {
        var members: [YAMLNode.Member] = [
            .init("millrace", YAMLNode(.bare("1"))), .init("name", name.yaml),
        ]
        if let description {
            members.append(.init("description", YAMLNode(.text(description))))
        }
        let list = plugins.map { YAMLNode(.text($0)) }
        members += [
            .init("plugins", YAMLNode(.list(list))), .init("arena", arena.yaml),
            .init("threads", threads.yaml), .init("pin", pinned.yaml), .init("idle", idle.yaml),
            .init("checkpoint", checkpoints), .init("restart", restarts),
        ]
        if let letterLimit {
            members.append(.init("dead_letter", YAMLNode(.map([.init("limit", letterLimit.yaml)]))))
        }
        var incoming = [[Edge]](repeating: [], count: nodes.count)
        for edge in edges { incoming[edge.to].append(edge) }
        let nodes = self.nodes.indices.map { place in
            YAMLNode.Member(
                self.nodes[place].id, node(self.nodes[place], incoming: incoming[place]))
        }
        members.append(.init("nodes", YAMLNode(.map(nodes), spread: true)))
        return YAMLDocument.text(members)
    }

    private var checkpoints: YAMLNode {
        let members = checkpoint.values.map { YAMLNode.Member($0.name, $0.value.yaml) }
        return YAMLNode(.map(members), spread: true)
    }

    private var restarts: YAMLNode {
        let budget = YAMLNode(
            .map([.init("count", restart.count.yaml), .init("per", restart.per.yaml)]))
        return YAMLNode(
            .map([.init("backoff", restart.backoff.yaml), .init("budget", budget)]), spread: true)
    }

    private func node(_ node: Node, incoming: [Edge]) -> YAMLNode {
        var use = YAMLNode(.text(node.function ?? node.use))
        use.comment = node.useOrigin?.text
        var members: [YAMLNode.Member] = [.init("use", use)]
        if let description = node.description {
            members.append(.init("description", YAMLNode(.text(description))))
        }
        if !incoming.isEmpty {
            members.append(
                .init("from", YAMLNode(.list(incoming.map(edge)), spread: true)))
        }
        // What a C function is made into is nothing that a user writes.
        if node.function == nil, node.with.json != .object([]) {
            members.append(.init("with", node.with.yaml))
        }
        members += [
            .init("parallelism", node.parallelism.yaml), .init("isolation", node.isolation.yaml),
        ]
        if let onError = node.onError { members.append(.init("on_error", onError.yaml)) }
        if !node.operation.outputs.isEmpty {
            members.append(.init("output_memory", node.outputMemory.yaml))
        }
        let watchdog = YAMLNode(
            .map([
                .init("soft", node.watchdogSoft.yaml), .init("hard", node.watchdogHard.yaml),
            ]))
        members.append(.init("watchdog", watchdog))
        if !node.eventTime.isEmpty {
            let time = node.eventTime.map { YAMLNode.Member($0.name, $0.value.yaml) }
            members.append(.init("event_time", YAMLNode(.map(time), spread: true)))
        }
        if let memory = node.memory {
            members.append(.init("resources", YAMLNode(.map([.init("memory", memory.yaml)]))))
        }
        if let loop = node.loop { members.append(.init("loop", loop.yaml)) }
        var said = ["plugin \(node.plugin.name) \(node.plugin.version)"]
        said += node.facts.map { $0.replacing("_", with: " ") }
        return YAMLNode(
            .map(members), comment: said.joined(separator: ", "), spread: true)
    }

    private func edge(_ edge: Edge) -> YAMLNode {
        let from = YAMLNode(
            .text("\(nodes[edge.from].id).\(edge.outputPort)"),
            comment: edge.isFused ? "fused: no queue" : nil)
        var members: [YAMLNode.Member] = [
            .init("node", from), .init("input", YAMLNode(.text(edge.inputPort))),
        ]
        if let partitioner = edge.partitioner {
            var use = YAMLNode(.text(partitioner.use))
            use.comment = edge.partition.origin?.text
            var custom: [YAMLNode.Member] = [.init("use", use)]
            if partitioner.with.json != .object([]) {
                custom.append(.init("with", partitioner.with.yaml))
            }
            members.append(.init("partition", YAMLNode(.map(custom), spread: true)))
        } else {
            members.append(.init("partition", edge.partition.yaml))
        }
        // A queue that is written down is a wish for one.
        if !edge.isFused { members.append(.init("queue", edge.queue.yaml)) }
        return YAMLNode(.map(members), spread: true)
    }
}

extension ResolvedTopology.Value {
    fileprivate var yaml: YAMLNode {
        var node: YAMLNode
        switch content {
        case .scalar(.null): node = YAMLNode(.bare("null"))
        case .scalar(.bool(let flag)): node = YAMLNode(.bare("\(flag)"))
        case .scalar(.int(let number)): node = YAMLNode(.bare("\(number)"))
        case .scalar(.double(let number)): node = YAMLNode(.bare("\(number)"))
        case .scalar(.string(let text)):
            // An expression, a choice or a template may have a `$`, and is not replaced again.
            node = YAMLNode(.text(Interpolation.escaped(text)))
        case .scalar: preconditionFailure("BUG: a list is no scalar")
        case .list(let items): node = YAMLNode(.list(items.map(\.yaml)))
        case .map(let members):
            node = YAMLNode(.map(members.map { .init($0.name, $0.value.yaml) }))
        }
        node.comment = origin?.text
        return node
    }
}

extension ResolvedTopology.Origin {
    /// `orders.yaml:3:9`, `default of the operator`; one line.
    package var text: String {
        let text =
            switch self {
            case .place(let mark): mark.text
            case .setting: "--set"
            case .flag(let name): name
            case .variable(let name, let mark): "variable \(name), \(mark.text)"
            case .unsetVariable(let name, let mark): "default of \(name), \(mark.text)"
            case .file(let path, let mark): "file \(path), \(mark.text)"
            case .defaults(let mark): "defaults, \(mark.text)"
            case .operatorDefault: "default of the operator"
            case .engineDefault(nil): "default"
            case .engineDefault(let reason?): "default: \(reason)"
            }
        return String(text.map { $0.isNewline || $0 < " " ? " " : $0 })
    }
}

extension Mark {
    fileprivate var text: String { "\(file):\(line):\(column)" }
}
