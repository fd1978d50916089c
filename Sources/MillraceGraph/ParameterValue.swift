// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Reads one scalar as the type of its parameter.
enum ParameterValue {
    /// Why a value does not fit; the caller knows the path and the place.
    struct Misfit: Error {
        var code: FailureCode
        /// Says nothing about the value itself, which may be a secret.
        var expected: String
        /// The value, as it may be shown when it is none.
        var found: String
        var next: String?

        init(_ code: FailureCode, _ expected: String, found: String, next: String? = nil) {
            self.code = code
            self.expected = expected
            self.found = found
            self.next = next
        }
    }

    /// A typed scalar: int for durations (ns), sizes (bytes); double for rates (per second).
    static func read(
        _ value: TreeValue, as parameter: ParameterDescription
    ) throws(Misfit) -> JSON {
        switch parameter.kind {
        case .bool:
            if case .bool(let flag) = typed(value) { return .bool(flag) }
            throw wrong(value, "`true` or `false`")
        case .int: return .int(try integer(value))
        case .float: return .double(try float(value))
        case .string, .field: return .string(try text(value, parameter))
        case .expression:
            guard let text = anyText(value), !text.isEmpty else {
                throw wrong(value, "an expression")
            }
            return .string(text)
        case .enum: return .string(try choice(value, parameter))
        case .duration:
            return .int(
                try quantity(value, "a duration such as `250ms` or `1h30m`", "s") {
                    (text) throws(Quantity.Problem) in try Quantity.duration(text)
                })
        case .size:
            return .int(
                try quantity(value, "a size such as `512` or `64KiB`", "B") {
                    (text) throws(Quantity.Problem) in try Quantity.size(text)
                })
        case .rate:
            return .double(
                try quantity(value, "a rate such as `1k/s` or `200/m`", "/s") {
                    (text) throws(Quantity.Problem) in try Quantity.rate(text)
                })
        case .list, .map, .object:
            throw wrong(value, parameter.kind == .list ? "a list" : "a map")
        }
    }

    static func wrong(_ value: TreeValue, _ expected: String, next: String? = nil) -> Misfit {
        Misfit(.wrongType, expected, found: value.kindText, next: next)
    }

    /// What a word or a variable means is decided by the parameter; a file decides itself.
    private static func typed(_ value: TreeValue) -> TreeValue.Content {
        guard case .text(let text) = value.content else { return value.content }
        switch value.origin {
        case .word, .variable: return .ofPlain(text)
        case .plain, .quoted, .mixed: return value.content
        }
    }

    private static func unquoted(_ value: TreeValue) -> String? {
        value.origin == .quoted ? "remove the quotes" : nil
    }

    private static func integer(_ value: TreeValue) throws(Misfit) -> Int64 {
        switch typed(value) {
        case .int(let number): return number
        case .float(let number):
            // 1e6 is written for a million often enough.
            if let whole = Int64(exactly: number), abs(number) < 1e15 { return whole }
            if TreeValue.Content.float(value.raw)?.rounded() == number, !value.raw.contains(".") {
                throw Misfit(.outOfRange, "a number of 64 bits", found: value.raw)
            }
            throw wrong(value, "a whole number")
        case .text(let text):
            let number = TreeValue.Content.integer(text) != nil
            throw wrong(value, "a whole number", next: number ? unquoted(value) : nil)
        case .null, .bool, .list, .map, .unresolved: throw wrong(value, "a whole number")
        }
    }

    private static func float(_ value: TreeValue) throws(Misfit) -> Double {
        switch typed(value) {
        case .int(let number): return Double(number)
        case .float(let number):
            if number.isFinite { return number }
            throw Misfit(.outOfRange, "a finite number", found: value.raw)
        case .text(let text):
            let number = TreeValue.Content.float(text) != nil
            throw wrong(value, "a number", next: number ? unquoted(value) : nil)
        case .null, .bool, .list, .map, .unresolved: throw wrong(value, "a number")
        }
    }

    private static func text(
        _ value: TreeValue, _ parameter: ParameterDescription
    ) throws(Misfit) -> String {
        guard case .text(let text) = value.content else {
            let isScalar = anyText(value) != nil
            throw wrong(
                value, parameter.kind == .field ? "the path of a field" : "a text",
                next: isScalar ? "put it in quotes: \"\(value.raw)\"" : nil)
        }
        return text
    }

    private static func choice(
        _ value: TreeValue, _ parameter: ParameterDescription
    ) throws(Misfit) -> String {
        let known = parameter.choices.map(\.value)
        let list = known.map { "`\($0)`" }.joined(separator: ", ")
        guard let text = anyText(value) else { throw wrong(value, "one of \(list)") }
        if known.contains(text) { return text }
        throw Misfit(
            .outOfRange, "one of \(list)", found: "`\(text)`",
            next: Nearest.question(text, known))
    }

    private static func quantity<Number>(
        _ value: TreeValue, _ expected: String, _ unit: String,
        _ read: (String) throws(Quantity.Problem) -> Number
    ) throws(Misfit) -> Number {
        let text: String
        switch value.content {
        case .text(let content): text = content
        case .int, .float: text = value.raw
        case .null, .bool, .list, .map, .unresolved: throw wrong(value, expected)
        }
        do throws(Quantity.Problem) {
            return try read(text)
        } catch {
            var next = error.advice(text)
            if TreeValue.Content.integer(text) != nil, next == "add a unit" {
                next = "did you mean `\(text)\(unit)`?"
            }
            let code = error == .tooLarge ? FailureCode.outOfRange : .wrongUnit
            throw Misfit(code, expected, found: "`\(text)`", next: next)
        }
    }

    /// The text of any scalar as it was written.
    private static func anyText(_ value: TreeValue) -> String? {
        switch value.content {
        case .text(let text): text
        case .bool, .int, .float: value.raw
        case .null, .list, .map, .unresolved: nil
        }
    }
}

extension ParameterDescription {
    /// `number 0…1, default 0.5`, for suggestions.
    var summary: String {
        var parts = [form]
        if required { parts.append("required") }
        if let defaultValue { parts.append("default \(defaultValue)") }
        return parts.joined(separator: ", ")
    }

    /// `number 0…1`, `one of a, b`.
    package var form: String {
        if kind == .enum { return "one of " + choices.map(\.value).joined(separator: ", ") }
        let counted = [.list, .map].contains(kind) && minimum ?? maximum != nil
        return counted ? "\(kindName) of\(bounds) members" : kindName + bounds
    }

    private var kindName: String {
        switch kind {
        case .bool: "true or false"
        case .int: "whole number"
        case .float: "number"
        case .string: "text"
        case .enum: "one"
        case .duration: "duration"
        case .size: "size"
        case .rate: "rate"
        case .expression: "expression"
        case .field: "field"
        case .list: "list"
        case .map, .object: "map"
        }
    }

    private var bounds: String {
        switch (minimum, maximum) {
        case (let low?, let high?): " \(low)…\(high)"
        case (let low?, nil): " from \(low)"
        case (nil, let high?): " up to \(high)"
        case (nil, nil): ""
        }
    }
}
