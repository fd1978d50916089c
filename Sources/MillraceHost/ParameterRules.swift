// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// What makes the description of a parameter valid. Defaults, examples and bounds are texts as a
/// user would write them and have to be values of the type, in order and within the bounds. Lists,
/// maps and objects are written in YAML, which is not read here.
enum ParameterRules {
    static func check(
        _ parameter: ParameterDescription, _ place: DescriptorPlace, isItem: Bool = false
    ) throws(Failure) {
        if parameter.doc.isEmpty, !isItem { throw place.dot("doc").refusal("is empty") }
        if parameter.required, parameter.defaultValue != nil {
            throw place.dot("default_value").refusal("is set, but the parameter is required")
        }
        try checkChoices(parameter, place.dot("choices"))
        try checkBounds(parameter, place)
        try checkValue(parameter.defaultValue, of: parameter, place.dot("default_value"))
        try checkValue(parameter.example, of: parameter, place.dot("example"))
        for item in parameter.item { try check(item, place.dot("item"), isItem: true) }
        try DescriptorRules.checkNames(parameter.fields.map(\.name), place.dot("fields"))
        for (i, field) in parameter.fields.enumerated() {
            try check(field, place.dot("fields")[i])
        }
    }

    private static func checkChoices(
        _ parameter: ParameterDescription, _ place: DescriptorPlace
    ) throws(Failure) {
        guard parameter.kind == .enum else {
            if parameter.choices.isEmpty { return }
            throw place.refusal("is set, but the type is \(parameter.kind.rawValue)")
        }
        if parameter.choices.isEmpty { throw place.refusal("is empty") }
        var seen: Set<String> = []
        for (i, choice) in parameter.choices.enumerated() {
            if choice.value.isEmpty { throw place[i].dot("value").refusal("is empty") }
            guard seen.insert(choice.value).inserted else {
                let text = DescriptorRules.quoted(choice.value)
                throw place[i].dot("value").refusal("\(text) comes twice")
            }
        }
    }

    /// A value as a number that can be compared; nil: not one of the type.
    private static func number(_ text: String, _ kind: ParameterDescription.Kind) -> Double? {
        switch kind {
        case .int: Int64(text).map(Double.init)
        case .float: Double(text).flatMap { $0.isFinite ? $0 : nil }
        case .duration: (try? Quantity.duration(text)).map(Double.init)
        case .size: (try? Quantity.size(text)).map(Double.init)
        case .rate: try? Quantity.rate(text)
        case .bool, .string, .enum, .expression, .field, .list, .map, .object: nil
        }
    }

    private static func bound(_ text: String, of kind: ParameterDescription.Kind) -> Double? {
        switch kind {
        case .string, .list, .map: UInt32(text).map(Double.init)
        case .bool, .enum, .expression, .field, .object: nil
        case .int, .float, .duration, .size, .rate: number(text, kind)
        }
    }

    private static func checkBounds(
        _ parameter: ParameterDescription, _ place: DescriptorPlace
    ) throws(Failure) {
        var values: [Double] = []
        let bounds = [("minimum", parameter.minimum), ("maximum", parameter.maximum)]
        for case (let name, let text?) in bounds {
            guard let value = bound(text, of: parameter.kind) else {
                throw place.dot(name).refusal(
                    "\(DescriptorRules.quoted(text)) is no bound of a \(parameter.kind.rawValue)")
            }
            values.append(value)
        }
        if values.count == 2, values[0] > values[1] {
            throw place.dot("minimum").refusal("is larger than the maximum")
        }
    }

    private static func checkValue(
        _ text: String?, of parameter: ParameterDescription, _ place: DescriptorPlace
    ) throws(Failure) {
        guard let text else { return }
        let shown = DescriptorRules.quoted(text)
        switch parameter.kind {
        case .bool:
            guard text == "true" || text == "false" else {
                throw place.refusal("\(shown) is not true or false")
            }
        case .enum:
            guard parameter.choices.contains(where: { $0.value == text }) else {
                throw place.refusal("\(shown) is none of the choices")
            }
        case .int, .float, .duration, .size, .rate:
            guard let value = number(text, parameter.kind) else {
                throw place.refusal("\(shown) is no \(parameter.kind.rawValue)")
            }
            try checkWithin(value, shown, parameter, place)
        case .string:
            try checkWithin(Double(text.unicodeScalars.count), shown, parameter, place)
        case .expression, .field, .list, .map, .object: return
        }
    }

    private static func checkWithin(
        _ value: Double, _ shown: String, _ parameter: ParameterDescription,
        _ place: DescriptorPlace
    ) throws(Failure) {
        let low = parameter.minimum.flatMap { bound($0, of: parameter.kind) }
        let high = parameter.maximum.flatMap { bound($0, of: parameter.kind) }
        guard value >= low ?? -.infinity, value <= high ?? .infinity else {
            throw place.refusal("\(shown) is outside the bounds")
        }
    }
}
