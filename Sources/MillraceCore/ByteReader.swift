// SPDX-License-Identifier: Apache-2.0

/// Reads little-endian numbers, texts and blobs from bytes that are not believed.
///
/// Every read is checked against what is left; one that goes past the end throws and moves nothing.
package struct ByteReader: Sendable {
    private let bytes: ArraySlice<UInt8>
    private var at: Int
    private let code: FailureCode
    /// What is being read, for the text of a failure: `manifest`.
    private let what: StaticString

    package init(_ bytes: ArraySlice<UInt8>, of what: StaticString, code: FailureCode) {
        self.bytes = bytes
        self.what = what
        self.code = code
        at = bytes.startIndex
    }

    package init(_ bytes: [UInt8], of what: StaticString, code: FailureCode) {
        self.init(bytes[...], of: what, code: code)
    }

    /// Bytes read so far.
    package var offset: Int { at - bytes.startIndex }

    /// Bytes not read yet.
    package var left: Int { bytes.endIndex - at }

    package mutating func u8() throws(Failure) -> UInt8 {
        try need(1)
        defer { at += 1 }
        return bytes[at]
    }

    package mutating func u16() throws(Failure) -> UInt16 {
        UInt16(truncatingIfNeeded: try number(2))
    }

    package mutating func u32() throws(Failure) -> UInt32 {
        UInt32(truncatingIfNeeded: try number(4))
    }

    package mutating func u64() throws(Failure) -> UInt64 { try number(8) }

    package mutating func i64() throws(Failure) -> Int64 { Int64(bitPattern: try number(8)) }

    package mutating func bool() throws(Failure) -> Bool {
        switch try u8() {
        case 0: return false
        case 1: return true
        case let other: throw failure("a yes or no is \(other)")
        }
    }

    package mutating func take(_ count: Int) throws(Failure) -> ArraySlice<UInt8> {
        try need(count)
        defer { at += count }
        return bytes[at..<at + count]
    }

    /// Bytes behind their length in 32 bits.
    package mutating func blob() throws(Failure) -> [UInt8] {
        let length = try u32()
        return Array(try take(Int(length)))
    }

    /// UTF-8 behind its length in 16 bits.
    package mutating func text() throws(Failure) -> String {
        let length = try u16()
        let utf8 = try take(Int(length))
        guard let text = String(validating: utf8, as: UTF8.self) else {
            throw failure("a text is no UTF-8")
        }
        return text
    }

    /// How many entries follow. Each takes at least `bytesEach`, so a false count cannot ask for
    /// more memory than the bytes that are there.
    package mutating func count(bytesEach: Int) throws(Failure) -> Int {
        let count = Int(try u32())
        guard count <= left / bytesEach else {
            throw failure("\(count) entries cannot lie in \(left) bytes")
        }
        return count
    }

    /// Throws unless everything has been read.
    package func end() throws(Failure) {
        guard left == 0 else { throw failure("\(left) bytes too many") }
    }

    /// What is wrong with these bytes, with the place that has been reached.
    package func failure(_ text: String) -> Failure {
        Failure(code, "\(what): \(text), at byte \(offset)")
    }

    private func need(_ count: Int) throws(Failure) {
        guard count <= left else {
            throw failure("\(count) bytes were expected, \(left) are there")
        }
    }

    private mutating func number(_ width: Int) throws(Failure) -> UInt64 {
        try need(width)
        var value: UInt64 = 0
        for place in 0..<width { value |= UInt64(bytes[at + place]) << UInt64(8 * place) }
        at += width
        return value
    }
}
