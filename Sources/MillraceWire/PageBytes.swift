// SPDX-License-Identifier: Apache-2.0

/// A copy of one shared page, read by offset. Little endian.
struct PageBytes {
    static let size = 4_096

    let bytes: [UInt8]

    /// nil: not a whole page.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.size else { return nil }
        self.bytes = bytes
    }

    static let zero = PageBytes(zeroes: ())

    private init(zeroes: Void) { bytes = Array(repeating: 0, count: Self.size) }

    func u32(_ offset: Int) -> UInt32 {
        var value: UInt32 = 0
        for i in 0..<4 { value |= UInt32(bytes[offset + i]) << UInt32(8 * i) }
        return value
    }

    func u64(_ offset: Int) -> UInt64 {
        UInt64(u32(offset)) | UInt64(u32(offset + 4)) << 32
    }

    func i64(_ offset: Int) -> Int64 { Int64(bitPattern: u64(offset)) }
}
