// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// A JSON Schema (draft-07) of topology files, for editors: the keys of the table, and the
/// parameters of all operators of a catalog.
///
/// It is output only: checks use the tables themselves, and say more. What a schema cannot say
/// (wiring, ports, exact bounds of durations) passes it.
package struct TopologySchema {
    /// Reverse-DNS ids, their short forms, and what they mean.
    private let names: OperatorNames

    package static func json(catalog: [CatalogEntry]) -> JSON {
        let schema = TopologySchema(names: OperatorNames(catalog))
        guard case .object(var members) = schema.object("") else { return .null }
        members =
            [
                .init("$schema", .string("http://json-schema.org/draft-07/schema#")),
                .init("title", .string("Millrace topology, format 1")),
            ] + members
        members.append(.init("definitions", Self.definitions))
        return .object(members)
    }

    /// A map of the keys below `path`, and nothing else.
    private func object(_ path: String) -> JSON {
        let keys = TopologyKeyTable.members(of: path)
        var members: [JSON.Member] = [
            .init("type", .string("object")),
            .init("properties", .object(keys.map { .init($0.name, property($0)) })),
        ]
        let required = keys.filter(\.required).map { JSON.string($0.name) }
        if !required.isEmpty { members.append(.init("required", .array(required))) }
        members.append(.init("additionalProperties", .bool(false)))
        if keys.contains(where: { $0.name == "with" }) {
            members.append(.init("allOf", .array(operators(for: path).map(parameters))))
        }
        return .object(members)
    }

    private func property(_ key: TopologyKey) -> JSON {
        var members = [JSON.Member("description", .string(Self.description(key)))]
        if let value = key.defaultValue.map(Self.plain) { members.append(.init("default", value)) }
        members.append(.init("examples", .array([Self.plain(key.example)])))
        guard case .object(let kind) = schema(key.kind, key.path) else { return .object(members) }
        return .object(members + kind)
    }

    private static func description(_ key: TopologyKey) -> String {
        var text = key.doc
        if let otherwise = key.otherwise { text += " Without it: \(otherwise)." }
        if let instead = key.instead { text += " NOT SERVED BY THIS RELEASE: \(instead)." }
        return text
    }

    /// A value as a user writes it, as JSON; a text when it is none by itself.
    static func plain(_ text: String) -> JSON {
        var ignored = Findings()
        guard let tree = YAMLReader.read(text, file: "", findings: &ignored) else {
            return .string(text)
        }
        return json(tree)
    }

    private static func json(_ tree: TreeValue) -> JSON {
        switch tree.content {
        case .null, .unresolved: .null
        case .bool(let flag): .bool(flag)
        case .int(let number): .int(number)
        case .float(let number): .double(number)
        case .text(let text): .string(text)
        case .list(let items): .array(items.map(json))
        case .map(let members): .object(members.map { .init($0.name, json($0.value)) })
        }
    }
}

/// Kinds of keys.
extension TopologySchema {
    private func schema(_ kind: TopologyKey.Kind, _ path: String) -> JSON {
        switch kind {
        case .bool: return Self.type("boolean")
        case .integer(let range): return Self.integer(range.lowerBound, range.upperBound)
        case .powerOfTwo(let range):
            var powers: [JSON] = []
            var power = 1
            while power <= range.upperBound {
                if power >= range.lowerBound { powers.append(.int(Int64(power))) }
                power *= 2
            }
            return .object([.init("enum", .array(powers))])
        case .text: return Self.type("string")
        case .pattern(let form, _): return Self.pattern("^\(form)$")
        case .choice(let choices):
            return Self.choice(
                choices.map { choice in
                    let instead = choice.instead.map { "; NOT SERVED BY THIS RELEASE: \($0)" }
                    return (choice.value, choice.doc + (instead ?? ""))
                })
        case .duration: return Self.reference("duration")
        case .durations: return Self.reference("durations")
        case .size: return Self.reference("size")
        case .rate: return Self.reference("rate")
        case .field: return Self.reference("field")
        case .reference: return Self.reference("reference")
        case .operation: return operation(for: path)
        case .parameters: return .object([.init("type", Self.types("object", "null"))])
        case .object: return object(path)
        case .named(let form, let kind):
            return .object([
                .init("type", .string("object")),
                .init("propertyNames", Self.pattern("^\(form)$")),
                .init("minProperties", .int(1)),
                .init("additionalProperties", schema(kind, path)),
            ])
        case .labels:
            return .object([
                .init("type", .string("object")),
                .init("additionalProperties", Self.type("string")),
            ])
        case .json: return .object([])
        case .list(let kind):
            return .object([
                .init("type", .string("array")), .init("items", schema(kind, path)),
            ])
        case .either(let kinds):
            var any = kinds.map { schema($0, path) }
            if path == "nodes.from" { any.append(Self.type("null")) }
            return .object([.init("anyOf", .array(any))])
        }
    }
}

/// Operators.
extension TopologySchema {
    private typealias Named = (name: String, operation: OperatorDescription)

    /// Under all names that are unique, those that may stand behind the `use` of a place.
    private func operators(for path: String) -> [Named] {
        let kinds: Set<OperatorDescription.Kind>
        switch path {
        case "nodes.from.partition": kinds = [.partitioner]
        case "dead_letter": kinds = [.sink]
        default: kinds = [.source, .transform, .sink]
        }
        return names.ids.compactMap { id in
            let mark = Mark(file: "", line: 1, column: 1)
            guard let entry = try? names.find(Marked(id, at: mark), node: nil),
                kinds.contains(entry.operation.kind)
            else { return nil }
            return (id, entry.operation)
        }
    }

    private func operation(for path: String) -> JSON {
        let parent = path.split(separator: ".").dropLast().joined(separator: ".")
        let known = operators(for: parent)
        var forms: [JSON] = []
        if !known.isEmpty {
            forms.append(
                .object([
                    .init(
                        "oneOf",
                        .array(
                            known.map { name, operation in
                                .object([
                                    .init("const", .string(name)),
                                    .init("title", .string(operation.title)),
                                    .init("description", .string(operation.description)),
                                ])
                            }))
                ]))
            let all = known.map { Self.form(names.names(of: $0.name)) }.joined(separator: "|")
            forms.append(Self.pattern("^(\(all))(@.+)?$"))
        }
        // A C function: its signature is for the checker to judge.
        if parent == "nodes" { forms.append(Self.pattern("^[^!@]+![^(]+\\(")) }
        return forms.isEmpty ? Self.type("string") : .object([.init("anyOf", .array(forms))])
    }

    /// `if` the node uses the operator, `then` these are its parameters.
    private func parameters(_ named: Named) -> JSON {
        let names = Self.form(names.names(of: named.name))
        let condition = JSON.object([
            .init("required", .array([.string("use")])),
            .init(
                "properties",
                .object([.init("use", Self.pattern("^(\(names))(@.+)?$"))])),
        ])
        let parameters = named.operation.parameters
        let needed = parameters.contains { $0.required && $0.defaultValue == nil }
        guard case .object(var with) = Self.object(parameters) else { return .null }
        if !needed {
            with.removeAll { $0.name == "type" }
            with.insert(.init("type", Self.types("object", "null")), at: 0)
        }
        var consequence = [
            JSON.Member("properties", .object([.init("with", .object(with))]))
        ]
        if needed { consequence.append(.init("required", .array([.string("with")]))) }
        return .object([.init("if", condition), .init("then", .object(consequence))])
    }

    /// Names as alternatives of a regular expression.
    private static func form(_ names: [String]) -> String {
        names.map { $0.replacing(".", with: "\\.") }.joined(separator: "|")
    }
}
