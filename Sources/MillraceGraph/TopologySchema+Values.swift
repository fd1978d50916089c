// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Parameters of operators, and the pieces that all of a schema is made of.
extension TopologySchema {
    /// A map of parameters, and nothing else.
    static func object(_ parameters: [ParameterDescription]) -> JSON {
        var members: [JSON.Member] = [
            .init("type", .string("object")),
            .init(
                "properties", .object(parameters.map { .init($0.name, property($0)) })),
        ]
        let required = parameters.filter { $0.required && $0.defaultValue == nil }
        if !required.isEmpty {
            members.append(.init("required", .array(required.map { .string($0.name) })))
        }
        members.append(.init("additionalProperties", .bool(false)))
        return .object(members)
    }

    private static func property(_ parameter: ParameterDescription) -> JSON {
        var members: [JSON.Member] = []
        let text = description(parameter)
        if !text.isEmpty { members.append(.init("description", .string(text))) }
        if let value = parameter.defaultValue {
            members.append(.init("default", written(value, parameter.kind)))
        }
        if let example = parameter.example {
            members.append(.init("examples", .array([written(example, parameter.kind)])))
        }
        if parameter.secret { members.append(.init("writeOnly", .bool(true))) }
        if let reason = parameter.deprecated {
            members.append(.init("deprecationMessage", .string(reason)))
        }
        guard case .object(let value) = value(parameter) else { return .object(members) }
        return .object(members + value)
    }

    private static func description(_ parameter: ParameterDescription) -> String {
        var parts = parameter.doc.isEmpty ? [] : [parameter.doc]
        if parameter.secret {
            parts.append("Secret: write ${file:/path/of/the/secret} or ${VARIABLE}.")
        }
        if let reason = parameter.deprecated { parts.append("Deprecated: \(reason).") }
        switch parameter.kind {
        case .duration, .size, .rate:
            let least = parameter.minimum.map { "at least \($0)" }
            let most = parameter.maximum.map { "at most \($0)" }
            let bounds = [least, most].compactMap { $0 }.joined(separator: ", ")
            if !bounds.isEmpty { parts.append("Bounds: \(bounds).") }
        default: break
        }
        return parts.joined(separator: " ")
    }

    /// A default or an example, of the type that the file would have.
    private static func written(_ text: String, _ kind: ParameterDescription.Kind) -> JSON {
        switch kind {
        case .bool, .int, .float, .list, .map, .object: plain(text)
        case .string, .enum, .duration, .size, .rate, .expression, .field: .string(text)
        }
    }

    /// Each scalar may also be a variable.
    private static func value(_ parameter: ParameterDescription) -> JSON {
        switch parameter.kind {
        case .bool: return open(type("boolean"))
        case .int:
            return open(
                number(
                    "integer", parameter.minimum.flatMap(TreeValue.Content.integer).map(JSON.int),
                    parameter.maximum.flatMap(TreeValue.Content.integer).map(JSON.int)))
        case .float:
            return open(
                number(
                    "number", parameter.minimum.flatMap(TreeValue.Content.float).map(JSON.double),
                    parameter.maximum.flatMap(TreeValue.Content.float).map(JSON.double)))
        case .string: return open(counted(parameter, "string", "minLength", "maxLength"))
        case .enum: return open(choice(parameter.choices.map { ($0.value, $0.doc) }))
        case .duration: return open(reference("duration"))
        case .size: return open(reference("size"))
        case .rate: return open(reference("rate"))
        // A number or `true` is an expression, too.
        case .expression:
            return .object([.init("type", types("string", "number", "boolean"))])
        case .field: return open(reference("field"))
        case .list:
            var members = counted(parameter, "array", "minItems", "maxItems").members
            if let item = parameter.item.first { members.append(.init("items", property(item))) }
            return .object(members)
        case .map:
            var members = counted(parameter, "object", "minProperties", "maxProperties").members
            if let item = parameter.item.first {
                members.append(.init("additionalProperties", property(item)))
            }
            return .object(members)
        case .object: return object(parameter.fields)
        }
    }

    private static func counted(
        _ parameter: ParameterDescription, _ type: String, _ least: String, _ most: String
    ) -> JSON {
        var members = [JSON.Member("type", .string(type))]
        if let bound = parameter.minimum.flatMap(TreeValue.Content.integer) {
            members.append(.init(least, .int(bound)))
        }
        if let bound = parameter.maximum.flatMap(TreeValue.Content.integer) {
            members.append(.init(most, .int(bound)))
        }
        return .object(members)
    }

    private static func open(_ schema: JSON) -> JSON {
        if schema == type("string") { return schema }
        return .object([.init("anyOf", .array([schema, reference("variable")]))])
    }
}

/// The pieces.
extension TopologySchema {
    static func type(_ name: String) -> JSON { .object([.init("type", .string(name))]) }

    static func types(_ names: String...) -> JSON { .array(names.map { .string($0) }) }

    static func pattern(_ form: String) -> JSON {
        .object([.init("type", .string("string")), .init("pattern", .string(form))])
    }

    static func integer(_ least: Int, _ most: Int) -> JSON {
        number("integer", .int(Int64(least)), most == .max ? nil : .int(Int64(most)))
    }

    static func number(_ type: String, _ least: JSON?, _ most: JSON?) -> JSON {
        var members = [JSON.Member("type", .string(type))]
        if let least { members.append(.init("minimum", least)) }
        if let most { members.append(.init("maximum", most)) }
        return .object(members)
    }

    static func choice(_ choices: [(value: String, doc: String)]) -> JSON {
        .object([
            .init(
                "oneOf",
                .array(
                    choices.map { value, doc in
                        var members = [JSON.Member("const", .string(value))]
                        if !doc.isEmpty { members.append(.init("description", .string(doc))) }
                        return .object(members)
                    }))
        ])
    }

    static func reference(_ name: String) -> JSON {
        .object([.init("$ref", .string("#/definitions/\(name)"))])
    }

    /// Forms of quantities, as `Quantity` reads them, and of names.
    static var definitions: JSON {
        let number = "[0-9]+(\\.[0-9]+)?"
        let duration = "(\(number)(ns|us|µs|ms|s|m|h|d))+"
        let size = "\(number)(B|KiB|MiB|GiB|TiB|kB|KB|MB|GB|TB)|[0-9]+"
        let id = TopologyKeyTable.idForm
        func orNumber(_ form: String, most: JSON?) -> JSON {
            .object([
                .init("anyOf", .array([pattern(form), Self.number("integer", .int(0), most)]))
            ])
        }
        return .object([
            .init("variable", pattern("\\$\\{")),
            .init("duration", orNumber("^(0|\(duration))$", most: .int(0))),
            .init("durations", pattern("^\(duration)\\.\\.\(duration)$")),
            .init("size", orNumber("^(\(size))$", most: nil)),
            .init("rate", orNumber("^(0|\(number)[kMG]?/[smhd])$", most: .int(0))),
            .init("field", pattern("^[^.\\[\\] \\t\\n\"']")),
            .init("reference", pattern("^\(id)(\\.\(id))?$")),
        ])
    }
}

extension JSON {
    /// Of an object; empty for anything else.
    fileprivate var members: [Member] {
        guard case .object(let members) = self else { return [] }
        return members
    }
}
