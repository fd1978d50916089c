// SPDX-License-Identifier: Apache-2.0
// A segment: what the tasks of one executor saved for one epoch, little endian.
//
//     header 64 B   "MRSG" · version u16, 1 · flags u16, 0 · job XXH3-128 of its name 16 B
//                   attempt u64 · epoch u64 · executor u32 · zero up to 64
//     blocks        raw length u32 · stored length u32 · codec u8, 0: as it is, 1: zstd · zero 3 B
//                   CRC-32C of the stored bytes u32 · stored bytes; raw is 64 KiB at most
//     index         count u32 · entries as those of PIEC in a manifest, their file is 0
//     footer 48 B   as FileFooter, "GSRM"
//
// The raw bytes of all blocks, one behind the other, are one stream; pieces lie in it in the order
// of the index, without a gap, wherever blocks begin. Reader: the hash of the file against the
// manifest's, magic, version, footer, blocks; a piece's hash when the piece is taken. Header and
// index are for people and tools: a manifest says the same.
import MillraceCore

package enum SegmentFormat {
    static let version: UInt16 = 1
    static let headerBytes = 64
    static let blockBytesMax = 64 << 10
    private static let magic: [UInt8] = Array("MRSG".utf8)
    static let footerMagic: [UInt8] = Array("GSRM".utf8)

    /// What a segment is of.
    package struct Origin: Hashable, Sendable {
        package var job: String
        package var attempt: Attempt
        package var epoch: Epoch
        package var executor: UInt32

        package init(job: String, attempt: Attempt, epoch: Epoch, executor: UInt32) {
            self.job = job
            self.attempt = attempt
            self.epoch = epoch
            self.executor = executor
        }
    }

    /// The whole file. `pieces` lie in `stream` in order. `compress` gives fewer bytes, or nil.
    package static func encoded(
        _ origin: Origin, stream: [UInt8], pieces: [Piece],
        compress: (ArraySlice<UInt8>) -> [UInt8]?
    ) -> [UInt8] {
        var writer = ByteWriter(capacity: stream.count + 1_024)
        writer.raw(magic)
        writer.u16(version)
        writer.u16(0)
        writer.hash(ContentHash(of: Array(origin.job.utf8)))
        writer.u64(origin.attempt)
        writer.u64(origin.epoch)
        writer.u32(origin.executor)
        writer.raw([UInt8](repeating: 0, count: headerBytes - writer.bytes.count))
        for start in stride(from: 0, to: stream.count, by: blockBytesMax) {
            let raw = stream[start..<min(start + blockBytesMax, stream.count)]
            let smaller = compress(raw)
            let stored = smaller ?? Array(raw)
            writer.u32(UInt32(raw.count))
            writer.u32(UInt32(stored.count))
            writer.u32(smaller == nil ? 0 : 1)
            writer.u32(CRC32C.of(stored))
            writer.raw(stored)
        }
        let index = writer.bytes.count
        writer.count(pieces.count)
        for var piece in pieces {
            piece.file = 0
            writer.piece(piece)
        }
        writer.footer(index: index, magic: footerMagic)
        return writer.bytes
    }

    /// What lies in a segment, and what it is of: for tools that have no manifest. The job is known
    /// by the hash of its name only.
    package static func index(
        of bytes: [UInt8]
    ) throws(Failure) -> (attempt: Attempt, epoch: Epoch, executor: UInt32, pieces: [Piece]) {
        var (reader, index) = try opened(bytes)
        _ = try reader.hash()
        let attempt = try reader.u64()
        let epoch = try reader.u64()
        let executor = try reader.u32()
        var entries = ByteReader(bytes[index], of: "index of a segment", code: .stateDamaged)
        var pieces: [Piece] = []
        for _ in 0..<(try entries.count(bytesEach: 50)) { pieces.append(try entries.piece()) }
        try entries.end()
        return (attempt, epoch, executor, pieces)
    }

    /// The same of a file that a manifest names, if it is the one that was written.
    package static func stream(
        of bytes: [UInt8], as entry: FileEntry, expand: (ArraySlice<UInt8>, Int) -> [UInt8]?
    ) throws(Failure) -> [UInt8] {
        guard UInt64(bytes.count) == entry.length, ContentHash(of: bytes) == entry.hash else {
            throw Failure(
                .stateDamaged, "\(entry.name) is not what was written: its hash differs",
                next: "restore the file from a copy; nothing older was used instead")
        }
        return try stream(of: bytes, expand: expand)
    }

    /// The raw stream of a file; `expand` undoes `compress` and knows how many bytes come out.
    package static func stream(
        of bytes: [UInt8], expand: (ArraySlice<UInt8>, Int) -> [UInt8]?
    ) throws(Failure) -> [UInt8] {
        var (reader, index) = try opened(bytes)
        _ = try reader.take(headerBytes - reader.offset)
        var stream: [UInt8] = []
        while reader.offset < index.lowerBound {
            try appendBlock(&reader, to: &stream, expand)
        }
        guard reader.offset == index.lowerBound else {
            throw reader.failure("has a block that reaches into the index")
        }
        return stream
    }

    /// A reader behind magic and version, and where the index lies, in a file whose hash is right.
    private static func opened(_ bytes: [UInt8]) throws(Failure) -> (ByteReader, Range<Int>) {
        var reader = ByteReader(bytes, of: "segment", code: .stateDamaged)
        guard try reader.take(4).elementsEqual(magic) else {
            throw reader.failure("does not begin with MRSG")
        }
        let version = try reader.u16()
        guard version == Self.version else {
            throw Failure(
                .stateVersion, "segment: version \(version), this program reads 1",
                next: "use the release that wrote it, or a newer one")
        }
        let index = try FileFooter.checked(bytes, of: "segment", magic: footerMagic)
        guard try reader.u16() == 0 else { throw reader.failure("two bytes are not zero") }
        return (reader, index)
    }

    private static func appendBlock(
        _ reader: inout ByteReader, to stream: inout [UInt8],
        _ expand: (ArraySlice<UInt8>, Int) -> [UInt8]?
    ) throws(Failure) {
        let raw = Int(try reader.u32())
        let size = Int(try reader.u32())
        let codec = try reader.u32()
        let crc = try reader.u32()
        guard raw > 0, raw <= blockBytesMax, codec <= 1 else {
            throw reader.failure("has a block of \(raw) bytes with codec \(codec)")
        }
        let stored = try reader.take(size)
        guard CRC32C.of(stored) == crc else { throw reader.failure("has a damaged block") }
        let block = codec == 0 ? Array(stored) : expand(stored, raw)
        guard let block, block.count == raw else {
            throw reader.failure("has a block that cannot be expanded to \(raw) bytes")
        }
        stream.append(contentsOf: block)
    }
}
