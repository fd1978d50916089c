// SPDX-License-Identifier: Apache-2.0
import CMillraceRuntime
import MillraceCore
import MillraceSystem

/// Zeroed memory for the objects of the data plane. It is handed out piece by piece and never
/// taken back: an executor ends as a process.
@safe package final class Pool {
    private static let chunkBytes = 1 << 20
    // SAFETY(next): points into the newest chunk, which is never unmapped; `left` bytes follow.
    private var next: UnsafeMutableRawPointer?
    private var left = 0

    package init() {}

    /// `bytes` zero bytes, aligned as every object of `mrr.h` needs it. Throws MR4103.
    @unsafe package func take(_ bytes: UInt64) throws(Failure) -> UnsafeMutableRawPointer {
        let alignment = Int(MRR_ALIGNMENT)
        let size = (Int(bytes) + alignment - 1) / alignment * alignment
        if size > left {
            let chunk = max(size, Self.chunkBytes)
            unsafe next = try Self.map(chunk)
            left = chunk
        }
        guard let piece = unsafe next else { preconditionFailure("BUG: a pool without a chunk") }
        unsafe next = piece + size
        left -= size
        return unsafe piece
    }

    /// A mapping of its own, whose pages exist once they are touched. Throws MR4103.
    @unsafe package static func map(_ bytes: Int) throws(Failure) -> UnsafeMutableRawPointer {
        do {
            return unsafe try MappedMemory(anonymous: bytes).leak()
        } catch {
            throw error.failure(.outOfMemory, next: "give the process more memory")
        }
    }
}
