// SPDX-License-Identifier: Apache-2.0

/// A name, a number, or one character of punctuation; comments and texts leave none.
struct Token: Equatable {
    var text: String
    var line: Int
}

/// Cuts Swift or C into tokens, well enough to tell code from comments and texts.
///
/// What stands in an interpolation is code and gives tokens. Lines of the C preprocessor give none.
struct Tokenizer {
    private let bytes: [UInt8]
    private let isC: Bool
    private var at = 0
    private var line = 1
    private var found: [Token] = []

    static func tokens(of text: String, isC: Bool) -> [Token] {
        var scanner = Tokenizer(bytes: Array(text.utf8), isC: isC)
        scanner.code(untilParenthesis: false)
        return scanner.found
    }

    private init(bytes: [UInt8], isC: Bool) {
        self.bytes = bytes
        self.isC = isC
    }

    private func peek(_ ahead: Int = 0) -> UInt8 {
        at + ahead < bytes.count ? bytes[at + ahead] : 0
    }

    private mutating func skip() {
        if peek() == newline { line += 1 }
        at += 1
    }

    /// Scans code up to the end, or up to the parenthesis that closes an interpolation.
    private mutating func code(untilParenthesis: Bool) {
        var depth = 0
        while at < bytes.count {
            switch peek() {
            case slash where peek(1) == slash: lineComment()
            case slash where peek(1) == star: blockComment()
            case quote: string(hashes: 0)
            case hash where !isC && opensRawString: rawString()
            case hash where isC && beginsLine: preprocessorLine()
            case apostrophe where isC: character()
            case let byte where isNamePart(byte): name()
            case let byte where byte <= space: skip()
            case let byte:
                if byte == UInt8(ascii: "(") { depth += 1 }
                if byte == UInt8(ascii: ")") {
                    if untilParenthesis, depth == 0 {
                        skip()
                        return
                    }
                    depth -= 1
                }
                found.append(Token(text: String(UnicodeScalar(byte)), line: line))
                skip()
            }
        }
    }

    private mutating func name() {
        let start = at
        while isNamePart(peek()) { at += 1 }
        found.append(Token(text: String(decoding: bytes[start..<at], as: UTF8.self), line: line))
    }

    private mutating func lineComment() {
        while at < bytes.count, peek() != newline { at += 1 }
    }

    private mutating func blockComment() {
        var depth = 0
        repeat {
            if peek() == slash, peek(1) == star, depth == 0 || !isC {
                depth += 1
                at += 2
            } else if peek() == star, peek(1) == slash {
                depth -= 1
                at += 2
            } else {
                skip()
            }
        } while depth > 0 && at < bytes.count
    }

    private mutating func preprocessorLine() {
        while at < bytes.count, peek() != newline {
            if peek() == slash, peek(1) == star {
                blockComment()
            } else if peek() == backslash, peek(1) == newline {
                at += 1
                skip()
            } else {
                at += 1
            }
        }
    }

    private mutating func character() {
        skip()
        while at < bytes.count, peek() != apostrophe, peek() != newline {
            at += peek() == backslash ? 2 : 1
        }
        skip()
    }

    private var opensRawString: Bool {
        var ahead = 0
        while peek(ahead) == hash { ahead += 1 }
        return peek(ahead) == quote
    }

    private mutating func rawString() {
        var hashes = 0
        while peek() == hash {
            hashes += 1
            at += 1
        }
        string(hashes: hashes)
    }

    /// Behind it: the closing quotes and hashes.
    private mutating func string(hashes: Int) {
        let quotes = !isC && peek(1) == quote && peek(2) == quote ? 3 : 1
        at += quotes
        while at < bytes.count {
            if peek() == quote, closes(quotes: quotes, hashes: hashes) {
                at += quotes + hashes
                return
            }
            if peek() == backslash,
                (1...max(hashes, 1)).allSatisfy({ hashes == 0 || peek($0) == hash })
            {
                at += 1 + hashes
                if !isC, peek() == UInt8(ascii: "(") {
                    at += 1
                    code(untilParenthesis: true)
                } else {
                    skip()
                }
            } else {
                skip()
            }
        }
    }

    private func closes(quotes: Int, hashes: Int) -> Bool {
        (0..<quotes).allSatisfy { peek($0) == quote }
            && (0..<hashes).allSatisfy { peek(quotes + $0) == hash }
    }

    private var beginsLine: Bool {
        var before = at - 1
        while before >= 0, bytes[before] == space { before -= 1 }
        return before < 0 || bytes[before] == newline
    }

    private func isNamePart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 128...255:
            true
        default: false
        }
    }

    private let newline = UInt8(ascii: "\n")
    private let space = UInt8(ascii: " ")
    private let slash = UInt8(ascii: "/")
    private let star = UInt8(ascii: "*")
    private let quote = UInt8(ascii: "\"")
    private let apostrophe = UInt8(ascii: "'")
    private let hash = UInt8(ascii: "#")
    private let backslash = UInt8(ascii: "\\")
}

extension [Token] {
    /// Lines on which these tokens follow each other, but for those where one of `preceded` comes
    /// right before.
    func lines(of pattern: [String], unless preceded: Set<String> = []) -> [Int] {
        guard count >= pattern.count else { return [] }
        return (0...(count - pattern.count)).compactMap { start in
            for (offset, text) in pattern.enumerated() where self[start + offset].text != text {
                return nil
            }
            if start > 0, preceded.contains(self[start - 1].text) { return nil }
            return self[start].line
        }
    }
}
