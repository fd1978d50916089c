// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph

/// A one-liner that shows an operator at work: with the parameters of its own example, and a feed
/// of records that have the fields it asks for.
enum OperatorExample {
    /// Words behind `millrace run`, quoted for a shell; nil for a partitioner, which is no node.
    static func words(_ operation: OperatorDescription) -> String? {
        let node = node(operation)
        if case .text(let use) = node?["use"]?.value.content, Names.isCFunction(use) {
            return call(of: use)
        }
        let settings = settings(operation, node)
        let own = ([operation.id] + settings.map { "\($0)=\(quoted($1))" }).joined(separator: " ")
        switch operation.kind {
        case .partitioner: return nil
        case .source: return "--limit 5 \(own) ! stdout"
        case .sink: return "\(feed(operation, settings)) ! \(own)"
        case .transform: return "\(feed(operation, settings)) ! \(own) ! stdout"
        }
    }

    /// The example of the descriptor; nil when there is none that can be read.
    private static func node(_ operation: OperatorDescription) -> TreeValue? {
        var findings = Findings()
        return operation.example.flatMap {
            YAMLReader.read($0, file: operation.id, findings: &findings)
        }
    }

    /// A line with a C function, for the operator that calls them.
    private static func call(of function: String) -> String {
        let inputs =
            function.firstRange(of: "->").map { function[..<$0.lowerBound] } ?? function[...]
        let fields = inputs.split(separator: "$value.").dropFirst().map { rest in
            String(rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." })
        }
        let value =
            fields.isEmpty ? "" : " value=\(quoted(record(Array(fields)))) ! json.decode"
        return "generate count=5\(value) ! \(quoted(function)) ! stdout"
    }

    /// Scalars of the example's `with`, and required parameters that it leaves out.
    private static func settings(
        _ operation: OperatorDescription, _ node: TreeValue?
    ) -> [(name: String, value: String)] {
        var settings: [(name: String, value: String)] = []
        if case .map(let members) = node?["with"]?.value.content {
            for member in members {
                switch member.value.content {
                case .bool, .int, .float, .text: settings.append((member.name, member.value.raw))
                case .null, .list, .map, .unresolved: break
                }
            }
        }
        for parameter in operation.parameters
        where parameter.required && !settings.contains(where: { $0.name == parameter.name }) {
            settings.append((parameter.name, parameter.example ?? placeholder(parameter)))
        }
        return settings
    }

    private static func feed(
        _ operation: OperatorDescription, _ settings: [(name: String, value: String)]
    ) -> String {
        let kinds = Dictionary(
            operation.parameters.map { ($0.name, $0.kind) }, uniquingKeysWith: { first, _ in first }
        )
        let fields = settings.filter { kinds[$0.name] == .field }.map(\.value)
        let isJSON = PortType(operation.inputs.first?.schema) == .json
        let asks = isJSON || settings.contains { kinds[$0.name] == .expression } || !fields.isEmpty
        let value = asks ? " value=\(quoted(record(fields)))" : ""
        switch PortType(operation.inputs.first?.schema) {
        case .json: return "generate count=5\(value) ! json.decode"
        case .text: return "generate count=5\(value) ! lines"
        case .any, .bytes, .shaped: return "generate count=5\(value)"
        }
    }

    /// A JSON object with an amount, and with the fields at these paths.
    private static func record(_ paths: [String]) -> String {
        var record = JSON.object([.init("amount", .int(250))])
        for path in paths where !path.contains("[") {
            let names = path.split(separator: ".").map(String.init)
            record = setting(names[...], of: record)
        }
        return record.text
    }

    private static func setting(_ names: ArraySlice<String>, of value: JSON) -> JSON {
        guard let name = names.first else { return .int(7) }
        var members: [JSON.Member] = []
        if case .object(let known) = value { members = known }
        let below = setting(names.dropFirst(), of: value[name] ?? .object([]))
        members.removeAll { $0.name == name }
        return .object(members + [.init(name, below)])
    }

    private static func placeholder(_ parameter: ParameterDescription) -> String {
        switch parameter.kind {
        case .bool: "true"
        case .int, .float: parameter.minimum ?? "1"
        case .enum: parameter.choices.first?.value ?? "a"
        case .duration: "1s"
        case .size: "1KiB"
        case .rate: "10/s"
        case .expression: "amount > 100"
        case .field: "amount"
        case .string: parameter.name
        case .list: "[]"
        case .map, .object: "{}"
        }
    }

    static func quoted(_ word: String) -> String {
        let plain = word.allSatisfy {
            $0.isASCII && ($0.isLetter || $0.isNumber || "._-/:=,@%+".contains($0))
        }
        if plain, !word.isEmpty { return word }
        return "'" + word.replacing("'", with: "'\\''") + "'"
    }
}
