// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// A topology as the user wrote it, as YAML or JSON: same keys, same values, `${…}` included, in
/// the order of the file. Read back it gives the same graph.
///
/// Comments and anchors are gone. A one-liner gets the keys of its nodes in the order `use`,
/// `from`, `with`, and its words the types of their parameters. `***` stands for a secret that is
/// written out; a reference (`${file:/run/secrets/kafka}`) stays.
package struct TopologyWriter {
    private let names: OperatorNames
    private let isOneLiner: Bool

    /// Of a topology without errors; nil when nothing was read.
    package static func document(_ inspection: Inspection) -> [YAMLNode.Member]? {
        guard let tree = inspection.written, case .map(let members) = tree.content else {
            return nil
        }
        let isOneLiner = tree.mark.file == OneLiner.file
        let writer = TopologyWriter(names: inspection.names, isOneLiner: isOneLiner)
        return members.map { .init($0.name, writer.topLevel($0)) }
    }

    private func topLevel(_ member: TreeMember) -> YAMLNode {
        guard member.name == "nodes", case .map(let nodes) = member.value.content else {
            return key(member.value, member.name)
        }
        return YAMLNode(.map(nodes.map { .init($0.name, node($0.value)) }), spread: true)
    }

    private func node(_ value: TreeValue) -> YAMLNode {
        guard case .map(var members) = value.content else { return key(value, "") }
        if isOneLiner {
            let order = ["use", "from", "with"]
            func rank(_ member: TreeMember) -> Int { order.firstIndex(of: member.name) ?? 3 }
            members = members.enumerated().sorted {
                (rank($0.element), $0.offset) < (rank($1.element), $1.offset)
            }.map(\.element)
        }
        let operation = operation(value)
        let written = members.map { member -> YAMLNode.Member in
            switch member.name {
            case "with": .init("with", parameters(member.value, of: operation))
            case "from": .init("from", from(member.value))
            default: .init(member.name, key(member.value, member.name))
            }
        }
        let isSmall = written.count <= 2 && written.last?.name != "with"
        return YAMLNode(.map(written), spread: !isSmall)
    }

    /// What the `use` of a node or of a partitioner means.
    private func operation(_ value: TreeValue) -> OperatorDescription? {
        guard let use = value["use"]?.value, case .text(let name) = use.content else { return nil }
        return (try? names.find(Marked(name, at: use.mark), node: nil))?.operation
    }

    private func from(_ value: TreeValue) -> YAMLNode {
        guard case .list(let items) = value.content else { return edge(value) }
        if isOneLiner, items.count == 1 { return edge(items[0]) }
        return YAMLNode(.list(items.map(edge)))
    }

    private func edge(_ value: TreeValue) -> YAMLNode {
        guard case .map(let members) = value.content else { return key(value, "") }
        return YAMLNode(
            .map(
                members.map { member in
                    guard member.name == "partition", case .map(let inner) = member.value.content
                    else { return .init(member.name, key(member.value, member.name)) }
                    let operation = operation(member.value)
                    let custom = inner.map { part -> YAMLNode.Member in
                        part.name == "with"
                            ? .init("with", parameters(part.value, of: operation))
                            : .init(part.name, key(part.value, part.name))
                    }
                    return .init("partition", YAMLNode(.map(custom)))
                }))
    }

    private func parameters(_ value: TreeValue, of operation: OperatorDescription?) -> YAMLNode {
        guard case .map(let members) = value.content else { return key(value, "") }
        return fields(members, operation?.parameters ?? [], secret: false)
    }

    private func fields(
        _ members: [TreeMember], _ parameters: [ParameterDescription], secret: Bool
    ) -> YAMLNode {
        YAMLNode(
            .map(
                members.map { member in
                    let known = parameters.first { $0.name == member.name }
                    return .init(member.name, parameter(member.value, known, secret: secret))
                }))
    }

    private func parameter(
        _ value: TreeValue, _ parameter: ParameterDescription?, secret: Bool
    ) -> YAMLNode {
        let covered = secret || parameter?.secret ?? false
        let nests = [.list, .map, .object].contains(parameter?.kind)
        switch nests ? value.asWritten.content : value.content {
        case .list(let items):
            let item = parameter?.item.first
            return YAMLNode(.list(items.map { self.parameter($0, item, secret: covered) }))
        case .map(let members):
            guard let item = parameter?.item.first else {
                return fields(members, parameter?.fields ?? [], secret: covered)
            }
            return YAMLNode(
                .map(
                    members.map {
                        .init($0.name, self.parameter($0.value, item, secret: covered))
                    }))
        case .text(let text):
            if covered { return YAMLNode(.text(Self.redacted(text))) }
            return YAMLNode(isNumber(text, value, parameter?.kind) ? .bare(text) : .text(text))
        case .null: return YAMLNode(.bare("null"))
        case .bool, .int, .float:
            if covered { return YAMLNode(.text("***")) }
            // Its text is what counts, and JSON would change that of 1.10.
            let isText = parameter?.kind == .enum || parameter?.kind == .expression
            return YAMLNode(isText ? .text(value.raw) : .bare(value.raw))
        case .unresolved: return YAMLNode(.text(value.raw))
        }
    }

    /// A word that its parameter takes for a number or a boolean.
    private func isNumber(
        _ text: String, _ value: TreeValue, _ kind: ParameterDescription.Kind?
    ) -> Bool {
        guard value.origin == .word else { return false }
        switch (kind, TreeValue.Content.ofPlain(text)) {
        case (.bool, .bool), (.int, .int), (.int, .float), (.float, .int), (.float, .float),
            (.size, .int), (.duration, .int), (.rate, .int):
            return true
        default: return false
        }
    }

    /// A value of the file's own keys.
    private func key(_ value: TreeValue, _ name: String) -> YAMLNode {
        switch value.content {
        case .null: return YAMLNode(.bare("null"))
        case .bool, .int, .float: return YAMLNode(.bare(value.raw))
        case .text(let text):
            let isNumber = value.origin == .word && Self.numbers.contains(name)
            return YAMLNode(isNumber ? .bare(text) : .text(text))
        case .list(let items): return YAMLNode(.list(items.map { key($0, name) }))
        case .map(let members):
            return YAMLNode(.map(members.map { .init($0.name, key($0.value, $0.name)) }))
        case .unresolved: return YAMLNode(.text(value.raw))
        }
    }

    /// Keys that a one-liner can set and that take a number.
    private static let numbers: Set<String> = ["parallelism", "queue"]

    /// One whole `${…}` says where the secret is; a default in it, or text around it, is one.
    static func redacted(_ text: String) -> String {
        let isReference =
            text.hasPrefix("${") && text.firstIndex(of: "}") == text.indices.last
            && !text.contains(":-")
        return isReference || text.isEmpty ? text : "***"
    }
}

extension YAMLNode {
    /// The same value without comments.
    package var json: JSON {
        switch content {
        case .bare(let text):
            switch TreeValue.Content.ofPlain(text) {
            case .bool(let flag): .bool(flag)
            case .int(let number): .int(number)
            case .float(let number): .double(number)
            case .text(let text): .string(text)
            case .null, .list, .map, .unresolved: .null
            }
        case .text(let text): .string(text)
        case .list(let items): .array(items.map(\.json))
        case .map(let members): .object(members.map { JSON.Member($0.name, $0.value.json) })
        }
    }
}
