// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// What makes a descriptor valid, over values. Each failure is MR3101 and names the field.
package enum DescriptorRules {
    /// Entries of any list of a descriptor.
    static let countMax = 256
    /// Levels of lists, maps and objects in a parameter.
    static let depthMax = 8
    static let idBytesMax = 64

    static func check(
        _ operation: OperatorDescription, _ place: DescriptorPlace
    ) throws(Failure) {
        try checkVersion(operation.version, place.dot("version"))
        try checkNames(operation.parameters.map(\.name), place.dot("params"))
        for (i, parameter) in operation.parameters.enumerated() {
            try ParameterRules.check(parameter, place.dot("params")[i])
        }
        switch operation.kind {
        case .transform, .sink:
            if operation.inputs.isEmpty {
                throw place.dot("inputs").refusal("a \(operation.kind.rawValue) has at least one")
            }
        case .source:
            if !operation.inputs.isEmpty { throw place.dot("inputs").refusal("a source has none") }
        case .partitioner: break
        }
        if operation.kind == .sink, !operation.outputs.isEmpty {
            throw place.dot("outputs").refusal("a sink has none")
        }
        try checkPorts(operation, place)
    }

    /// `[a-z][a-z0-9]*([._-][a-z0-9]+)*`, up to 64 bytes.
    static func checkID(_ id: String, _ place: DescriptorPlace) throws(Failure) {
        var last: UInt8 = 0
        var good = (1...idBytesMax).contains(id.utf8.count)
        for byte in id.utf8 {
            switch byte {
            case 0x61...0x7a: break
            case 0x30...0x39: good = good && last != 0
            case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                good = good && last != 0 && !"._-".utf8.contains(last)
            default: good = false
            }
            last = byte
        }
        guard good, !"._-".utf8.contains(last) else {
            throw place.refusal(
                "expected [a-z][a-z0-9]*([._-][a-z0-9]+)* of at most \(idBytesMax) bytes, found "
                    + quoted(id))
        }
    }

    /// `[a-z][a-z0-9_]{0,62}`
    static func checkName(_ name: String, _ place: DescriptorPlace) throws(Failure) {
        let good = name.utf8.enumerated().allSatisfy { i, byte in
            (0x61...0x7a).contains(byte)
                || i > 0 && ((0x30...0x39).contains(byte) || byte == UInt8(ascii: "_"))
        }
        guard good, (1...63).contains(name.utf8.count) else {
            throw place.refusal("expected [a-z][a-z0-9_]{0,62}, found \(quoted(name))")
        }
    }

    static func checkNames(_ names: [String], _ place: DescriptorPlace) throws(Failure) {
        var seen: Set<String> = []
        for (i, name) in names.enumerated() {
            try checkName(name, place[i].dot("name"))
            guard seen.insert(name).inserted else {
                throw place[i].dot("name").refusal("\(quoted(name)) comes twice")
            }
        }
    }

    /// `1.2.3`, `1.2.3-rc.1`, `1.2.3+build`
    static func checkVersion(_ version: String, _ place: DescriptorPlace) throws(Failure) {
        let number = version.prefix { $0 != "-" && $0 != "+" }
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        let rest = version.dropFirst(number.count)
        let allowed = rest.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0)
                || "+-.".utf8.contains($0)
        }
        let good =
            parts.count == 3
            && parts.allSatisfy {
                $0.utf8.allSatisfy { (0x30...0x39).contains($0) } && UInt32($0) != nil
                    && ($0 == "0" || !$0.hasPrefix("0"))
            }
        guard good, allowed, rest.count != 1, version.utf8.count <= 128 else {
            throw place.refusal(
                "expected a semantic version such as 1.0.0, found \(quoted(version))")
        }
    }

    private static func checkPorts(
        _ operation: OperatorDescription, _ place: DescriptorPlace
    ) throws(Failure) {
        let inputs = operation.inputs.map(\.name)
        let sides = [("inputs", operation.inputs), ("outputs", operation.outputs)]
        for (side, ports) in sides {
            try checkNames(ports.map(\.name), place.dot(side))
            for (i, port) in ports.enumerated() {
                let here = place.dot(side)[i]
                if port.name == "errors" {
                    throw here.dot("name").refusal("\"errors\" is the host's port on every node")
                }
                if port.doc.isEmpty { throw here.dot("doc").refusal("is empty") }
                guard let schema = port.schema else { continue }
                guard PortSchema.isValid(schema, inputs: side == "outputs" ? inputs : []) else {
                    throw here.dot("schema").refusal(
                        "\(quoted(schema)) is no schema",
                        next: "any, bytes, text, json, same(PORT), struct{…} or name/1")
                }
            }
        }
    }

    /// Text of the plugin for a message: cut, without control characters.
    static func quoted(_ text: String) -> String {
        let shown = text.unicodeScalars.prefix(80).map { $0.value < 32 ? "?" : Character($0) }
        return "\"" + String(shown) + (text.unicodeScalars.count > 80 ? "…" : "") + "\""
    }
}

/// The notation of payload types.
///
///     schema = "any" | "bytes" | "text" | "json" | "same(" port ")" | struct | named
///     struct = "struct{" field { "," field } "}" ;   field = type " " name
///     named  = dotted-name "/" revision
enum PortSchema {
    private static let types: Set<Substring> = [
        "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f32", "f64", "bool", "text", "bytes",
    ]

    /// `inputs`: names that `same(…)` may refer to.
    static func isValid(_ text: String, inputs: [String]) -> Bool {
        if ["any", "bytes", "text", "json"].contains(text) { return true }
        if text.hasPrefix("same("), text.hasSuffix(")") {
            return inputs.contains(String(text.dropFirst(5).dropLast()))
        }
        if text.hasPrefix("struct{"), text.hasSuffix("}") {
            let fields = text.dropFirst(7).dropLast().split(
                separator: ",", omittingEmptySubsequences: false)
            var names: Set<Substring> = []
            return fields.allSatisfy { field in
                let words = field.split(separator: " ")
                return words.count == 2 && types.contains(words[0]) && isName(words[1])
                    && names.insert(words[1]).inserted
            }
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, UInt32(parts[1]) != nil else { return false }
        return parts[0].split(separator: ".", omittingEmptySubsequences: false).allSatisfy(isName)
    }

    private static func isName(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, (0x61...0x7a).contains(first) else { return false }
        return text.utf8.allSatisfy {
            (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || "_-".utf8.contains($0)
        }
    }
}
