// SPDX-License-Identifier: Apache-2.0

/// The checksum of records, blocks and footers: CRC-32C (Castagnoli), as in RFC 3720.
///
/// It finds torn writes and flipped bits; against intent there is nothing in it.
package enum CRC32C {
    /// Eight bytes at a time: table `k` is what a byte does that `k` more bytes follow.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var value = UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
            tables[byte] = value
        }
        for place in 256..<tables.count {
            let before = tables[place - 256]
            tables[place] = before >> 8 ^ tables[Int(before & 0xFF)]
        }
        return tables
    }()

    /// The checksum of `bytes`; with `before`, of what had that checksum and `bytes` behind it.
    package static func of(_ bytes: Span<UInt8>, after before: UInt32 = 0) -> UInt32 {
        let tables = Self.tables.span
        var value = ~before
        var at = 0
        while at + 8 <= bytes.count {
            let word = UInt64(littleEndianAt: at, in: bytes) ^ UInt64(value)
            value = 0
            for place in 0..<8 {
                let byte = Int(word >> UInt64(8 * place) & 0xFF)
                value ^= tables[(7 - place) * 256 + byte]
            }
            at += 8
        }
        while at < bytes.count {
            value = value >> 8 ^ tables[Int((value ^ UInt32(bytes[at])) & 0xFF)]
            at += 1
        }
        return ~value
    }

    package static func of(_ bytes: [UInt8]) -> UInt32 { of(bytes.span) }

    package static func of(_ bytes: ArraySlice<UInt8>, after before: UInt32 = 0) -> UInt32 {
        of(bytes.span, after: before)
    }
}

extension UInt64 {
    /// Eight bytes as a number; the caller has looked that they are there.
    @inline(__always)
    init(littleEndianAt at: Int, in bytes: Span<UInt8>) {
        precondition(at >= 0 && at <= bytes.count - 8)
        var word: UInt64 = 0
        for place in 0..<8 { word |= UInt64(bytes[at + place]) << UInt64(8 * place) }
        self = word
    }
}
