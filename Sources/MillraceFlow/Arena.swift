// SPDX-License-Identifier: Apache-2.0
import CMillraceRuntime
import MillraceCore
import MillraceSystem

/// The memory that records lie in: one shared mapping, cut into blocks, each port with a quota
/// of its own. Rules: `arena.c`.
@safe package struct Arena: @unchecked Sendable {
    // SAFETY(handle): lives in the pool and in a mapping that is never undone.
    let handle: OpaquePointer
    package let blockCount: Int

    /// `quotas`: blocks of each, 2...128. `spare`: blocks that anybody may borrow. The memory is
    /// allocated here, so that too little of it is MR4103 now and not a SIGBUS later.
    package init(quotas: [Int], spare: Int, pool: Pool) throws(Failure) {
        let blocks = 1 + quotas.reduce(0, +) + spare
        let memory: SharedPages
        do {
            memory = try SharedPages(name: "millrace-arena", count: blocks * Limits.blockBytes)
        } catch {
            throw error.failure(
                .outOfMemory,
                next: "set a smaller `arena`, or smaller `output_memory` of some nodes")
        }
        // SAFETY(memory): kept for ever, as the records in it may be read by any thread.
        let base = unsafe Unmanaged.passRetained(memory).takeUnretainedValue().pointer
        let space = unsafe try pool.take(mrr_arena_bytes(UInt32(blocks), UInt32(quotas.count)))
        unsafe handle = mrr_arena_make(
            space, base.assumingMemoryBound(to: UInt8.self), UInt32(blocks), UInt32(quotas.count))
        blockCount = blocks
        var first = 1
        for (number, count) in quotas.enumerated() {
            unsafe mrr_arena_quota(handle, UInt32(number), UInt32(first), UInt32(count))
            first += count
        }
        unsafe mrr_arena_spare(handle, UInt32(first))
    }

    /// Blocks that are not free now.
    package var used: Int { Int(unsafe mrr_arena_used(handle)) }
}
