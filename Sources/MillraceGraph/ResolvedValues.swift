// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Checked parameters back in the form that a user writes, each with its origin, secrets hidden.
struct ResolvedValues {
    typealias Value = ResolvedTopology.Value

    private let origins: ResolvedTopology.Origins

    init(_ origins: ResolvedTopology.Origins) { self.origins = origins }

    /// Members in the order of the operator's table.
    func object(
        _ config: JSON, _ parameters: [ParameterDescription], _ tree: TreeValue?
    ) -> Value {
        object(config, parameters, tree, secret: false)
    }

    private func object(
        _ config: JSON, _ parameters: [ParameterDescription], _ tree: TreeValue?, secret: Bool
    ) -> Value {
        Value(
            .map(
                parameters.compactMap { parameter in
                    guard let value = config[parameter.name] else { return nil }
                    let written = tree?.asWritten[parameter.name]?.value
                    return .init(
                        name: parameter.name,
                        value: self.value(value, parameter, written, secret: secret))
                }))
    }

    private func value(
        _ json: JSON, _ parameter: ParameterDescription, _ tree: TreeValue?, secret: Bool
    ) -> Value {
        let covered = secret || parameter.secret
        switch (parameter.kind, json) {
        case (.object, .object):
            return object(json, parameter.fields, tree, secret: covered)
        case (.list, .array(let items)):
            guard let item = parameter.item.first else { return Value(.list([]), origin(tree)) }
            var written: [TreeValue] = []
            if case .list(let list)? = tree?.asWritten.content { written = list }
            let values = items.enumerated().map { (place, json) in
                let one = place < written.count ? written[place] : nil
                return value(json, item, one ?? unplaced(tree), secret: covered)
            }
            return Value(.list(values), values.isEmpty ? origin(tree) : nil)
        case (.map, .object(let members)):
            guard let item = parameter.item.first else { return Value(.map([]), origin(tree)) }
            let values = members.map { member in
                let one = tree?.asWritten[member.name]?.value
                return Value.Member(
                    name: member.name,
                    value: value(member.value, item, one ?? unplaced(tree), secret: covered))
            }
            let sorted = values.sorted { $0.name < $1.name }
            return Value(.map(sorted), values.isEmpty ? origin(tree) : nil)
        default:
            let shown = covered ? .string("***") : Self.written(json, parameter.kind)
            return Value(.scalar(shown), origin(tree))
        }
    }

    /// What is inside a word or a variable comes from there, whatever its own marks say.
    private func unplaced(_ tree: TreeValue?) -> TreeValue? {
        guard let tree, case .text = tree.content else { return nil }
        return tree
    }

    private func origin(_ tree: TreeValue?) -> ResolvedTopology.Origin? {
        guard let tree else { return origins.topology == nil ? nil : .operatorDefault }
        return origins.leaf(tree)
    }

    private static func written(_ json: JSON, _ kind: ParameterDescription.Kind) -> JSON {
        switch (kind, json) {
        case (.duration, .int(let nanoseconds)): .string(Quantity.text(duration: nanoseconds))
        case (.size, .int(let bytes)): .string(size(bytes))
        case (.rate, .double(let perSecond)): .string(Quantity.text(rate: perSecond))
        // A plan that went through JSON may hold 0 for 0.0.
        case (.rate, .int(let perSecond)): .string(Quantity.text(rate: Double(perSecond)))
        case (.float, .int(let number)): .double(Double(number))
        default: json
        }
    }

    /// With a unit, so that it is a text to every reader.
    private static func size(_ bytes: Int64) -> String {
        let text = Quantity.text(size: bytes)
        return text.last?.isNumber == true ? text + "B" : text
    }
}
