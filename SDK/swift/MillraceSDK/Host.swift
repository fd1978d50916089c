// SPDX-License-Identifier: Apache-2.0
import CMillrace

/// What the host does for one instance. Everything may be called from any thread, also after the
/// instance is gone, except where it says otherwise.
@safe public struct Host: @unchecked Sendable {
    // SAFETY(table): the host's; valid for the life of the process.
    let table: UnsafePointer<mr_host>
    // SAFETY(context): the host's; it outlives the instance and recognises late calls by itself.
    let context: OpaquePointer?

    public enum Level: Int32, Sendable { case trace = 0, debug, info, warning, error }

    /// Asks for a call soon: input from outside is ready.
    public func wake() { unsafe table.pointee.wake(context) }

    /// Writes one line to the job's log. The host limits the rate.
    public func log(_ level: Level, _ text: String) {
        var text = text
        text.withUTF8 { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { bytes in
                unsafe table.pointee.log(
                    context, mr_level(rawValue: level.rawValue), bytes.baseAddress,
                    UInt64(bytes.count))
            }
        }
    }

    /// Nanoseconds since 1970, as the job sees time: virtual in tests and replays.
    public var wallTime: Int64 { unsafe table.pointee.now(context, MR_CLOCK_WALL) }
    /// Nanoseconds of real time, for measuring only.
    public var monotonicTime: Int64 { unsafe table.pointee.now(context, MR_CLOCK_MONOTONIC) }
    /// A random number that a replay gives again. Only from the operator's own calls.
    public func random() -> UInt64 { unsafe table.pointee.random(context) }

    /// The hash that decides where a record with this key goes.
    public func hash(_ key: Span<UInt8>) -> UInt64 {
        unsafe key.withUnsafeBytes { bytes in
            unsafe table.pointee.hash(bytes.baseAddress, UInt64(bytes.count))
        }
    }

    func setError(_ status: mr_status, _ text: String) {
        var text = text
        text.withUTF8 { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { bytes in
                unsafe table.pointee.set_error(
                    context, status, bytes.baseAddress, UInt64(bytes.count))
            }
        }
    }

    /// A service by its id, or nil when this host has none.
    func service<Table>(_ id: String, as type: Table.Type) -> UnsafePointer<Table>? {
        unsafe table.pointee.extension(table, id)?.assumingMemoryBound(to: Table.self)
    }
}

/// A number that only grows, shown with the job's metrics. Adding is one store, no call.
@safe @frozen public struct Counter {
    // SAFETY(cell): the host's until the operator is destroyed, or one of our own that is never
    // freed. Written by this instance's calls only; the host samples it.
    @usableFromInline let cell: UnsafeMutablePointer<UInt64>

    init(_ cell: UnsafeMutablePointer<UInt64>) { unsafe self.cell = cell }

    @inlinable public static func += (counter: Counter, amount: Int) {
        unsafe counter.cell.pointee &+= UInt64(truncatingIfNeeded: amount)
    }
    @inlinable public var value: UInt64 { unsafe cell.pointee }
}

/// A number that goes up and down, shown with the job's metrics.
@safe @frozen public struct Gauge {
    // SAFETY(cell): as that of a counter.
    @usableFromInline let cell: UnsafeMutablePointer<Int64>

    init(_ cell: UnsafeMutablePointer<Int64>) { unsafe self.cell = cell }

    @inlinable public var value: Int64 {
        get { unsafe cell.pointee }
        nonmutating set { unsafe cell.pointee = newValue }
    }
}

/// How often values of each magnitude came, shown with the job's metrics.
@safe public struct Histogram {
    // SAFETY(table): the host's; valid for the life of the process.
    private let table: UnsafePointer<mr_host_metrics>?
    // SAFETY(histogram): the host's until the operator is destroyed; this instance's calls only.
    private let histogram: OpaquePointer?

    init(_ table: UnsafePointer<mr_host_metrics>?, _ histogram: OpaquePointer?) {
        unsafe self.table = table
        unsafe self.histogram = histogram
    }

    /// Counts one value; one below 0 counts as 0.
    public func observe(_ value: Int) {
        guard let histogram = unsafe histogram, let table = unsafe table else { return }
        unsafe table.pointee.observe(histogram, UInt64(max(0, value)))
    }
}

/// Facts about an instance that is about to run.
@safe public struct Start: ~Copyable, ~Escapable {
    // SAFETY(raw): the host's; valid until the operator is destroyed.
    let raw: UnsafePointer<mr_start>

    @_lifetime(borrow raw)
    init(_ raw: UnsafePointer<mr_start>) { unsafe self.raw = raw }

    /// 0 ..< parallelism.
    public var instance: Int { unsafe Int(raw.pointee.instance) }
    public var parallelism: Int { unsafe Int(raw.pointee.parallelism) }
    /// No batch has more records.
    public var batchLimit: Int { unsafe Int(raw.pointee.batch_limit) }
    /// Key groups whose records come here.
    public var keyGroups: ClosedRange<Int> {
        unsafe Int(raw.pointee.key_group_first)...Int(raw.pointee.key_group_last)
    }
    /// The checkpoint that was restored; 0 after a fresh start.
    public var restoredEpoch: UInt64 { unsafe raw.pointee.restored_epoch }
    /// For logs and client ids, never for state.
    public var job: String { unsafe String(cString: raw.pointee.job) }
    public var node: String { unsafe String(cString: raw.pointee.node) }
    /// The number that records read from an input port carry.
    public func inputSchema(_ port: Int) -> UInt32 { unsafe raw.pointee.in_schema[port] }
    /// The number to write into the header of records for an output port.
    public func outputSchema(_ port: Int) -> UInt32 { unsafe raw.pointee.out_schema[port] }
}
