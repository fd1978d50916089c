// SPDX-License-Identifier: Apache-2.0
import CMillrace
import MillraceCore

/// A part of what an operator saved; nil key group: of the instance as a whole.
package struct StatePiece: Hashable, Sendable {
    package var keyGroup: Int?
    package var bytes: [UInt8]

    package init(keyGroup: Int? = nil, bytes: [UInt8]) {
        self.keyGroup = keyGroup
        self.bytes = bytes
    }
}

/// Takes what an operator writes: `mr_writer` of the ABI.
@safe final class PieceWriter {
    private(set) var pieces: [StatePiece] = []
    private var size = 0
    private let limit: Int

    /// `limit`: bytes in all.
    init(limit: Int) { self.limit = limit }

    /// Everything that was written, whatever it belongs to.
    var bytes: [UInt8] { pieces.flatMap(\.bytes) }

    // SAFETY(impl, data): the table points to `self`, which outlives the call; what a plugin
    // writes is copied at once.
    /// Gives `body` the writer's table; valid during the call only.
    @unsafe func withTable<Result>(
        _ body: (UnsafeMutablePointer<mr_writer>) -> Result
    ) -> Result {
        var table = unsafe mr_writer(
            struct_size: UInt32(MemoryLayout<mr_writer>.size), reserved0: 0,
            impl: Unmanaged.passUnretained(self).toOpaque(),
            write: { table, data, size in
                guard let impl = unsafe table?.pointee.impl else {
                    return Int64(MR_E_INVALID.rawValue)
                }
                let mine = unsafe Unmanaged<PieceWriter>.fromOpaque(impl).takeUnretainedValue()
                return unsafe mine.write(
                    UnsafeRawBufferPointer(start: data, count: Int(clamping: size)))
            },
            key_group: { table, group in
                guard let impl = unsafe table?.pointee.impl else { return MR_E_INVALID }
                let mine = unsafe Unmanaged<PieceWriter>.fromOpaque(impl).takeUnretainedValue()
                return mine.begin(Int(group))
            })
        return unsafe withUnsafeMutablePointer(to: &table) { unsafe body($0) }
    }

    @unsafe private func write(_ data: UnsafeRawBufferPointer) -> Int64 {
        guard data.count <= limit - size else { return Int64(MR_E_TOO_LARGE.rawValue) }
        if pieces.isEmpty { pieces.append(StatePiece(bytes: [])) }
        unsafe pieces[pieces.count - 1].bytes.append(contentsOf: data)
        size += data.count
        return Int64(data.count)
    }

    private func begin(_ group: Int) -> mr_status {
        let last = pieces.last?.keyGroup ?? -1
        guard group < Limits.keyGroups, group > last else { return MR_E_INVALID }
        pieces.append(StatePiece(keyGroup: group, bytes: []))
        return MR_OK
    }
}

/// Gives an operator what it wrote: `mr_reader` of the ABI.
@safe final class PieceReader {
    private let bytes: [UInt8]
    private var at = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    // SAFETY(impl, into): as the writer's; a plugin has room for as many bytes as it asks for.
    /// Gives `body` the reader's table; valid during the call only.
    @unsafe func withTable<Result>(
        _ body: (UnsafeMutablePointer<mr_reader>) -> Result
    ) -> Result {
        var table = unsafe mr_reader(
            struct_size: UInt32(MemoryLayout<mr_reader>.size), reserved0: 0,
            impl: Unmanaged.passUnretained(self).toOpaque(),
            read: { table, into, size in
                guard let impl = unsafe table?.pointee.impl, let into = unsafe into else {
                    return Int64(MR_E_INVALID.rawValue)
                }
                let mine = unsafe Unmanaged<PieceReader>.fromOpaque(impl).takeUnretainedValue()
                return unsafe mine.read(
                    UnsafeMutableRawBufferPointer(start: into, count: Int(clamping: size)))
            })
        return unsafe withUnsafeMutablePointer(to: &table) { unsafe body($0) }
    }

    @unsafe private func read(_ into: UnsafeMutableRawBufferPointer) -> Int64 {
        let count = min(into.count, bytes.count - at)
        unsafe into.copyBytes(from: bytes[at..<(at + count)])
        at += count
        return Int64(count)
    }
}
