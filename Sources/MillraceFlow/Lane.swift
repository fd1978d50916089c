// SPDX-License-Identifier: Apache-2.0
import CMillraceRuntime
import MillraceCore

/// What the watermark of a lane counts for (control.c).
package enum LaneActivity: UInt32, Sendable {
    case active = 0
    /// It holds nobody's time up.
    case idle = 1
    /// Back from that, and behind the time of its task.
    case lagging = 2
}

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

    /// What the watermark counts for; on the consumer's loop.
    package var time: LaneActivity {
        LaneActivity(rawValue: unsafe mrr_lane_time(handle)) ?? .active
    }

    /// Before anything runs: it goes on from there.
    package func resume(
        at position: UInt64, watermark: Int64, time: LaneActivity = .active
    ) {
        unsafe mrr_lane_resume(handle, position, watermark, time.rawValue)
    }
}
