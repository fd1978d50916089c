// SPDX-License-Identifier: Apache-2.0
import CMillraceRuntime
import MillraceCore

/// A lane between two tasks, before and after it is attached to both. Its words belong to
/// `lane.c`; there is nothing to do with it here but to attach it, and to ask at barriers.
@safe package struct Lane: @unchecked Sendable {
    // SAFETY(handle): lives in the pool.
    let handle: OpaquePointer

    /// `queue` slots, a power of two.
    package init(queue: Int, pool: Pool) throws(Failure) {
        precondition(queue > 0 && queue & (queue - 1) == 0, "BUG: queue \(queue)")
        let space = unsafe try pool.take(mrr_lane_bytes(UInt32(queue)))
        unsafe handle = mrr_lane_make(space, UInt32(queue))
    }

    /// Records written so far. At a barrier, on the producer's loop.
    package var sent: UInt64 { unsafe mrr_lane_sent(handle) }
    /// Records taken so far. At a barrier, on the consumer's loop.
    package var received: UInt64 { unsafe mrr_lane_received(handle) }
    /// The newest watermark the consumer took; on its loop.
    package var watermark: Int64 { unsafe mrr_lane_watermark(handle) }

    /// Before anything runs: it goes on from there.
    package func resume(at position: UInt64, watermark: Int64) {
        unsafe mrr_lane_resume(handle, position, watermark)
    }
}
