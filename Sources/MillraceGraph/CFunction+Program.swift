// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// What the operator `native` is told: the text that `Plugins/native/program.c` specifies.
extension CFunction {
    /// `library` is what the dynamic loader gets.
    package func program(library: String) -> String {
        var lines = [
            "native 1", "library \(Self.word(library))", "symbol \(Self.word(symbol))", flags,
        ]
        for (number, argument) in arguments.enumerated() {
            if number == fixedCount { lines.append("variadic") }
            lines += Self.lines(argument.kind)
        }
        lines.append("result \(Self.line(result))")
        return lines.joined(separator: "\n") + "\n"
    }

    private var flags: String {
        var words = ["flags"]
        if isPure { words.append("pure") }
        for attribute in [Attribute.vector, .blocking, .errno, .nullIsError]
        where attributes.contains(attribute) { words.append(attribute.rawValue) }
        return words.joined(separator: " ")
    }

    private static func lines(_ kind: Argument.Kind) -> [String] {
        switch kind {
        case .scalar(let member): ["give \(line(member))"]
        case .bytes(let bytes): ["bytes \(place(bytes))"]
        case .state(let size): ["state \(size)"]
        case .null: ["null"]
        case .text(let text): ["text \(word(text))"]
        case .string(let path): ["string \(place(.value(path)))"]
        case .column(let type, let path): ["column \(name(type)) \(place(.value(path)))"]
        case .structure(let members):
            ["struct \(members.count)"] + members.map { "give \(line($0))" }
        case .buffer(let size): ["buffer \(size)"]
        case .takeUsed(let type): ["take \(name(type)) used"]
        case .take(let type, let path): ["take \(name(type)) \(place(.value(path)))"]
        case .takeColumn(let type, let path): ["fill \(name(type)) \(place(.value(path)))"]
        }
    }

    private static func line(_ member: Member) -> String {
        let type = name(member.type)
        switch member.value {
        case .number(let text): return "\(type) number \(word(text))"
        case .field(let path, nil): return "\(type) \(place(.value(path)))"
        case .field(let path, let fallback?):
            return "\(type) \(place(.value(path))) or \(word(fallback))"
        case .length(let bytes): return "\(type) length \(place(bytes))"
        case .count: return "\(type) count"
        case .time: return "\(type) time"
        }
    }

    private static func line(_ result: Result) -> String {
        switch result {
        case .nothing: "void"
        case .field(let type, let path): "\(name(type)) \(place(.value(path)))"
        case .filter(let type): "\(name(type)) filter"
        case .status(let type): "\(name(type)) status"
        case .used(let type): "\(name(type)) used"
        case .ignored(let type): "\(name(type)) ignore"
        case .text(let path): "string \(place(.value(path)))"
        case .pointer: "pointer"
        }
    }

    private static func place(_ bytes: Bytes) -> String {
        switch bytes {
        case .value(let path): path.isWhole ? "value" : "at \(word(path.text))"
        case .key: "key"
        case .payload: "payload"
        }
    }

    /// On the machines that are served a size has 64 bits.
    private static func name(_ type: Scalar) -> String {
        switch type {
        case .isize: "i64"
        case .usize: "u64"
        case .bool, .i8, .i16, .i32, .i64, .u8, .u16, .u32, .u64, .f32, .f64: type.rawValue
        }
    }

    /// `=` and the bytes, those that could end a word as `%` and two digits.
    private static func word(_ text: String) -> String {
        var word = "="
        for byte in text.utf8 {
            if (33...126).contains(byte), byte != UInt8(ascii: "%") {
                word.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16)
                word += byte < 16 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return word
    }
}

extension CFunction.Path {
    /// As expressions write a path: `$value.customer.items[0]["two words"]`.
    package var text: String {
        parts.reduce(into: "$value") { text, part in
            switch part {
            case .element(let number): text += "[\(number)]"
            case .name(let name):
                text += Self.isPlain(name) ? ".\(name)" : "[\"\(JSON.escaped(name))\"]"
            }
        }
    }

    private static func isPlain(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(48...57).contains(first) else { return false }
        return name.utf8.allSatisfy {
            (97...122).contains($0) || (65...90).contains($0) || (48...57).contains($0)
                || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "$")
        }
    }
}

/// The node as everything else sees it.
extension CFunction {
    /// The operator `native` as it is for this function: what its ports take and give, and how it
    /// may be run.
    package func describe(_ operation: OperatorDescription) -> OperatorDescription {
        var operation = operation
        operation.title = name
        if isPure { operation.flags.formUnion([.stateless, .deterministic]) }
        if attributes.contains(.blocking) { operation.flags.insert(.blocks) }
        // Nobody can tell whether the description fits the function.
        if attributes.contains(.isolate) || !isKnown { operation.flags.insert(.isolate) }
        // One call of a batch holds up its loop: what is not known to be quick gets less at once.
        if !isKnown, !attributes.contains(.vector) { operation.batchPreferred = 32 }
        for port in operation.inputs.indices { operation.inputs[port].schema = inputSchema }
        for port in operation.outputs.indices {
            operation.outputs[port].schema = outputSchema
            operation.outputs[port].forwards = sinks.isEmpty && bufferBytes == nil
        }
        return operation
    }

    private var setsFields: Bool { sinks.contains { !$0.isWhole } }

    private var outputSchema: String {
        if setsFields { return "json" }
        if !sinks.isEmpty { return "text" }
        return bufferBytes != nil ? "bytes" : "same(in)"
    }

    /// A number in a value of its own is digits, whoever wrote them; a field is of JSON.
    private var inputSchema: String {
        if setsFields { return "json" }
        var readsText = false
        for source in sources {
            guard case .value(let path) = source else { continue }
            if !path.isWhole { return "json" }
            readsText = true
        }
        return readsText ? "bytes" : "any"
    }
}
