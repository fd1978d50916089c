// SPDX-License-Identifier: Apache-2.0
// What `top` ranks objects by: the number in one field of a JSON object.
import MillraceSDK

/// A number that orders exactly, whether it was written as an integer or not.
struct Rank: Comparable {
    private let value: Double
    /// Tells integers apart that are the same as doubles.
    private let exact: Int64

    init(_ number: Int64) {
        value = Double(number)
        exact = number
    }

    init?(text: some Collection<UInt8>) {
        let text = String(decoding: text, as: UTF8.self)
        let integer = Int64(text)
        guard let number = Double(text), number.isFinite else { return nil }
        value = number
        exact = integer ?? Int64(exactly: number) ?? 0
    }

    static func < (left: Rank, right: Rank) -> Bool {
        (left.value, left.exact) < (right.value, right.exact)
    }
}

/// Reads one field of a JSON object without building the object. A field name is compared as it
/// is written; of a name that comes twice the last counts.
struct ObjectScanner {
    private let text: [UInt8]
    private var at = 0
    private static let depthMax = 64

    /// The number in the field, or nil when the text is no JSON object with such a number.
    static func rank(of field: [UInt8], in text: Span<UInt8>) -> Rank? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        for index in text.indices { bytes.append(text[index]) }
        var scanner = ObjectScanner(text: bytes)
        return scanner.rank(of: field)
    }

    private init(text: [UInt8]) { self.text = text }

    private mutating func rank(of field: [UInt8]) -> Rank? {
        var found: Rank?
        guard take("{") else { return nil }
        if !take("}") {
            repeat {
                guard let name = string(), take(":") else { return nil }
                skipSpace()
                let start = at
                guard skipValue(depth: 0) else { return nil }
                if text[name].elementsEqual(field) { found = Rank(text: text[start..<at]) }
            } while take(",")
            guard take("}") else { return nil }
        }
        skipSpace()
        return at == text.count ? found : nil
    }

    private mutating func skipSpace() {
        while at < text.count, [32, 9, 10, 13].contains(text[at]) { at += 1 }
    }

    /// Steps over this character, and white space before it, if it comes next.
    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard at < text.count, text[at] == UInt8(ascii: character) else { return false }
        at += 1
        return true
    }

    /// Steps over a string and answers where what is between its quotes lies.
    private mutating func string() -> Range<Int>? {
        guard take("\"") else { return nil }
        let start = at
        while at < text.count {
            switch text[at] {
            case UInt8(ascii: "\""):
                at += 1
                return start..<at - 1
            case UInt8(ascii: "\\"): at += 2
            case 0..<32: return nil
            default: at += 1
            }
        }
        return nil
    }

    private mutating func skipValue(depth: Int) -> Bool {
        guard at < text.count, depth < Self.depthMax else { return false }
        switch text[at] {
        case UInt8(ascii: "\""): return string() != nil
        case UInt8(ascii: "{"): return skipItems(until: "}", named: true, depth: depth)
        case UInt8(ascii: "["): return skipItems(until: "]", named: false, depth: depth)
        default: return skipWord()
        }
    }

    private mutating func skipItems(
        until end: Unicode.Scalar, named: Bool, depth: Int
    ) -> Bool {
        at += 1
        if take(end) { return true }
        repeat {
            if named { guard string() != nil, take(":") else { return false } }
            skipSpace()
            guard skipValue(depth: depth + 1) else { return false }
        } while take(",")
        return take(end)
    }

    /// A number, `true`, `false` or `null`.
    private mutating func skipWord() -> Bool {
        let start = at
        while at < text.count, Self.isOfWord(text[at]) { at += 1 }
        let word = text[start..<at]
        return ["true", "false", "null"].contains { word.elementsEqual($0.utf8) }
            || Self.isNumber(word)
    }

    private static func isOfWord(_ byte: UInt8) -> Bool {
        isOfNumber(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }

    private static func isOfNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "e"), UInt8(ascii: "E"),
            UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    private static func isNumber(_ word: ArraySlice<UInt8>) -> Bool {
        let digits = word.first == UInt8(ascii: "-") ? word.dropFirst() : word
        guard let first = digits.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
        else { return false }
        return word.allSatisfy(isOfNumber) && Rank(text: word) != nil
    }
}
