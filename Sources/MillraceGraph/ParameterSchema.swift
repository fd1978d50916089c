// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Checks the values below `with` against an operator's own table of parameters.
///
/// The result is what the operator is given: JSON with durations in nanoseconds, sizes in bytes,
/// rates per second, defaults filled in, members in the order of the table.
package struct ParameterSchema {
    package let use: String
    package let parameters: [ParameterDescription]
    private let outside: OutsideChecks

    package init(
        use: String, parameters: [ParameterDescription], outside: OutsideChecks = OutsideChecks()
    ) {
        self.use = use
        self.parameters = parameters
        self.outside = outside
    }

    package init(_ operation: OperatorDescription, outside: OutsideChecks = OutsideChecks()) {
        self.init(use: operation.id, parameters: operation.parameters, outside: outside)
    }

    /// Names of top-level parameters that hold a secret, themselves or further down.
    package var secrets: [String] {
        func isSecret(_ parameter: ParameterDescription) -> Bool {
            parameter.secret || parameter.item.contains(where: isSecret)
                || parameter.fields.contains(where: isSecret)
        }
        return parameters.filter(isSecret).map(\.name)
    }

    /// Nil after a finding that is an error. `path` is `nodes.ID.with`, `place` is blamed for what
    /// is missing.
    package func check(
        _ members: [TreeMember], path: String, node: String?, place: Mark,
        findings: inout Findings
    ) -> JSON? {
        var reader = Reader(use: use, node: node, outside: outside, findings: findings)
        let config = reader.object(members, parameters, path: path, place: place, secret: false)
        findings = reader.findings
        return reader.failed ? nil : config
    }

    private struct Reader {
        let use: String
        let node: String?
        let outside: OutsideChecks
        var findings: Findings
        var failed = false
        /// What is read is the operator's own default, not what somebody wrote.
        private var isDefault = false

        init(use: String, node: String?, outside: OutsideChecks, findings: Findings) {
            self.use = use
            self.node = node
            self.outside = outside
            self.findings = findings
        }

        mutating func object(
            _ members: [TreeMember], _ parameters: [ParameterDescription], path: String,
            place: Mark, secret: Bool
        ) -> JSON {
            let names = parameters.map(\.name)
            for member in members where !names.contains(member.name) {
                let near = Nearest.name(to: member.name, among: names)
                let known = parameters.first { $0.name == near }
                error(
                    .unknownParameter, member.nameMark,
                    "\(path).\(member.name): unknown parameter of \(use)",
                    known.map { "did you mean `\($0.name)` (\($0.summary))?" }
                        ?? (names.isEmpty
                            ? "\(use) takes no parameters"
                            : "known: \(names.joined(separator: ", "))"))
            }
            var result: [JSON.Member] = []
            for parameter in parameters {
                let full = "\(path).\(parameter.name)"
                guard let member = members.first(where: { $0.name == parameter.name }) else {
                    if let value = absent(parameter, full, place) {
                        result.append(JSON.Member(parameter.name, value))
                    }
                    continue
                }
                if let reason = parameter.deprecated {
                    findings.warning(
                        .deprecatedParameter, at: member.nameMark, node: node,
                        "\(full): deprecated", next: reason)
                }
                if let json = value(member.value, parameter, path: full, secret: secret) {
                    result.append(JSON.Member(parameter.name, json))
                }
            }
            return .object(result)
        }

        /// The default, or a finding when there must be a value.
        private mutating func absent(
            _ parameter: ParameterDescription, _ path: String, _ place: Mark
        ) -> JSON? {
            if let text = parameter.defaultValue {
                isDefault = true
                defer { isDefault = false }
                let value = TreeValue.word(text, at: place)
                return self.value(value, parameter, path: path, secret: true)
            }
            if parameter.required {
                error(
                    .missingParameter, place, "\(path): missing, \(use) needs it",
                    parameter.doc.isEmpty
                        ? "give it a \(parameter.form)" : "\(parameter.name): \(parameter.doc)"
                )
            }
            return nil
        }

        mutating func value(
            _ value: TreeValue, _ parameter: ParameterDescription, path: String, secret: Bool
        ) -> JSON? {
            if value.content == .unresolved { return nil }
            let covered = secret || parameter.secret
            if covered, !isDefault, isLiteral(value) {
                findings.warning(
                    .literalSecret, at: value.mark, node: node,
                    "\(path): a secret is written out in the topology",
                    next: "write ${file:/path/of/the/secret} or ${VARIABLE}")
            }
            switch parameter.kind {
            case .list: return list(value, parameter, path: path, secret: covered)
            case .map: return map(value, parameter, path: path, secret: covered)
            case .object:
                guard case .map(let members) = value.asWritten.content else {
                    return misfit(ParameterValue.wrong(value, "a map"), value, path, covered)
                }
                return object(
                    members, parameter.fields, path: path, place: value.mark, secret: covered)
            case .bool, .int, .float, .string, .enum, .duration, .size, .rate, .expression,
                .field:
                do throws(ParameterValue.Misfit) {
                    let json = try ParameterValue.read(value, as: parameter)
                    let isGood =
                        bounded(json, parameter, value, path, covered)
                        && readable(json, parameter, value, path, covered)
                    return isGood ? json : nil
                } catch {
                    return misfit(error, value, path, covered)
                }
            }
        }

        private mutating func list(
            _ value: TreeValue, _ parameter: ParameterDescription, path: String, secret: Bool
        ) -> JSON? {
            guard case .list(let items) = value.asWritten.content else {
                return misfit(ParameterValue.wrong(value, "a list"), value, path, secret)
            }
            guard counted(items.count, parameter, value, path, secret) else { return nil }
            guard let item = parameter.item.first else { return .array([]) }
            return .array(
                items.enumerated().compactMap {
                    self.value($0.element, item, path: "\(path)[\($0.offset)]", secret: secret)
                })
        }

        private mutating func map(
            _ value: TreeValue, _ parameter: ParameterDescription, path: String, secret: Bool
        ) -> JSON? {
            guard case .map(let members) = value.asWritten.content else {
                return misfit(ParameterValue.wrong(value, "a map"), value, path, secret)
            }
            guard counted(members.count, parameter, value, path, secret) else { return nil }
            guard let item = parameter.item.first else { return .object([]) }
            var result: [JSON.Member] = []
            for member in members {
                let full = "\(path).\(member.name)"
                if let json = self.value(member.value, item, path: full, secret: secret) {
                    result.append(JSON.Member(member.name, json))
                }
            }
            return .object(result)
        }

        private mutating func counted(
            _ count: Int, _ parameter: ParameterDescription, _ value: TreeValue, _ path: String,
            _ secret: Bool
        ) -> Bool {
            let shown = secret ? "the value" : count == 1 ? "1 member" : "\(count) members"
            return within(Double(count), parameter, value, path, shown: shown) {
                TreeValue.Content.integer($0).map(Double.init)
            }
        }

        private mutating func bounded(
            _ json: JSON, _ parameter: ParameterDescription, _ value: TreeValue, _ path: String,
            _ secret: Bool
        ) -> Bool {
            func shown(_ text: String) -> String { secret ? "the value" : text }
            if parameter.minimum == nil, parameter.maximum == nil { return true }
            switch json {
            case .string(let text):
                guard parameter.kind == .string else { return true }
                let length = text.unicodeScalars.count
                return within(
                    Double(length), parameter, value, path,
                    shown: shown("a text of \(length) characters")
                ) { TreeValue.Content.integer($0).map(Double.init) }
            case .int(let number):
                return withinExactly(number, parameter, value, path, shown(value.raw))
            case .double(let number):
                return within(number, parameter, value, path, shown: shown(value.raw)) { text in
                    parameter.kind == .rate
                        ? try? Quantity.rate(text) : TreeValue.Content.float(text)
                }
            case .null, .bool, .array, .object: return true
            }
        }

        /// Expressions and paths are read by those who will use them; a fault has its own place.
        private mutating func readable(
            _ json: JSON, _ parameter: ParameterDescription, _ value: TreeValue, _ path: String,
            _ secret: Bool
        ) -> Bool {
            guard case .string(let text) = json else { return true }
            let fault: OutsideChecks.TextFault?
            switch parameter.kind {
            case .expression: fault = outside.expression(text)
            case .field: fault = outside.path(text)
            case .bool, .int, .float, .string, .enum, .duration, .size, .rate, .list, .map,
                .object:
                return true
            }
            guard let fault else { return true }
            let place = value.place(ofBytes: fault.offset, length: fault.length)
            let said = secret ? "the value cannot be read" : fault.text
            error(
                .expressionSyntax, place, "\(path): \(said)",
                secret ? nil : fault.next)
            return false
        }

        /// Whole numbers, nanoseconds and bytes do not pass through floating point.
        private mutating func withinExactly(
            _ number: Int64, _ parameter: ParameterDescription, _ value: TreeValue,
            _ path: String, _ shown: String
        ) -> Bool {
            func bound(_ text: String?) -> Int64? {
                guard let text else { return nil }
                switch parameter.kind {
                case .duration: return try? Quantity.duration(text)
                case .size: return try? Quantity.size(text)
                default: return TreeValue.Content.integer(text)
                }
            }
            if bound(parameter.minimum).map({ number < $0 }) ?? false {
                return refuse(parameter, value, path, shown: shown)
            }
            if bound(parameter.maximum).map({ number > $0 }) ?? false {
                return refuse(parameter, value, path, shown: shown)
            }
            return true
        }

        private mutating func within(
            _ number: Double, _ parameter: ParameterDescription, _ value: TreeValue,
            _ path: String, shown: String, _ read: (String) -> Double?
        ) -> Bool {
            let low = parameter.minimum.flatMap(read) ?? -.infinity
            let high = parameter.maximum.flatMap(read) ?? .infinity
            return number >= low && number <= high
                || refuse(parameter, value, path, shown: shown)
        }

        private mutating func refuse(
            _ parameter: ParameterDescription, _ value: TreeValue, _ path: String, shown: String
        ) -> Bool {
            error(
                .outOfRange, value.mark,
                "\(path): \(shown) \(shown.hasSuffix("members") ? "are" : "is") out of range",
                "expected a \(parameter.summary)")
            return false
        }

        private mutating func misfit(
            _ misfit: ParameterValue.Misfit, _ value: TreeValue, _ path: String, _ secret: Bool
        ) -> JSON? {
            let expected = "\(path): expected \(misfit.expected)"
            if secret {
                error(misfit.code, value.mark, "\(expected), found something else", nil)
            } else {
                error(misfit.code, value.mark, "\(expected), found \(misfit.found)", misfit.next)
            }
            return nil
        }

        private mutating func error(
            _ code: FailureCode, _ mark: Mark, _ text: String, _ next: String?
        ) {
            failed = true
            findings.error(code, at: mark, node: node, text, next: next)
        }

        private func isLiteral(_ value: TreeValue) -> Bool {
            switch value.content {
            case .text(let text):
                !text.isEmpty && (value.origin.isLiteral || Interpolation.hasDefault(value.raw))
            case .bool, .int, .float: true
            case .null, .list, .map, .unresolved: false
            }
        }
    }
}

extension TreeValue.Origin {
    var isLiteral: Bool {
        switch self {
        case .plain, .quoted, .word: true
        case .variable, .mixed: false
        }
    }
}

extension TreeValue {
    /// A word that begins with a bracket, read as the JSON it is; else itself.
    var asWritten: TreeValue { origin == .word ? structured.first ?? self : self }

    /// A text that takes the type of its parameter, with its reading as JSON.
    static func word(_ text: String, at place: Mark) -> TreeValue {
        OneLiner.value("=\(text)", "", place)
    }
}
