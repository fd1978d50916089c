// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// The name of a new project, and the names made from it that its files use.
struct ProjectNames: Equatable {
    /// As the user gave it: the folder, the library, the file. `acme.json-fix`.
    let name: String

    /// Throws `badName`.
    init(_ name: String) throws(Failure) {
        guard !ProjectNames.isWellFormed(name) || name.utf8.count > ProjectNames.bytesMax else {
            self.name = name
            return
        }
        let better = ProjectNames.suggestion(name)
        throw Failure(
            .badName,
            "`\(name)`: a name is of a-z and 0-9 in parts joined by `.`, `-` or `_`, begins with a "
                + "letter and has at most \(ProjectNames.bytesMax) characters",
            next: better.map { "try `\($0)`" })
    }

    /// The operator's id. A name without a dot gets one to begin with, as every id of one's own
    /// should have.
    var id: String { name.contains(".") ? name : "example." + name }

    /// A name for C, C++ and Swift: `acme_json_fix`.
    var symbol: String {
        let word = String(name.map { ".-".contains($0) ? "_" : $0 })
        return ProjectNames.words.contains(word) ? word + "_operator" : word
    }

    /// A name for a type: `AcmeJsonFix`.
    var type: String {
        let parts = name.split { ".-_".contains($0) }
        let word = parts.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
        return ProjectNames.types.contains(word) ? word + "Operator" : word
    }

    /// The name of a topology, which knows no dots and no underscores.
    var topology: String { String(name.map { "._".contains($0) ? "-" : $0 }.prefix(63)) }

    /// With `example.` in front, an operator's id is still at most 64 bytes.
    private static let bytesMax = 56

    /// `[a-z][a-z0-9]*([._-][a-z0-9]+)*`, as ids of operators are.
    private static func isWellFormed(_ name: String) -> Bool {
        let parts = name.utf8.split(
            omittingEmptySubsequences: false, whereSeparator: { ".-_".utf8.contains($0) })
        guard let first = name.utf8.first, (97...122).contains(first) else { return false }
        return parts.allSatisfy { part in
            !part.isEmpty
                && part.allSatisfy { (97...122).contains($0) || (48...57).contains($0) }
        }
    }

    /// What may have been meant by a name that is none; nil when nothing is left of it.
    private static func suggestion(_ name: String) -> String? {
        var better = ""
        for byte in name.lowercased().utf8 {
            let isKept = (97...122).contains(byte) || (48...57).contains(byte)
            if isKept {
                better.unicodeScalars.append(Unicode.Scalar(byte))
            } else if let last = better.last, !".-_".contains(last) {
                better.unicodeScalars.append(
                    ".-_".utf8.contains(byte) ? Unicode.Scalar(byte) : "-")
            }
        }
        better = String(better.drop { !$0.isLetter }.prefix(bytesMax))
        while let last = better.last, ".-_".contains(last) { better.removeLast() }
        return better.isEmpty ? nil : better
    }

    /// Words that one of the languages keeps for itself, and what a library may not be called.
    private static let words: Set<String> = [
        "alignas", "alignof", "and", "any", "as", "asm", "auto", "bitand", "bitor", "bool", "break",
        "case", "catch", "char", "class", "compl", "const", "constexpr", "continue", "decltype",
        "default", "defer", "deinit", "delete", "do", "double", "else", "enum", "explicit",
        "export", "extension", "extern", "fallthrough", "false", "fileprivate", "float", "for",
        "friend", "func", "goto", "guard", "if", "import", "in", "init", "inline", "inout", "int",
        "internal",
        "is", "let", "long", "main", "mutable", "namespace", "new", "nil", "noexcept", "not",
        "nullptr", "open", "operator", "or", "private", "protected", "protocol", "public",
        "register", "repeat", "requires", "restrict", "rethrows", "return", "self", "short",
        "signed", "sizeof", "static", "std", "struct", "subscript", "super", "switch", "template",
        "this", "throw", "throws", "true", "try", "typedef", "typeid", "typename", "typealias",
        "union", "unsigned", "using", "var", "virtual", "void", "volatile", "wchar", "where",
        "while", "xor",
    ]

    /// Types of Swift and of the SDKs, which one of the same name would hide.
    private static let types: Set<String> = [
        "Any", "Array", "Batch", "Bool", "Character", "Config", "Counter", "Dictionary", "Double",
        "Error", "Float", "Flow", "Gauge", "Head", "Histogram", "Host", "Int", "Library", "Never",
        "Operator", "OperatorError", "OperatorInfo", "Optional", "Output", "OutputSpan", "Outputs",
        "Parameter", "Partitioner", "Poll", "Polled", "Port", "Protocol", "Reader", "Record",
        "Registration", "Rereading", "Result", "Self", "Set", "Setup", "Sink", "Source", "Span",
        "Split", "SplitCollector", "SplitSource", "Start", "Stateful", "StatePiece", "StateReader",
        "StateWriter", "Stop", "String", "Substring", "Target", "Transform", "Type", "Void",
        "Writer",
    ]
}
