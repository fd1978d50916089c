// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// A value of a topology file with its place, before anybody knows what it means.
///
/// One-liners and `--set` make the same values, so that every later phase is shared.
package struct TreeValue: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        case null
        case bool(Bool)
        case int(Int64)
        case float(Double)
        case text(String)
        case list([TreeValue])
        case map([TreeMember])
        /// A `${…}` that could not be resolved and was only warned about.
        case unresolved
    }

    /// Where a scalar comes from: decides whether its text may become another type.
    package enum Origin: Hashable, Sendable {
        /// A plain scalar of a file; its content has the type that YAML gives it.
        case plain
        /// Quoted or a block scalar: text and nothing else.
        case quoted
        /// A word of a command line: takes the type of its parameter.
        case word
        /// A leaf that was one whole `${…}`: takes the type of its parameter.
        case variable
        /// Text with a `${…}` in it: stays text.
        case mixed
    }

    package var content: Content
    package var mark: Mark
    package var origin: Origin
    /// A scalar as it was written, without quotes; empty for lists and maps.
    package var raw: String
    /// A quoted scalar that ends on the line where it begins, as it stands there with its quotes.
    package var written: String?
    /// Of a word that begins with `[` or `{`: the same, read as JSON (one value, or none).
    package var structured: [TreeValue]

    package init(
        _ content: Content, at mark: Mark, origin: Origin = .plain, raw: String = "",
        written: String? = nil, structured: [TreeValue] = []
    ) {
        self.content = content
        self.mark = mark
        self.origin = origin
        self.raw = raw
        self.written = written
        self.structured = structured
    }

    /// The member of a map; nil for anything else.
    package subscript(name: String) -> TreeMember? {
        guard case .map(let members) = content else { return nil }
        return members.first { $0.name == name }
    }

    /// What it is, for messages: `a list`, `the number 5`.
    package var kindText: String {
        switch content {
        case .null: "nothing"
        case .bool(let value): "the boolean \(value)"
        case .int, .float: "the number \(raw)"
        case .text(let text): text.count > 40 ? "a text" : "the text \"\(text)\""
        case .list: "a list"
        case .map: "a map"
        case .unresolved: "an unset variable"
        }
    }
}

/// One `name: value` of a map.
package struct TreeMember: Hashable, Sendable {
    package var name: String
    package var nameMark: Mark
    package var value: TreeValue

    package init(name: String, nameMark: Mark, value: TreeValue) {
        self.name = name
        self.nameMark = nameMark
        self.value = value
    }
}

extension TreeValue.Content {
    /// The meaning of a plain scalar in the core schema of YAML 1.2, with `true` and `false` as
    /// the only booleans: `no`, `Yes`, `012:30` and dates are text.
    package static func ofPlain(_ text: String) -> Self {
        switch text {
        case "", "~", "null": return .null
        case "true": return .bool(true)
        case "false": return .bool(false)
        case ".nan": return .float(.nan)
        case ".inf", "+.inf": return .float(.infinity)
        case "-.inf": return .float(-.infinity)
        default: break
        }
        if let value = integer(text) { return .int(value) }
        if let value = float(text) { return .float(value) }
        return .text(text)
    }

    /// `-12`, `0o17`, `0xff`.
    package static func integer(_ text: String) -> Int64? {
        if text.hasPrefix("0o") { return unsigned(text.dropFirst(2), radix: 8) }
        if text.hasPrefix("0x") { return unsigned(text.dropFirst(2), radix: 16) }
        return isWhole(text) ? Int64(text) : nil
    }

    /// Decimal digits, perhaps with a sign, perhaps more than any integer holds.
    static func isWhole(_ text: String) -> Bool {
        let digits = text.first == "-" || text.first == "+" ? text.dropFirst() : text[...]
        return !digits.isEmpty && digits.utf8.allSatisfy { (48...57).contains($0) }
    }

    private static func unsigned(_ digits: Substring, radix: Int) -> Int64? {
        guard let first = digits.first, first != "-", first != "+" else { return nil }
        return Int64(digits, radix: radix)
    }

    /// `0.5`, `.5`, `1e9`, never `inf` or hexadecimal.
    package static func float(_ text: String) -> Double? {
        var rest = text.utf8[...]
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        let whole = digits(&rest)
        var decimals = 0
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            decimals = digits(&rest)
        }
        guard whole + decimals > 0 else { return nil }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest.removeFirst()
            if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") {
                rest.removeFirst()
            }
            guard digits(&rest) > 0 else { return nil }
        }
        guard rest.isEmpty else { return nil }
        return Double(text)
    }

    private static func digits(_ rest: inout Substring.UTF8View) -> Int {
        let run = rest.prefix { (48...57).contains($0) }
        rest = rest.dropFirst(run.count)
        return run.count
    }
}
