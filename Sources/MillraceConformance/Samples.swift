// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Values for the parameters of an operator, taken from what it says about itself.
struct Samples {
    let operation: OperatorDescription

    /// A flow map of the required parameters with their examples. Throws the name of one that has
    /// none.
    func required() throws(Missing) -> String {
        var members: [String] = []
        for parameter in operation.parameters where parameter.required {
            guard let example = parameter.example else { throw Missing(name: parameter.name) }
            members.append("\"\(parameter.name)\": \(Self.written(example, parameter.kind))")
        }
        return "{\(members.joined(separator: ", "))}"
    }

    struct Missing: Error { var name: String }

    /// The parameters of the operator's own example, `{ use: x, with: { … } }`; nil without them.
    var example: String? {
        guard let text = operation.example, let with = text.range(of: "with:") else { return nil }
        var depth = 0
        var quote: Character?
        var found = ""
        for character in text[with.upperBound...] {
            if depth == 0, character != "{" {
                guard character == " " else { return nil }
                continue
            }
            found.append(character)
            if let open = quote {
                if character == open { quote = nil }
                continue
            }
            switch character {
            case "\"", "'": quote = character
            case "{", "[": depth += 1
            case "}", "]":
                depth -= 1
                if depth == 0 { return found }
            default: break
            }
        }
        return nil
    }

    /// As YAML: texts quoted, everything else as its example is written.
    private static func written(
        _ text: String, _ kind: ParameterDescription.Kind
    ) -> String {
        switch kind {
        case .string, .enum, .expression, .field:
            return "\"" + JSON.escaped(text) + "\""
        case .bool, .int, .float, .duration, .size, .rate, .list, .map, .object: return text
        }
    }

    /// Values one beyond each bound, with words for them.
    func beyond() -> [(parameter: String, words: String, value: JSON)] {
        operation.parameters.flatMap { parameter in
            [(parameter.minimum, -1), (parameter.maximum, 1)].compactMap { bound, step in
                guard let bound, let value = Self.value(bound, parameter.kind, step) else {
                    return nil
                }
                let side = step < 0 ? "below \(bound)" : "above \(bound)"
                return (parameter.name, "\(parameter.name) \(side)", value)
            }
        }
    }

    /// nil where there is nothing beyond, or nothing that can be written.
    private static func value(
        _ bound: String, _ kind: ParameterDescription.Kind, _ step: Int
    ) -> JSON? {
        func beyond(_ value: Int64?) -> JSON? {
            guard let value else { return nil }
            let (sum, overflow) = value.addingReportingOverflow(Int64(step))
            return overflow ? nil : .int(sum)
        }
        switch kind {
        case .int: return beyond(Int64(bound))
        case .duration: return beyond(try? Quantity.duration(bound))
        case .size: return beyond(try? Quantity.size(bound))
        case .rate: return (try? Quantity.rate(bound)).map { .double($0 + Double(step)) }
        case .float: return Double(bound).map { .double($0 + Double(step)) }
        case .string:
            guard let length = Int(bound), length + step >= 0, length < 1 << 20 else { return nil }
            return .string(String(repeating: "x", count: length + step))
        case .bool, .enum, .expression, .field, .list, .map, .object: return nil
        }
    }
}
