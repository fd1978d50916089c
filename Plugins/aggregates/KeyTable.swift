// SPDX-License-Identifier: Apache-2.0
// A total per key: an open hash table with linear probing, at most half full, a power of two of
// slots. Where a key starts is taken from its hash above the bits that decide its key group, for
// those are alike in all keys that one task sees. Keys are never removed, so neither slots nor
// the copies of keys are ever freed one by one.
//
// `add` is called for each batch and is as fast as the memory of the slots: it takes no
// reference, allocates only for a new key, and reads each record's header and key once.
import MillraceSDK

@safe struct KeyTable: ~Copyable {
    @safe struct Slot {
        var hash: UInt64
        var total: Int64
        // SAFETY(key): nil: the slot is free; else bytes of a chunk, which live as long as the
        // table.
        var key: UnsafeMutablePointer<UInt8>?
        /// Length of the key, and whether there is one: an empty key is not the same as none.
        var shape: UInt64

        var length: Int { Int(shape >> 1) }
        var isKeyed: Bool { shape & 1 == 1 }
        var bytes: UnsafeBufferPointer<UInt8> {
            unsafe UnsafeBufferPointer(start: key, count: length)
        }
    }

    private static let slotsAtFirst = 256
    private static let chunkBytes = 1 << 16

    // SAFETY(slots): allocated by init and grow, freed by grow and deinit; nobody else has them.
    private var slots: UnsafeMutablePointer<Slot>
    private var mask = slotsAtFirst - 1
    /// How many keys there are.
    private(set) var count = 0
    // SAFETY(chunks): allocated by store, freed by deinit.
    private var chunks: [UnsafeMutablePointer<UInt8>] = []
    private var room = 0

    init() { unsafe slots = Self.free(Self.slotsAtFirst) }

    deinit {
        unsafe slots.deallocate()
        for chunk in unsafe chunks { unsafe chunk.deallocate() }
    }

    /// Counts every record of a batch under its key; a record that takes one back counts down.
    mutating func add(_ batch: UnsafePointer<mr_batch>) {
        let records = unsafe batch.pointee.count
        for position in 0..<records {
            unsafe mr_prefetch(batch, position + 4)
            let record = unsafe mr_at(batch, position)!
            let flags = unsafe record.pointee.flags
            let shape = unsafe UInt64(record.pointee.key_length) << 1 | UInt64(~flags & 1)
            let slot = unsafe slot(
                record.pointee.key_hash, mr_payload(batch, record), shape)
            unsafe slot.pointee.total &+= 1 &- Int64(flags & 2)
        }
    }

    /// The slot of a key, made with a total of 0 if there was none; valid until the next one is
    /// made.
    @inline(__always)
    mutating func slot(
        _ hash: UInt64, _ key: UnsafePointer<UInt8>, _ shape: UInt64
    ) -> UnsafeMutablePointer<Slot> {
        var at = Self.start(hash, mask)
        while true {
            let slot = unsafe slots + at
            guard let known = unsafe slot.pointee.key else { break }
            if unsafe slot.pointee.hash == hash && slot.pointee.shape == shape
                && Self.same(known, key, Int(shape >> 1))
            {
                return unsafe slot
            }
            at = (at &+ 1) & mask
        }
        return unsafe insert(hash, key, shape)
    }

    /// The slots with a total other than 0, in no order. Valid until the next key is added.
    func used() -> [UnsafeMutablePointer<Slot>] {
        var used: [UnsafeMutablePointer<Slot>] = []
        unsafe used.reserveCapacity(count)
        for at in 0...mask where unsafe slots[at].key != nil && slots[at].total != 0 {
            unsafe used.append(slots + at)
        }
        return unsafe used
    }

    /// The same by key bytes ascending; no key comes before the empty one.
    func sorted() -> [UnsafeMutablePointer<Slot>] {
        unsafe used().sorted { unsafe Self.precedes($0.pointee, $1.pointee) }
    }

    static func precedes(_ left: Slot, _ right: Slot) -> Bool {
        let shared = min(left.length, right.length)
        let order = unsafe memcmp(left.key!, right.key!, shared)
        return order != 0 ? order < 0 : left.shape < right.shape
    }

    @inline(never)
    private mutating func insert(
        _ hash: UInt64, _ key: UnsafePointer<UInt8>, _ shape: UInt64
    ) -> UnsafeMutablePointer<Slot> {
        if (count + 1) * 2 > mask + 1 { grow() }
        count += 1
        var at = Self.start(hash, mask)
        while unsafe slots[at].key != nil { at = (at + 1) & mask }
        unsafe slots[at] = Slot(
            hash: hash, total: 0, key: store(key, Int(shape >> 1)), shape: shape)
        return unsafe slots + at
    }

    private mutating func grow() {
        let old = unsafe slots
        let oldCount = mask + 1
        mask = oldCount * 2 - 1
        unsafe slots = Self.free(oldCount * 2)
        for from in 0..<oldCount where unsafe old[from].key != nil {
            var at = unsafe Self.start(old[from].hash, mask)
            while unsafe slots[at].key != nil { at = (at + 1) & mask }
            unsafe slots[at] = old[from]
        }
        unsafe old.deallocate()
    }

    private mutating func store(
        _ bytes: UnsafePointer<UInt8>, _ length: Int
    ) -> UnsafeMutablePointer<UInt8> {
        if unsafe chunks.isEmpty || room < length {
            let size = max(Self.chunkBytes, length)
            unsafe chunks.append(.allocate(capacity: size))
            room = size
        }
        // The newest chunk is filled from its end.
        room -= length
        let place = unsafe chunks[chunks.count - 1] + room
        unsafe place.update(from: bytes, count: length)
        return unsafe place
    }

    private static func free(_ count: Int) -> UnsafeMutablePointer<Slot> {
        let slots = UnsafeMutablePointer<Slot>.allocate(capacity: count)
        unsafe slots.initialize(
            repeating: Slot(hash: 0, total: 0, key: nil, shape: 0), count: count)
        return unsafe slots
    }

    @inline(__always)
    private static func start(_ hash: UInt64, _ mask: Int) -> Int {
        Int(truncatingIfNeeded: hash &>> 20) & mask
    }

    /// Are two keys of one length the same? Whole words, the last of which overlaps the one
    /// before it.
    @inline(__always)
    private static func same(
        _ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>, _ length: Int
    ) -> Bool {
        if length >= 8 {
            var at = 0
            while at < length &- 8 {
                if unsafe word(left, at, UInt64.self) != word(right, at, UInt64.self) {
                    return false
                }
                at &+= 8
            }
            let last = length &- 8
            return unsafe word(left, last, UInt64.self) == word(right, last, UInt64.self)
        }
        if length >= 4 {
            let last = length &- 4
            return unsafe word(left, 0, UInt32.self) == word(right, 0, UInt32.self)
                && word(left, last, UInt32.self) == word(right, last, UInt32.self)
        }
        if length == 0 { return true }
        let middle = length >> 1
        let last = length &- 1
        return unsafe left[0] == right[0] && left[middle] == right[middle]
            && left[last] == right[last]
    }

    @inline(__always)
    private static func word<Word: FixedWidthInteger & BitwiseCopyable>(
        _ bytes: UnsafePointer<UInt8>, _ at: Int, _ type: Word.Type
    ) -> Word {
        unsafe UnsafeRawPointer(bytes).loadUnaligned(fromByteOffset: at, as: type)
    }
}
