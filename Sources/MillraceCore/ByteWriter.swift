// SPDX-License-Identifier: Apache-2.0

/// Writes little-endian numbers, texts and blobs: what `ByteReader` reads.
package struct ByteWriter: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init(capacity: Int = 128) { bytes.reserveCapacity(capacity) }

    package mutating func u8(_ value: UInt8) { bytes.append(value) }

    package mutating func u16(_ value: UInt16) { number(UInt64(value), 2) }

    package mutating func u32(_ value: UInt32) { number(UInt64(value), 4) }

    package mutating func u64(_ value: UInt64) { number(value, 8) }

    package mutating func i64(_ value: Int64) { number(UInt64(bitPattern: value), 8) }

    package mutating func bool(_ value: Bool) { bytes.append(value ? 1 : 0) }

    package mutating func raw(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

    /// Bytes behind their length in 32 bits.
    package mutating func blob(_ more: [UInt8]) {
        u32(UInt32(more.count))
        bytes.append(contentsOf: more)
    }

    /// UTF-8 behind its length in 16 bits. A text longer than that is cut at a character.
    package mutating func text(_ text: String) {
        var kept = text[...]
        while kept.utf8.count > Int(UInt16.max) { kept.removeLast() }
        u16(UInt16(kept.utf8.count))
        bytes.append(contentsOf: kept.utf8)
    }

    /// How many entries follow.
    package mutating func count(_ count: Int) { u32(UInt32(count)) }

    /// Puts a number over the four bytes at `place`, which have been written before.
    package mutating func replace(at place: Int, u32 value: UInt32) {
        for byte in 0..<4 {
            bytes[place + byte] = UInt8(truncatingIfNeeded: value >> UInt32(8 * byte))
        }
    }

    private mutating func number(_ value: UInt64, _ width: Int) {
        for place in 0..<width {
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * place)))
        }
    }
}
