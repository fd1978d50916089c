// SPDX-License-Identifier: Apache-2.0
// The last 48 bytes of manifests and segments, little endian:
//
//     0   u64   offset of the index: what the reader looks at first
//     8   u64   its length; it ends where the footer begins
//    16   16 B  XXH3-128 of the file up to the footer
//    32   u64   0
//    40   u32   CRC-32C of the 40 bytes before
//    44   4 B   magic of the format
//
// The checksum tells a damaged footer from a damaged file: only then the hash is worth computing.
import MillraceCore

enum FileFooter {
    static let bytes = 48

    /// The range of the index in `file`, after its footer and its hash have been found right.
    static func checked(
        _ file: [UInt8], of what: StaticString, magic: [UInt8]
    ) throws(Failure) -> Range<Int> {
        let start = file.count - bytes
        var reader = ByteReader(file[max(0, start)...], of: what, code: .stateDamaged)
        guard start >= 0 else { throw reader.failure("too short for a footer") }
        let offset = try reader.u64()
        let length = try reader.u64()
        let hash = try reader.hash()
        let zero = try reader.u64()
        let checksum = try reader.u32()
        guard try reader.take(4).elementsEqual(magic) else {
            throw reader.failure("its footer has another magic")
        }
        guard checksum == CRC32C.of(file[start..<start + 40]), zero == 0 else {
            throw reader.failure("the checksum of its footer is wrong")
        }
        guard offset <= UInt64(start), length == UInt64(start) - offset else {
            throw reader.failure("its index does not lie before its footer")
        }
        guard hash == ContentHash(of: file[..<start]) else {
            throw reader.failure("its hash is wrong")
        }
        return Int(offset)..<start
    }
}

extension ByteWriter {
    /// Ends the file: everything from `index` on is its index.
    mutating func footer(index: Int, magic: [UInt8]) {
        let start = bytes.count
        let hash = ContentHash(of: bytes)
        u64(UInt64(index))
        u64(UInt64(start - index))
        self.hash(hash)
        u64(0)
        u32(CRC32C.of(bytes[start..<start + 40]))
        raw(magic)
    }
}
