// SPDX-License-Identifier: Apache-2.0
import CMillrace
import CMillraceRuntime
import Glibc
import MillraceCore

/// State per key of one task, in memory: `mrr_keyed.h`. It belongs to the thread of its loop; only
/// images are written elsewhere.
///
/// SAFETY(Sendable): used by the loop's thread alone, but for `Image.pieces`, which reads what
/// nobody writes any more.
@safe package final class KeyedState: @unchecked Sendable {
    // SAFETY(handle): made by init; lives as long as the process, as its task does.
    let handle: OpaquePointer

    /// `tables` live for ever. Throws MR3101 for tables that cannot be.
    @unsafe package init(
        tables: UnsafePointer<UnsafePointer<mr_table>?>?, count: Int, groups: ClosedRange<Int>
    ) throws(Failure) {
        let memory = unsafe mrr_memory(
            impl: nil, take: { _, bytes in unsafe malloc(Int(bytes)) },
            give: { _, memory, _ in unsafe free(memory) })
        let made = unsafe mrr_keyed_make(
            memory,
            mrr_keyed_shape(
                tables: tables, table_count: UInt32(count), group_first: UInt32(groups.lowerBound),
                group_last: UInt32(groups.upperBound), reserved0: 0,
                budget: UInt64(Limits.keyedBytesMax), log_limit: UInt64(Limits.keyedLogBytesMax)))
        guard let made = unsafe made else {
            throw Failure(.descriptorInvalid, "its tables of keyed state cannot be made")
        }
        unsafe handle = made
    }

    /// What the state was at a barrier, until it is released.
    @safe package struct Image: @unchecked Sendable {
        // SAFETY(handle): valid until `release`, which comes after the last read.
        fileprivate let handle: OpaquePointer
        /// The complete epoch that it is a change of; nil: it has everything.
        package let base: UInt64?

        /// Any one thread: its pieces, each of one key group.
        package func pieces() throws(Failure) -> [(keyGroup: Int, bytes: [UInt8])] {
            let writer = PieceList()
            let status = withExtendedLifetime(writer) {
                var sink = unsafe mrr_piece_sink(
                    impl: Unmanaged.passUnretained(writer).toOpaque(),
                    write: { impl, data, size in
                        guard let impl = unsafe impl else { return -1 }
                        let list = unsafe Unmanaged<PieceList>.fromOpaque(impl)
                            .takeUnretainedValue()
                        unsafe list.add(UnsafeRawBufferPointer(start: data, count: Int(size)))
                        return Int64(size)
                    },
                    group: { impl, group in
                        guard let impl = unsafe impl else { return -1 }
                        let list = unsafe Unmanaged<PieceList>.fromOpaque(impl)
                            .takeUnretainedValue()
                        list.pieces.append((Int(group), []))
                        return 0
                    })
                return unsafe mrr_keyed_save(handle, &sink)
            }
            guard status == MR_OK else {
                throw Failure(.storeFailed, "keyed state could not be written")
            }
            return writer.pieces
        }
    }

    /// Pins the state as of `epoch`: what changed since the newest complete epoch, or everything.
    /// Throws MR4103; nil: too many images are still being written.
    package func freeze(_ epoch: UInt64, whole: Bool) throws(Failure) -> Image? {
        var image: OpaquePointer?
        let flags = whole ? UInt32(MRR_FREEZE_FULL) : 0
        let status = unsafe mrr_keyed_freeze(handle, epoch, flags, &image)
        if status == MR_AGAIN { return nil }
        guard status == MR_OK, let image = unsafe image else {
            throw Failure(.outOfMemory, "no memory to pin keyed state")
        }
        var base: UInt64 = 0
        let isFull = unsafe mrr_image_full(image, &base) != 0
        return unsafe Image(handle: image, base: isFull ? nil : base)
    }

    /// The epoch is final: later images may leave out what it holds.
    package func complete(_ epoch: UInt64) { unsafe mrr_keyed_complete(handle, epoch) }

    /// Nobody reads the image any more.
    package func release(_ image: Image) { unsafe mrr_keyed_release(handle, image.handle) }

    /// Before the first call; full pieces before increments, in the order of their epochs. Throws
    /// MR6004 for what is damaged, MR6101 for a table of another shape.
    package func restore(_ piece: [UInt8], node: String) throws(Failure) {
        var report = unsafe mrr_restore_report()
        // SAFETY(piece): read by the call only.
        let status = unsafe piece.withUnsafeBytes {
            unsafe mrr_keyed_restore_piece(handle, $0.baseAddress, UInt64($0.count), &report)
        }
        guard status == MR_OK else { throw unsafe Self.failure(status, report, node) }
    }

    /// After the last piece. `migrate` translates entries of older tables.
    @unsafe package func restoreEnd(
        node: String, _ migration: UnsafePointer<mrr_migration>?
    ) throws(Failure) {
        var report = unsafe mrr_restore_report()
        let status = unsafe mrr_keyed_restore_end(handle, migration, &report)
        guard status == MR_OK else { throw unsafe Self.failure(status, report, node) }
    }

    /// Entries, and bytes of tables and indexes.
    package var gauge: (entries: UInt64, bytes: UInt64) {
        let gauges = unsafe mrr_keyed_gauge(handle)
        return (gauges.entries, gauges.bytes)
    }

    @unsafe private static func failure(
        _ status: mr_status, _ report: mrr_restore_report, _ node: String
    ) -> Failure {
        let reason = unsafe report.reason.map { unsafe String(cString: $0) } ?? "no reason given"
        if status == MR_E_NOMEM {
            return Failure(.outOfMemory, node: node, "no memory to restore keyed state: \(reason)")
        }
        let name = unsafe withUnsafeBytes(of: report.name) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        let isOther = unsafe report.version != 0 && !name.isEmpty
        return Failure(
            isOther ? .stateVersion : .stateDamaged, node: node,
            "keyed state\(name.isEmpty ? "" : " of table \(name)"): \(reason)",
            next: isOther
                ? "use the version of the plugin that wrote it"
                : "restore the files of the checkpoint from a copy")
    }
}

private final class PieceList {
    var pieces: [(keyGroup: Int, bytes: [UInt8])] = []

    @unsafe func add(_ data: UnsafeRawBufferPointer) {
        guard !pieces.isEmpty else { return }
        unsafe pieces[pieces.count - 1].bytes.append(contentsOf: data)
    }
}
