// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// A strict reader of small JSON texts (RFC 8259): no duplicate names, no lone surrogates, valid
/// UTF-8, a limit of depth. Linear in the length of the text.
struct NoteText {
    struct Refusal: Error, Equatable {
        var reason: String
        /// Byte of the text at which it was noticed, from 0.
        var position: Int
    }

    private let text: [UInt8]
    private let depthMax: Int
    private var at = 0

    static func parse(_ text: [UInt8], depthMax: Int) throws(Refusal) -> JSON {
        var reader = NoteText(text: text, depthMax: depthMax)
        let value = try reader.value(depth: 0)
        reader.space()
        guard reader.at == text.count else { throw reader.refusal("text after the value") }
        return value
    }

    private init(text: [UInt8], depthMax: Int) {
        self.text = text
        self.depthMax = depthMax
    }

    private func refusal(_ reason: String) -> Refusal { Refusal(reason: reason, position: at) }

    private var next: UInt8? { at < text.count ? text[at] : nil }

    private mutating func space() {
        while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
            at += 1
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        space()
        guard next == byte else { return false }
        at += 1
        return true
    }

    private mutating func value(depth: Int) throws(Refusal) -> JSON {
        space()
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case nil: throw refusal("the text ends early")
        default: return try number()
        }
    }

    private mutating func object(depth: Int) throws(Refusal) -> JSON {
        guard depth <= depthMax else { throw refusal("more than \(depthMax) levels") }
        at += 1
        var members: [JSON.Member] = []
        var names: Set<String> = []
        if take(UInt8(ascii: "}")) { return .object([]) }
        repeat {
            space()
            guard next == UInt8(ascii: "\"") else { throw refusal("a name is missing") }
            let name = try string()
            guard names.insert(name).inserted else { throw refusal("\"\(name)\" comes twice") }
            guard take(UInt8(ascii: ":")) else { throw refusal("a colon is missing") }
            members.append(JSON.Member(name, try value(depth: depth)))
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw refusal("a brace is missing") }
        return .object(members)
    }

    private mutating func array(depth: Int) throws(Refusal) -> JSON {
        guard depth <= depthMax else { throw refusal("more than \(depthMax) levels") }
        at += 1
        var items: [JSON] = []
        if take(UInt8(ascii: "]")) { return .array([]) }
        repeat { items.append(try value(depth: depth)) } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw refusal("a bracket is missing") }
        return .array(items)
    }

    private mutating func word(_ word: String, _ value: JSON) throws(Refusal) -> JSON {
        guard text[at...].starts(with: word.utf8) else { throw refusal("an unknown word") }
        at += word.utf8.count
        return value
    }

    private mutating func number() throws(Refusal) -> JSON {
        let start = at
        while let byte = next, "+-.0123456789eE".utf8.contains(byte) { at += 1 }
        let digits = text[start..<at]
        let unsigned = digits.first == UInt8(ascii: "-") ? digits.dropFirst() : digits
        guard let first = unsigned.first, (0x30...0x39).contains(first),
            !(first == 0x30
                && unsigned.dropFirst().first.map { (0x30...0x39).contains($0) } ?? false),
            let last = unsigned.last, (0x30...0x39).contains(last)
        else { throw refusal("no value") }
        let literal = String(decoding: digits, as: UTF8.self)
        if let whole = Int64(literal) { return .int(whole) }
        guard let value = Double(literal), value.isFinite,
            !literal.contains(".e"), !literal.contains(".E")
        else {
            throw refusal("a bad number")
        }
        return .double(value)
    }

    private mutating func string() throws(Refusal) -> String {
        at += 1
        var bytes: [UInt8] = []
        while let byte = next {
            at += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: bytes, as: UTF8.self) else {
                    throw refusal("bytes that are not UTF-8")
                }
                return text
            case UInt8(ascii: "\\"): bytes += try escape()
            case 0..<0x20: throw refusal("a control character in a string")
            default: bytes.append(byte)
            }
        }
        throw refusal("a string has no end")
    }

    private mutating func escape() throws(Refusal) -> [UInt8] {
        guard let byte = next else { throw refusal("a string has no end") }
        at += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [8]
        case UInt8(ascii: "f"): return [12]
        case UInt8(ascii: "n"): return [10]
        case UInt8(ascii: "r"): return [13]
        case UInt8(ascii: "t"): return [9]
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw refusal("an unknown escape")
        }
    }

    private mutating func unicodeEscape() throws(Refusal) -> [UInt8] {
        var code = UInt32(try hexadecimal())
        if (0xd800..<0xdc00).contains(code), text[at...].starts(with: "\\u".utf8) {
            at += 2
            let low = UInt32(try hexadecimal())
            guard (0xdc00..<0xe000).contains(low) else { throw refusal("a lone surrogate") }
            code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw refusal("a lone surrogate") }
        return Array(String(Character(scalar)).utf8)
    }

    private mutating func hexadecimal() throws(Refusal) -> UInt16 {
        guard text.count - at >= 4,
            text[at..<at + 4].allSatisfy({ Unicode.Scalar($0).properties.isASCIIHexDigit }),
            let value = UInt16(String(decoding: text[at..<at + 4], as: UTF8.self), radix: 16)
        else { throw refusal("a bad \\u escape") }
        at += 4
        return value
    }
}
