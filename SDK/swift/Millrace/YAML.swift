// SPDX-License-Identifier: Apache-2.0
// The library does without the engine and without Foundation, so it writes its own YAML: nodes
// line by line, everything below them in brackets, each text that is not a plain word in quotes.

/// A piece of the file to be.
indirect enum YAML: Sendable {
    struct Member: Sendable {
        var name: String
        var value: YAML

        init(_ name: String, _ value: YAML) {
            self.name = name
            self.value = value
        }
    }

    /// As it is: whole numbers, `true`, `64KiB`.
    case bare(String)
    case text(String)
    case number(Double)
    case duration(Duration)
    /// `200ms..5s`.
    case durations(ClosedRange<Duration>)
    case list([YAML])
    case map([Member])
    /// A map, one member a line.
    case block([Member])
    /// Cannot be written, for this reason.
    case impossible(String)
}

extension YAML {
    static func document(_ members: [Member]) throws(TopologyError) -> String {
        var out = ""
        try write(members, indent: "", to: &out)
        return out
    }

    private static func write(
        _ members: [Member], indent: String, to out: inout String
    ) throws(TopologyError) {
        for member in members {
            out += "\(indent)\(quoted(member.name)):"
            if case .block(let inner) = member.value, !inner.isEmpty {
                out += "\n"
                try write(inner, indent: indent + "  ", to: &out)
            } else {
                out += " \(try member.value.line())\n"
            }
        }
    }

    private func line() throws(TopologyError) -> String {
        switch self {
        case .bare(let text): return text
        case .text(let text): return Self.quoted(text)
        case .number(let number):
            guard number.isFinite else { throw TopologyError("\(number) is no value") }
            return "\(number)"
        case .duration(let span): return try Self.text(span)
        case .durations(let range):
            return "\(try Self.text(range.lowerBound))..\(try Self.text(range.upperBound))"
        case .list(let items):
            var parts: [String] = []
            for item in items { parts.append(try item.line()) }
            return "[" + parts.joined(separator: ", ") + "]"
        case .map(let members), .block(let members):
            var parts: [String] = []
            for member in members {
                parts.append("\(Self.quoted(member.name)): \(try member.value.line())")
            }
            return "{" + parts.joined(separator: ", ") + "}"
        case .impossible(let reason): throw TopologyError(reason)
        }
    }

    /// Words of letters, digits, `_`, `-`, `.` and `/` stay as they are, but for those that a
    /// reader takes for something else.
    private static func quoted(_ text: String) -> String {
        let isWord = text.utf8.allSatisfy { isLetter($0) || isDigit($0) || "-./".utf8.contains($0) }
        let other: Set = ["true", "false", "null", "yes", "no", "on", "off"]
        if isWord, let first = text.utf8.first, isLetter(first), !other.contains(text.lowercased())
        {
            return text
        }
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\t": out += "\\t"
            case " "..."~", "\u{a1}"..."\u{2027}", "\u{2030}"..."\u{d7ff}",
                "\u{e000}"..."\u{fefe}", "\u{1f300}"..."\u{1faff}":
                out.unicodeScalars.append(scalar)
            default:
                let digits = String(scalar.value, radix: 16)
                out += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
            }
        }
        return out + "\""
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (65...90).contains(byte) || (97...122).contains(byte) || byte == UInt8(ascii: "_")
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

    /// `1h30m`; parts of a nanosecond and negative spans cannot be said.
    private static func text(_ span: Duration) throws(TopologyError) -> String {
        let (seconds, attoseconds) = span.components
        guard seconds >= 0, attoseconds >= 0, attoseconds % 1_000_000_000 == 0,
            seconds < Int64.max / 1_000_000_000
        else { throw TopologyError("\(span) is no span of whole nanoseconds") }
        var rest = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
        if rest == 0 { return "0s" }
        var out = ""
        let units: [(String, Int64)] = [
            ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000),
            ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000), ("ns", 1),
        ]
        for (name, factor) in units where rest >= factor {
            out += "\(rest / factor)\(name)"
            rest %= factor
        }
        return out
    }
}

extension YAML {
    static func watchdog(_ soft: Duration?, _ hard: Duration?) -> YAML {
        var members: [Member] = []
        if let soft { members.append(.init("soft", .duration(soft))) }
        if let hard { members.append(.init("hard", .duration(hard))) }
        return .map(members)
    }

    static func retry(_ attempts: Int?, _ backoff: ClosedRange<Duration>?) -> YAML {
        var members: [Member] = []
        if let attempts { members.append(.init("attempts", .bare("\(attempts)"))) }
        if let backoff { members.append(.init("backoff", .durations(backoff))) }
        return .map(members)
    }
}
