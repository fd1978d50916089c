// SPDX-License-Identifier: Apache-2.0
public import CMillrace

/// The output ports of one call. What is written becomes visible when the call returns, all of
/// it at once, or never if the call fails.
@safe @frozen public struct Outputs: ~Copyable, ~Escapable {
    // SAFETY(ports): `count` pointers, none of them NULL, valid until the operator is destroyed.
    @usableFromInline let ports: UnsafePointer<UnsafeMutablePointer<mr_out>?>?
    /// How many output ports the operator declared.
    public let count: Int

    @unsafe @inlinable @_lifetime(borrow ports)
    init(_ ports: UnsafePointer<UnsafeMutablePointer<mr_out>?>?, count: Int) {
        unsafe self.ports = ports
        self.count = count
    }

    /// The port at that position of `OperatorInfo.outputs`.
    @inlinable public subscript(port: Int) -> Output {
        @_lifetime(copy self) get {
            precondition(port >= 0 && port < count, "no such output port")
            let output = unsafe Output(ports.unsafelyUnwrapped[port].unsafelyUnwrapped)
            return unsafe _overrideLifetime(output, copying: self)
        }
    }

    /// Why the last write of this call was refused, if for good.
    func refusal() -> mr_status? {
        for port in 0..<count {
            let status = unsafe ports![port]!.pointee.status
            if status.rawValue < 0 { return status }
        }
        return nil
    }

    func forgetRefusals() {
        for port in 0..<count { unsafe ports![port]!.pointee.status = MR_OK }
    }
}

/// One output port. Records are written in place, straight into memory that the receiver reads.
///
/// Every writing function answers whether there was room. If not, return
/// `.again(consumed: position)` from `process`; nothing of the refused record exists. Ports whose
/// bounds the operator declares always have room.
@safe @frozen public struct Output: ~Escapable {
    // SAFETY(port): valid until the operator is destroyed; used during calls only, by one thread.
    @usableFromInline let raw: UnsafeMutablePointer<mr_out>

    @unsafe @inlinable @_lifetime(borrow raw)
    init(_ raw: UnsafeMutablePointer<mr_out>) { unsafe self.raw = raw }

    /// Nobody reads this port: what is written is counted and dropped.
    @inlinable public var isUnused: Bool { unsafe raw.pointee.flags & 1 != 0 }

    /// Writes one record of up to `capacity` payload bytes, which `body` appends, key first.
    @inlinable public func write<E: Error>(
        _ head: mr_record, capacity: Int, _ body: (inout OutputSpan<UInt8>) throws(E) -> Void
    ) throws(E) -> Bool {
        guard let room = unsafe reserve(capacity) else { return false }
        let buffer = unsafe UnsafeMutableBufferPointer(start: room, count: capacity)
        var span = unsafe OutputSpan(buffer: buffer, initializedCount: 0)
        try body(&span)
        unsafe commit(head, length: span.finalize(for: buffer))
        return true
    }

    /// Writes one record with this payload; `head` says how much of it is the key.
    @inlinable public func emit(_ head: mr_record, _ payload: Span<UInt8>) -> Bool {
        guard let room = unsafe reserve(payload.count) else { return false }
        unsafe Self.copy(payload, to: room)
        unsafe commit(head, length: payload.count)
        return true
    }

    /// Writes one record with this key and value. The key must be the one that `head` was made
    /// for; its length is taken from here.
    @inlinable public func emit(
        _ head: mr_record, key: Span<UInt8>, value: Span<UInt8>
    ) -> Bool {
        let length = key.count + value.count
        guard let room = unsafe reserve(length) else { return false }
        unsafe Self.copy(key, to: room)
        unsafe Self.copy(value, to: room + key.count)
        var head = head
        head.key_length = UInt16(key.count)
        unsafe commit(head, length: length)
        return true
    }

    /// Passes the whole batch on, without copying where that is possible.
    @inlinable public func forward(_ batch: borrowing Batch) -> Bool {
        unsafe mr_forward(raw, batch.raw, nil, batch.count32) == MR_OK
    }

    /// Passes on the records at these positions, which ascend. One call for a batch, not one for
    /// a record: how many are kept decides whether they are shared or copied.
    @inlinable public func forward(_ batch: borrowing Batch, _ positions: Span<UInt32>) -> Bool {
        for at in positions.indices {
            precondition(positions[at] < batch.count32, "position outside of the batch")
        }
        return unsafe positions.withUnsafeBufferPointer { which in
            guard let first = which.baseAddress else { return true }
            return unsafe mr_forward(raw, batch.raw, first, UInt32(which.count)) == MR_OK
        }
    }

    /// Passes on the records for which `keep` holds.
    @inlinable public func forward(
        _ batch: borrowing Batch, where keep: (Record) -> Bool
    ) -> Bool {
        let count = batch.count
        return unsafe withUnsafeTemporaryAllocation(of: UInt32.self, capacity: count) { which in
            var kept = 0
            for position in 0..<count where keep(batch[position]) {
                unsafe which[kept] = UInt32(truncatingIfNeeded: position)
                kept += 1
            }
            guard kept > 0, let first = which.baseAddress else { return true }
            return unsafe mr_forward(raw, batch.raw, first, UInt32(kept)) == MR_OK
        }
    }

    /// Passes one record on under a new header: another time, schema or flags, or less of the
    /// payload as its key.
    @inlinable public func forward(
        _ batch: borrowing Batch, _ position: Int, as head: mr_record
    ) -> Bool {
        precondition(position >= 0 && position < batch.count, "position outside of the batch")
        var head = head
        let ops = unsafe raw.pointee.ops.unsafelyUnwrapped
        return unsafe ops.pointee.forward_as(raw, batch.raw, UInt32(position), &head) == MR_OK
    }

    /// Space for a payload of up to `capacity` bytes, until the next call on this port; nil when
    /// there is no room.
    @unsafe @inlinable public func reserve(_ capacity: Int) -> UnsafeMutablePointer<UInt8>? {
        unsafe mr_reserve(raw, UInt32(capacity))?.assumingMemoryBound(to: UInt8.self)
    }

    /// Makes a record of the first `length` bytes of what was just reserved.
    @unsafe @inlinable public func commit(_ head: mr_record, length: Int) {
        var head = head
        head.length = UInt32(truncatingIfNeeded: length)
        unsafe mr_commit(raw, &head)
    }

    @inlinable static func copy(_ bytes: Span<UInt8>, to room: UnsafeMutablePointer<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { bytes in
            guard let first = bytes.baseAddress else { return }
            unsafe room.update(from: first, count: bytes.count)
        }
    }
}

extension OutputSpan where Element == UInt8 {
    /// Appends all of these bytes, for which there must be room.
    @inlinable @_lifetime(self: copy self)
    public mutating func append(_ bytes: Span<UInt8>) {
        precondition(bytes.count <= freeCapacity, "more bytes than were reserved")
        unsafe withUnsafeMutableBufferPointer { buffer, count in
            guard let start = buffer.baseAddress else { return }
            unsafe Output.copy(bytes, to: start + count)
            count += bytes.count
        }
    }

    /// Appends all of these bytes, for which there must be room. For stored properties, of which a
    /// span cannot be handed to a closure.
    @inlinable @_lifetime(self: copy self)
    public mutating func append(_ bytes: [UInt8]) { append(bytes.span) }
}

extension Batch {
    @inlinable var count32: UInt32 { unsafe raw.pointee.count }
}
