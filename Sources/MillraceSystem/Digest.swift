// SPDX-License-Identifier: Apache-2.0
import CMillraceShims

/// SHA-256: the name of a file's content.
package enum Digest {
    package static let byteCount = 32

    /// 32 bytes.
    package static func sha256(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: byteCount)
        // SAFETY(digest): the call reads `count` bytes and writes 32.
        unsafe digest.withUnsafeMutableBufferPointer {
            unsafe mrshim_sha256(bytes.baseAddress, bytes.count, $0.baseAddress)
        }
        return digest
    }

    package static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        unsafe bytes.withUnsafeBytes { unsafe sha256($0) }
    }

    /// Lower-case hexadecimal.
    package static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(2 * bytes.count)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
