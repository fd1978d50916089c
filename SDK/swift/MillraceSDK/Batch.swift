// SPDX-License-Identifier: Apache-2.0
public import CMillrace

/// Up to a few hundred records, read where they lie: nothing here is a copy, and nothing can be
/// kept. The compiler refuses to store a batch, a record or a span of its bytes.
@safe @frozen public struct Batch: ~Copyable, ~Escapable {
    // SAFETY(batch): the host's; valid and unchanged until the call it was passed to returns,
    // and no value of this type lives longer.
    @usableFromInline let raw: UnsafePointer<mr_batch>

    @unsafe @inlinable @_lifetime(borrow raw)
    init(_ raw: UnsafePointer<mr_batch>) { unsafe self.raw = raw }

    /// How many records. 0 only when `isLast`.
    @inlinable public var count: Int { unsafe Int(raw.pointee.count) }
    /// Positions of the records, for `for position in batch.indices`.
    @inlinable public var indices: Range<Int> { 0..<count }
    /// The input port that all of its records come from.
    @inlinable public var input: Int { unsafe Int(raw.pointee.input) }
    /// More input is waiting behind this batch.
    @inlinable public var hasMore: Bool { has(1 << 0) }
    /// The input ends after this batch.
    @inlinable public var isLast: Bool { has(1 << 1) }
    /// No record with an earlier event time follows, in nanoseconds since 1970.
    @inlinable public var watermark: Int64 { unsafe raw.pointee.watermark }
    /// Position of the first record in its lane; the same after a restart.
    @inlinable public var sequence: UInt64 { unsafe raw.pointee.sequence }

    @inlinable func has(_ flag: UInt32) -> Bool { unsafe raw.pointee.flags & flag != 0 }

    /// The record at a position below `count`.
    @inlinable public subscript(position: Int) -> Record {
        @_lifetime(copy self) get {
            precondition(position >= 0 && position < count, "position outside of the batch")
            let record = unsafe Record(mr_at(raw, UInt32(truncatingIfNeeded: position)), raw)
            return unsafe _overrideLifetime(record, copying: self)
        }
    }

    /// Calls `body` with the batch as the C headers know it, for loops that count nanoseconds.
    @unsafe @inlinable public func withUnsafeBatch<Result, E: Error>(
        _ body: (UnsafePointer<mr_batch>) throws(E) -> Result
    ) throws(E) -> Result {
        try unsafe body(raw)
    }
}

/// One record of a batch: a header, and a payload whose first bytes are the key.
@safe @frozen public struct Record: ~Escapable {
    // SAFETY(record): both point into the batch this was taken from, which outlives it.
    @usableFromInline let raw: UnsafePointer<mr_record>
    @usableFromInline let bytes: UnsafePointer<UInt8>

    @unsafe @inlinable @_lifetime(borrow batch)
    init(_ raw: UnsafePointer<mr_record>, _ batch: UnsafePointer<mr_batch>) {
        unsafe self.raw = raw
        unsafe bytes = mr_payload(batch, raw)
    }

    /// Payload bytes, key included.
    @inlinable public var length: Int { unsafe Int(raw.pointee.length) }
    @inlinable public var keyLength: Int { unsafe Int(raw.pointee.key_length) }
    @inlinable public var isKeyed: Bool { unsafe raw.pointee.flags & 1 == 0 }
    /// Takes back an earlier record with the same payload.
    @inlinable public var isRetraction: Bool { unsafe raw.pointee.flags & 2 != 0 }
    /// XXH3-64 of the key; 0 without one.
    @inlinable public var keyHash: UInt64 { unsafe raw.pointee.key_hash }
    /// Nanoseconds since 1970; `Int64.min` when the record has no time.
    @inlinable public var eventTime: Int64 { unsafe raw.pointee.event_time }
    @inlinable public var schema: UInt32 { unsafe raw.pointee.schema }

    /// The header for a record made from this one: same key, time, schema and trace.
    @inlinable public var head: mr_record {
        var head = unsafe raw.pointee
        head.flags &= 3
        return head
    }

    /// Key and value.
    @inlinable public var payload: Span<UInt8> {
        @_lifetime(copy self) get { span(from: 0) }
    }

    /// Empty without a key.
    @inlinable public var key: Span<UInt8> {
        @_lifetime(copy self) get {
            let span = unsafe Span(_unsafeStart: bytes, count: keyLength)
            return unsafe _overrideLifetime(span, copying: self)
        }
    }

    /// What follows the key.
    @inlinable public var value: Span<UInt8> {
        @_lifetime(copy self) get { span(from: keyLength) }
    }

    @inlinable @_lifetime(copy self)
    func span(from offset: Int) -> Span<UInt8> {
        let span = unsafe Span(_unsafeStart: bytes + offset, count: length - offset)
        return unsafe _overrideLifetime(span, copying: self)
    }
}

extension mr_record {
    /// The header of a record without a key; the length is filled in when it is written.
    @inlinable public static func unkeyed(
        schema: UInt32 = 0, eventTime: Int64 = .min
    ) -> mr_record {
        mr_record(
            length: 0, flags: 1, key_length: 0, event_time: eventTime, key_hash: 0,
            schema: schema, trace: 0)
    }

    /// The header of a record whose payload begins with a key of `length` bytes; `hash` is
    /// `Host.hash` of these bytes, or the `keyHash` of a record with the same key.
    @inlinable public static func keyed(
        length: Int, hash: UInt64, schema: UInt32 = 0, eventTime: Int64 = .min
    ) -> mr_record {
        mr_record(
            length: 0, flags: 0, key_length: UInt16(length), event_time: eventTime,
            key_hash: hash, schema: schema, trace: 0)
    }
}
