// SPDX-License-Identifier: Apache-2.0
// A table as saved state, on request in sections by key group. For each key: total (two's
// complement), hash, shape (twice the length, plus 1 if there is a key), as 8 bytes little endian
// each; the bytes of the key. It ends where its stream ends.
import MillraceSDK

extension KeyTable {
    /// No record is longer, and so no key.
    static let keyBytesMax: UInt64 = 8 << 20
    private static let groups: UInt32 = 1024

    private static let pieceBytes = 1 << 16

    /// Takes time in proportion to the keys: records wait for it.
    func save(to writer: borrowing StateWriter, byGroup: Bool) throws {
        var piece: [UInt8] = []
        piece.reserveCapacity(Self.pieceBytes + 256)
        var open: UInt32?
        for slot in unsafe byGroup ? usedByGroup() : used() {
            let group = unsafe Self.group(slot)
            let begins = byGroup && group != open
            if begins || piece.count >= Self.pieceBytes {
                try writer.write(piece.span)
                piece.removeAll(keepingCapacity: true)
            }
            if begins { try writer.keyGroup(Int(group)) }
            open = group
            unsafe Self.append(slot.pointee, to: &piece)
        }
        try writer.write(piece.span)
    }

    private static func append(_ slot: Slot, to piece: inout [UInt8]) {
        let numbers = (
            UInt64(bitPattern: slot.total).littleEndian, slot.hash.littleEndian,
            slot.shape.littleEndian
        )
        unsafe withUnsafeBytes(of: numbers) { unsafe piece.append(contentsOf: $0) }
        unsafe piece.append(contentsOf: slot.bytes)
    }

    private static func group(_ slot: UnsafeMutablePointer<Slot>) -> UInt32 {
        unsafe mr_key_group(slot.pointee.hash, groups)
    }

    /// By key group ascending: counted, then placed.
    private func usedByGroup() -> [UnsafeMutablePointer<Slot>] {
        let used = unsafe used()
        guard
            var sorted = unsafe used.first.map({
                unsafe [UnsafeMutablePointer<Slot>](repeating: $0, count: used.count)
            })
        else { return [] }
        var next = [Int](repeating: 0, count: Int(Self.groups) + 1)
        for slot in unsafe used { unsafe next[Int(Self.group(slot)) + 1] += 1 }
        for group in 1..<next.count { next[group] += next[group - 1] }
        for slot in unsafe used {
            let group = unsafe Int(Self.group(slot))
            unsafe sorted[next[group]] = slot
            next[group] += 1
        }
        return unsafe sorted
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
