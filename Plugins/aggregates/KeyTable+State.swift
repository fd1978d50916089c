// SPDX-License-Identifier: Apache-2.0
// A table as saved state, on request in sections by key group. For each key: total (two's
// complement), hash, shape (twice the length, plus 1 if there is a key), as 8 bytes little endian
// each; the bytes of the key. It ends where its stream ends.
import MillraceSDK

extension KeyTable {
    /// No record is longer, and so no key.
    static let keyBytesMax: UInt64 = 8 << 20
    private static let groups: UInt32 = 1024

    func save(to writer: borrowing StateWriter, byGroup: Bool) throws {
        var slots = unsafe sorted().map {
            unsafe (group: mr_key_group($0.pointee.hash, Self.groups), slot: $0)
        }
        if byGroup {
            unsafe slots.sort { left, right in
                unsafe left.group != right.group
                    ? left.group < right.group
                    : Self.precedes(left.slot.pointee, right.slot.pointee)
            }
        }
        var open: UInt32?
        for (group, slot) in unsafe slots {
            if byGroup, group != open { try writer.keyGroup(Int(group)) }
            open = group
            let slot = unsafe slot.pointee
            try writer.write(UInt64(bitPattern: slot.total))
            try writer.write(slot.hash)
            try writer.write(slot.shape)
            try unsafe writer.write(Span(_unsafeElements: slot.bytes))
        }
    }

    /// Merges what was saved; `merge` makes one total of the known and the saved one.
    mutating func restore(
        from reader: borrowing StateReader, by host: Host,
        merge: (_ known: Int64, _ saved: Int64) throws -> Int64
    ) throws {
        while let total = try reader.number() {
            // The length of a key has 16 bits in a record; what is counted without one may be
            // longer.
            guard let hash = try reader.number(), let shape = try reader.number(),
                shape >> 1 <= (shape & 1 == 1 ? UInt64(UInt16.max) : Self.keyBytesMax)
            else { throw OperatorError(.state, "the saved totals are damaged") }
            var key = try reader.bytes(Int(shape >> 1))
            guard key.isEmpty || host.hash(key.span) == hash else {
                throw OperatorError(.state, "the saved totals are damaged: a key has another hash")
            }
            key.append(0)  // so that there is an address even for an empty key
            try unsafe key.withUnsafeBufferPointer { key in
                let slot = unsafe slot(hash, key.baseAddress!, shape)
                unsafe slot.pointee.total = try unsafe merge(
                    slot.pointee.total, Int64(bitPattern: total))
            }
        }
    }
}
