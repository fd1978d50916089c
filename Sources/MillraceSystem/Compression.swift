// SPDX-License-Identifier: Apache-2.0
import CMillraceShims

/// zstd at its fastest level.
package enum Compression {
    /// nil: it does not get smaller.
    package static func compressed(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
        // SAFETY(buffers): the call writes at most the room it is told, and reads the slice only.
        let packed = unsafe [UInt8](unsafeUninitializedCapacity: bytes.count) { buffer, count in
            count = unsafe bytes.withUnsafeBytes {
                unsafe mrshim_compress($0.baseAddress, $0.count, buffer.baseAddress, buffer.count)
            }
        }
        return packed.isEmpty ? nil : packed
    }

    /// nil: not what `compressed` gave, or not `size` bytes.
    package static func expanded(_ bytes: ArraySlice<UInt8>, size: Int) -> [UInt8]? {
        let raw = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            count = unsafe bytes.withUnsafeBytes {
                unsafe mrshim_expand($0.baseAddress, $0.count, buffer.baseAddress, buffer.count)
            }
        }
        return raw.count == size ? raw : nil
    }
}
