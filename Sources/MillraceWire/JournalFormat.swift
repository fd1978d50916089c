// SPDX-License-Identifier: Apache-2.0
// An ingress journal: what a source has taken from outside and cannot ask for again. One for each
// instance of its node, in the job's folder, cut into segments:
//
//     journal/<node>/<instance>/lock             held by the executor that writes here
//                               <20 digits>.jnl  the bytes themselves from that position on, and
//                                                nothing else
//                               <20 digits>.sum  what they should be
//
// A position counts the bytes that have come in since the job began. The bytes stand alone so that
// the kernel can move them from a pipe to the file: its size is how many have come. What is known
// about them is in the other file, little endian. First a header of 24 bytes:
//
//     0   4 B   "MRJS"
//     4   u32   version, 1
//     8   u64   position of the first byte of the segment: the digits of its name
//    16   u32   0
//    20   u32   CRC-32C of the 20 bytes before
//
// then entries of 20 bytes:
//
//     0   u64   position behind the range; it begins where the one before it ended
//     8   u32   CRC-32C of its bytes; 0 for an end
//    12   u32   kind: 1 a range, 2 the input has ended here
//    16   u32   CRC-32C of the 16 bytes before
//
// Entries follow the bytes that they are about. So a writer that dies leaves: bytes behind the last
// range, which are believed; a part of a header or of an entry, which is cut; files without a byte.
// Everything else is damage: another sum, a range that goes on behind the bytes, a second end, a
// segment that does not begin where the one before it ends.
//
// Reader: from the segment that the position of the checkpoint lies in to the last one, which grows
// on. Segments are removed by the supervisor, the bytes first, when no checkpoint that is kept
// lies before their end.
import MillraceCore

package enum JournalFormat {
    package static let folder = "journal"
    package static let headerBytes = 24
    package static let entryBytes = 20
    private static let magic = Array("MRJS".utf8)
    private static let version: UInt32 = 1

    package static let bytesSuffix = ".jnl"
    package static let sumsSuffix = ".sum"

    /// The folder of an instance, relative to the job's folder.
    package static func folder(node: String, instance: String) -> String {
        "\(folder)/\(node)/\(instance)"
    }

    /// The name of a segment without its suffix.
    package static func name(_ first: UInt64) -> String {
        let text = String(first)
        return String(repeating: "0", count: 20 - text.count) + text
    }

    /// Where the segment of one of its files begins; nil: it is another file.
    package static func first(of name: String) -> UInt64? {
        first(of: name, suffix: bytesSuffix) ?? first(of: name, suffix: sumsSuffix)
    }

    package static func first(of name: String, suffix: String) -> UInt64? {
        guard name.hasSuffix(suffix), name.utf8.count == 20 + suffix.utf8.count else { return nil }
        return UInt64(name.dropLast(suffix.count))
    }

    package enum Entry: Hashable, Sendable {
        /// Bytes up to a position, and their CRC-32C.
        case range(end: UInt64, sum: UInt32)
        case end(UInt64)

        package var bytes: [UInt8] {
            var writer = ByteWriter(capacity: entryBytes)
            switch self {
            case .range(let end, let sum):
                writer.u64(end)
                writer.u32(sum)
                writer.u32(1)
            case .end(let position):
                writer.u64(position)
                writer.u32(0)
                writer.u32(2)
            }
            writer.u32(CRC32C.of(writer.bytes))
            return writer.bytes
        }
    }

    package static func header(_ first: UInt64) -> [UInt8] {
        var writer = ByteWriter(capacity: headerBytes)
        writer.raw(magic)
        writer.u32(version)
        writer.u64(first)
        writer.u32(0)
        writer.u32(CRC32C.of(writer.bytes))
        return writer.bytes
    }

    /// The whole entries of a file of sums; what is behind them is cut. Throws MR6004 for damage,
    /// MR6101 for another version.
    package static func entries(
        _ bytes: [UInt8], first: UInt64
    ) throws(Failure) -> [Entry] {
        guard bytes.count >= headerBytes else { return [] }
        var reader = ByteReader(bytes, of: "journal", code: .stateDamaged)
        guard try reader.take(4).elementsEqual(magic) else {
            throw reader.failure("has another magic")
        }
        let found = try reader.u32()
        let position = try reader.u64()
        let zero = try reader.u32()
        guard try reader.u32() == CRC32C.of(bytes[..<20]), zero == 0 else {
            throw reader.failure("the checksum of its header is wrong")
        }
        guard found == version else {
            throw Failure(
                .stateVersion, "a journal of version \(found), this program reads \(version)",
                next: "use the release that wrote it")
        }
        guard position == first else { throw reader.failure("is of another segment") }
        var entries: [Entry] = []
        var end = first
        while reader.left >= entryBytes {
            let entry = try entry(&reader, bytes)
            switch (entry, entries.last) {
            case (_, .end): throw reader.failure("goes on behind its end")
            case (.range(let next, _), _) where next > end: end = next
            case (.end(let last), _) where last == end: break
            case (.range, _), (.end, _): throw reader.failure("a range ends before it begins")
            }
            entries.append(entry)
        }
        return entries
    }

    private static func entry(
        _ reader: inout ByteReader, _ bytes: [UInt8]
    ) throws(Failure) -> Entry {
        let start = reader.offset
        let end = try reader.u64()
        let sum = try reader.u32()
        let kind = try reader.u32()
        guard try reader.u32() == CRC32C.of(bytes[start..<start + 16]) else {
            throw reader.failure("the checksum of an entry is wrong")
        }
        switch kind {
        case 1: return .range(end: end, sum: sum)
        case 2 where sum == 0: return .end(end)
        default: throw reader.failure("an entry is of kind \(kind)")
        }
    }
}
