// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph

/// Checks a value against a JSON Schema of draft-07: what our schema uses of it, and a trap on
/// anything else, so that a word it does not know is never ignored.
struct SchemaCheck {
    private let root: JSON

    init(_ schema: JSON) { root = schema }

    /// What is wrong, with its place; empty when nothing is.
    func faults(_ value: JSON) -> [String] { faults(value, root, at: "") }

    private func faults(_ value: JSON, _ schema: JSON, at place: String) -> [String] {
        guard case .object(let words) = schema else { return [] }
        var faults: [String] = []
        for word in words {
            faults += fault(word.name, word.value, schema, value, place)
        }
        return faults
    }

    private func fault(
        _ word: String, _ given: JSON, _ schema: JSON, _ value: JSON, _ place: String
    ) -> [String] {
        func refuse(_ isWrong: Bool) -> [String] { isWrong ? ["\(place): \(word) \(given)"] : [] }
        func faultless(_ schema: JSON) -> Bool { faults(value, schema, at: place).isEmpty }
        switch (word, given, value) {
        case ("$schema", _, _), ("title", _, _), ("description", _, _), ("default", _, _),
            ("examples", _, _), ("writeOnly", _, _), ("deprecationMessage", _, _),
            ("definitions", _, _), ("then", _, _):
            return []
        case ("$ref", .string(let path), _):
            let name = String(path.dropFirst("#/definitions/".count))
            return faults(value, root["definitions"]?[name] ?? .null, at: place)
        case ("type", .string(let type), _): return refuse(!isType(value, type))
        case ("type", .array(let types), _):
            return refuse(!types.contains { $0.text.map { isType(value, $0) } ?? false })
        case ("const", _, _): return refuse(given != value)
        case ("enum", .array(let items), _): return refuse(!items.contains(value))
        case ("anyOf", .array(let schemas), _): return refuse(!schemas.contains(where: faultless))
        case ("oneOf", .array(let schemas), _):
            return refuse(schemas.filter(faultless).count != 1)
        case ("allOf", .array(let schemas), _):
            return schemas.flatMap { faults(value, $0, at: place) }
        case ("if", _, _):
            guard faultless(given) else { return [] }
            return faults(value, schema["then"] ?? .null, at: place)
        default: return sized(word, given, schema, value, place)
        }
    }

    /// Words about one type; they hold for values of any other.
    private func sized(
        _ word: String, _ given: JSON, _ schema: JSON, _ value: JSON, _ place: String
    ) -> [String] {
        func refuse(_ isWrong: Bool) -> [String] { isWrong ? ["\(place): \(word) \(given)"] : [] }
        switch (word, value) {
        case ("pattern", .string(let text)):
            guard let form = given.text, let pattern = try? Regex(form) else {
                return ["\(given) is no pattern"]
            }
            return refuse(text.firstMatch(of: pattern) == nil)
        case ("minLength", .string(let text)): return refuse(text.count < given.integer)
        case ("maxLength", .string(let text)): return refuse(text.count > given.integer)
        case ("minimum", .int), ("minimum", .double):
            return refuse(value.number < given.number)
        case ("maximum", .int), ("maximum", .double):
            return refuse(value.number > given.number)
        case ("minItems", .array(let items)): return refuse(items.count < given.integer)
        case ("maxItems", .array(let items)): return refuse(items.count > given.integer)
        case ("items", .array(let items)):
            return items.enumerated().flatMap {
                faults($0.element, given, at: "\(place)[\($0.offset)]")
            }
        case ("minProperties", .object(let members)): return refuse(members.count < given.integer)
        case ("maxProperties", .object(let members)): return refuse(members.count > given.integer)
        case ("required", .object):
            guard case .array(let names) = given else { return ["\(given) is no list"] }
            return names.flatMap { refuse(value[$0.text ?? ""] == nil) }
        case ("properties", .object(let members)):
            return members.flatMap { member in
                given[member.name].map { faults(member.value, $0, at: "\(place).\(member.name)") }
                    ?? []
            }
        case ("propertyNames", .object(let members)):
            return members.flatMap { faults(.string($0.name), given, at: place) }
        case ("additionalProperties", .object(let members)):
            let others = members.filter { schema["properties"]?[$0.name] == nil }
            if given == .bool(false) { return others.map { "\(place).\($0.name): unknown" } }
            return others.flatMap { faults($0.value, given, at: "\(place).\($0.name)") }
        case ("pattern", _), ("minLength", _), ("maxLength", _), ("minimum", _), ("maximum", _),
            ("minItems", _), ("maxItems", _), ("items", _), ("minProperties", _),
            ("maxProperties", _), ("required", _), ("properties", _), ("propertyNames", _),
            ("additionalProperties", _):
            return []
        default: return ["\(word) is no word that this checker knows"]
        }
    }

    private func isType(_ value: JSON, _ type: String) -> Bool {
        switch (type, value) {
        case ("null", .null), ("boolean", .bool), ("integer", .int), ("number", .int),
            ("number", .double), ("string", .string), ("array", .array), ("object", .object):
            true
        case ("integer", .double(let number)): number == number.rounded()
        default: false
        }
    }
}

extension JSON {
    fileprivate var text: String? { if case .string(let text) = self { text } else { nil } }
    fileprivate var integer: Int { if case .int(let number) = self { Int(number) } else { -1 } }
    fileprivate var number: Double {
        switch self {
        case .int(let number): Double(number)
        case .double(let number): number
        default: .nan
        }
    }

    /// What an editor makes of a file.
    init(_ tree: TreeValue) {
        switch tree.content {
        case .null, .unresolved: self = .null
        case .bool(let flag): self = .bool(flag)
        case .int(let number): self = .int(number)
        case .float(let number): self = .double(number)
        case .text(let text): self = .string(text)
        case .list(let items): self = .array(items.map(JSON.init))
        case .map(let members):
            self = .object(members.map { .init($0.name, JSON($0.value)) })
        }
    }
}
