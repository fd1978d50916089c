// SPDX-License-Identifier: Apache-2.0
// A table as saved state, in sections by key group. For each key: total (two's complement), hash,
// shape (twice the length, plus 1 if there is a key), as 8 bytes little endian each; the bytes of
// the key. A section ends where its stream ends.
import MillraceSDK

extension KeyTable {
    private static let groups: UInt32 = 1024
    private static let keyBytesMax: UInt64 = 8 << 20

    func save(to writer: borrowing StateWriter) throws {
        let slots = unsafe sorted().map {
            unsafe (group: mr_key_group($0.pointee.hash, Self.groups), slot: $0)
        }
        var open: UInt32?
        // A sort that keeps the order of equals, so the same totals are always the same bytes.
        for (group, slot) in unsafe slots.sorted(by: { unsafe $0.group < $1.group }) {
            if group != open { try writer.keyGroup(Int(group)) }
            open = group
            let slot = unsafe slot.pointee
            try writer.write(UInt64(bitPattern: slot.total))
            try writer.write(slot.hash)
            try writer.write(slot.shape)
            try unsafe writer.write(Span(_unsafeElements: slot.bytes))
        }
    }

    mutating func restore(from reader: borrowing StateReader) throws {
        while let total = try reader.number() {
            guard let hash = try reader.number(), let shape = try reader.number(),
                shape >> 1 <= Self.keyBytesMax
            else { throw OperatorError(.state, "the saved totals are damaged") }
            let key = try reader.bytes(Int(shape >> 1))
            unsafe key.withUnsafeBufferPointer { key in
                var none: UInt8 = 0
                unsafe withUnsafePointer(to: &none) { none in
                    let slot = unsafe slot(hash, key.baseAddress ?? none, shape)
                    unsafe slot.pointee.total &+= Int64(bitPattern: total)
                }
            }
        }
    }
}
