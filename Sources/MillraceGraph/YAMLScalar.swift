// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Texts as YAML scalars that every reader takes for the same text: also one of YAML 1.1, to
/// which `no`, `12:30` and `1_000` are no texts.
enum YAMLScalar {
    /// Where the scalar stands: between brackets more has to be quoted.
    enum Place { case block, flow }

    /// On one line: plain where that is safe, in quotes else.
    static func inline(_ text: String, in place: Place) -> String {
        if isPlain(text, in: place) { return text }
        let wantsSingle = text.contains { $0 == "\"" || $0 == "\\" } && !text.contains("'")
        if wantsSingle, text.unicodeScalars.allSatisfy(isPrintable) { return "'\(text)'" }
        return doubleQuoted(text)
    }

    /// The header and the lines of a literal block (`|`); nil for a text that reads better, or
    /// only, in quotes.
    static func literal(_ text: String) -> (header: String, lines: [Substring])? {
        let scalars = text.unicodeScalars
        guard scalars.contains("\n"),
            scalars.allSatisfy({ $0 == "\n" || $0 == "\t" || isPrintable($0) })
        else { return nil }
        var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
            .map(Substring.init)
        // The last line has no end of its own, or the text ends with a newline.
        var header = "|-"
        if lines.last?.isEmpty == true {
            header = "|"
            lines.removeLast()
        }
        // A first line that begins with a space needs a count, many empty ones at the end a sign.
        guard let first = lines.first(where: { !$0.isEmpty }), let last = lines.last,
            !last.isEmpty, first.first != " ", first.first != "\t"
        else { return nil }
        let onlySpaces = lines.contains { !$0.isEmpty && $0.allSatisfy { $0 == " " } }
        return onlySpaces ? nil : (header, lines)
    }

    private static func isPlain(_ text: String, in place: Place) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last,
            isLetter(first) || isDigit(first) || "/$(".utf8.contains(first) || isPath(text),
            last != UInt8(ascii: " "), last != UInt8(ascii: ":"), text.utf8.count <= 200,
            !words.contains(text.lowercased())
        else { return false }
        guard case .text = TreeValue.Content.ofPlain(text) else { return false }
        if isDigit(first), !isQuantity(text) { return false }
        let special = place == .flow ? ",[]{}:#'\"`\\" : "#`\\"
        var previous = UInt8(ascii: "x")
        for byte in text.utf8 {
            guard (0x20..<0x7f).contains(byte), !special.utf8.contains(byte) else { return false }
            if previous == UInt8(ascii: ":"), byte == UInt8(ascii: " ") { return false }
            previous = byte
        }
        return true
    }

    /// Other readers take these for something else.
    private static let words: Set<String> = [
        "yes", "no", "on", "off", "true", "false", "null", "nan", "inf",
    ]

    /// `10s` and `1k/s` are texts everywhere; `1_000`, `12:30`, `0b1` and `2026-01-01` are not.
    private static func isQuantity(_ text: String) -> Bool {
        let rest = text.utf8.drop { isDigit($0) || $0 == UInt8(ascii: ".") }
        guard let unit = rest.first(where: { $0 != UInt8(ascii: "/") }), isLetter(unit),
            !"_xbo".utf8.contains(unit)
        else { return false }
        return text.utf8.allSatisfy { isDigit($0) || isLetter($0) || $0 == 0x2e || $0 == 0x2f }
    }

    private static func isPath(_ text: String) -> Bool {
        text.hasPrefix("./") || text.hasPrefix("../")
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (65...90).contains(byte) || (97...122).contains(byte) || byte == UInt8(ascii: "_")
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

    /// Printable in YAML, on one line, and not a mark at the beginning of files.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20...0x7e, 0xa0...0xd7ff, 0xe000...0xfffd, 0x1_0000...:
            scalar.value != 0xfeff && scalar.value != 0x2028 && scalar.value != 0x2029
        default: false
        }
    }

    private static func doubleQuoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case _ where isPrintable(scalar): out.unicodeScalars.append(scalar)
            default: out += escaped(scalar.value)
            }
        }
        return out + "\""
    }

    private static func escaped(_ value: UInt32) -> String {
        let digits = String(value, radix: 16)
        let (sign, width) = value < 0x100 ? ("x", 2) : value < 0x1_0000 ? ("u", 4) : ("U", 8)
        return "\\\(sign)" + String(repeating: "0", count: width - digits.count) + digits
    }
}
