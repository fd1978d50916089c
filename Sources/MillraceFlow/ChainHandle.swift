// SPDX-License-Identifier: Apache-2.0
import CMillrace
import CMillraceRuntime
import MillraceCore

/// What happens at a chain's barriers, on its loop's thread.
package protocol BarrierTaker: AnyObject, Sendable {
    /// Everything before the barrier is through, nothing behind it. False gives the epoch up.
    func freeze(_ epoch: UInt64) -> Bool
    /// A newer barrier came before all lanes had shown this one.
    func superseded(_ epoch: UInt64)
}

private final class BarrierBox: Sendable {
    let taker: any BarrierTaker

    init(_ taker: any BarrierTaker) { self.taker = taker }
}

/// Tasks that call each other directly, stepped as one.
@safe package struct ChainHandle: @unchecked Sendable, Equatable {
    // SAFETY(handle): lives in the pool.
    let handle: OpaquePointer

    init(_ handle: OpaquePointer) { unsafe self.handle = handle }

    /// `outputs`: lanes that leave the last member.
    package init(
        _ members: [TaskHandle], outputs: Int, arena: Arena, pool: Pool
    ) throws(Failure) {
        let space = unsafe try pool.take(
            mrr_chain_bytes(UInt32(members.count), UInt32(outputs)))
        let handles = unsafe members.map { unsafe Optional($0.handle) }
        // SAFETY(handles): copied by the call.
        unsafe handle = handles.withUnsafeBufferPointer {
            unsafe mrr_chain_make(
                space, arena.handle, $0.baseAddress, UInt32($0.count), UInt32(outputs))
        }
    }

    package static func == (a: ChainHandle, b: ChainHandle) -> Bool {
        unsafe a.handle == b.handle
    }

    /// How far the end of its input has come, and the newest watermark it passed on.
    package struct Position: Hashable, Sendable {
        package var watermark: Int64
        package var hasEnded: Bool
        /// So many of its members need not be stopped again.
        package var stopped: Int
        /// It holds nobody's time up.
        package var isIdle: Bool

        package init(watermark: Int64, hasEnded: Bool, stopped: Int, isIdle: Bool = false) {
            self.watermark = watermark
            self.hasEnded = hasEnded
            self.stopped = stopped
            self.isIdle = isIdle
        }
    }

    /// At a barrier.
    package var position: Position {
        let raw = unsafe mrr_chain_where(handle)
        return Position(
            watermark: raw.watermark, hasEnded: raw.ended != 0, stopped: Int(raw.stopped),
            isIdle: raw.idle != 0)
    }

    /// Before it joins a loop, after its input lanes were resumed: it goes on from there.
    package func resume(_ position: Position, members: [TaskHandle.Position]) {
        let raw = members.map {
            mrr_task_position(
                taken: $0.taken, done: $0.isDone ? 1 : 0, reserved0: 0, refused: $0.refused,
                quarantined: $0.quarantined)
        }
        // SAFETY(raw): copied by the call; the chain has as many members.
        unsafe raw.withUnsafeBufferPointer {
            unsafe mrr_chain_resume(
                handle,
                mrr_chain_position(
                    watermark: position.watermark, ended: position.hasEnded ? 1 : 0,
                    stopped: UInt32(position.stopped), idle: position.isIdle ? 1 : 0,
                    reserved0: 0), $0.baseAddress)
        }
    }

    package func join(_ loop: LoopHandle) { unsafe mrr_chain_join(handle, loop.handle) }
    /// Any thread.
    package func wake() { unsafe mrr_chain_wake(handle) }
    /// Any thread.
    package func drain() { unsafe mrr_chain_drain(handle) }
    /// Any thread: a source begins this epoch at its next step.
    package func barrier(_ epoch: UInt64) { unsafe mrr_chain_barrier(handle, epoch) }
    /// Any thread: epochs up to this one come to nothing.
    package func giveUp(_ epoch: UInt64) { unsafe mrr_chain_give_up(handle, epoch) }
    /// Any thread: a source is not asked for records any more; barriers still pass it.
    package func halt() { unsafe mrr_chain_halt(handle) }

    /// Who freezes the chain's operators at barriers. Before it joins a loop; for ever.
    package func onBarrier(_ taker: any BarrierTaker) {
        // SAFETY(box): retained for ever, as the chain is.
        let box = unsafe Unmanaged.passRetained(BarrierBox(taker)).toOpaque()
        unsafe mrr_chain_on_barrier(
            handle,
            { argument, what, epoch in
                guard let argument = unsafe argument else { return 1 }
                let box = unsafe Unmanaged<BarrierBox>.fromOpaque(argument).takeUnretainedValue()
                guard what == UInt32(MRR_FREEZE_TAKE) else {
                    box.taker.superseded(epoch)
                    return 0
                }
                return box.taker.freeze(epoch) ? 0 : 1
            }, box)
    }

    package var hasFailed: Bool {
        unsafe mrr_chain_state(handle) == UInt32(MRR_CHAIN_HAS_FAILED)
    }

    package struct Fault: Sendable {
        /// Position in the chain.
        package var member: Int
        /// What the operator answered; 0 when the host refused what it did.
        package var status: Int32
        package var violation: Violation
        package var sequence: UInt64
        package var lane: Int
        package var count: Int
        /// Position of the refused record in its batch.
        package var record: Int

        package var isOfRecord: Bool { status == MR_E_DATA.rawValue }
        package var isOutOfMemory: Bool { status == MR_E_NOMEM.rawValue }

        package enum Violation: UInt32, Sendable {
            case none, window, consumed, status, staging, declared, wire
        }
    }

    package var fault: Fault {
        let raw = unsafe mrr_chain_failure(handle)
        return Fault(
            member: Int(raw.member), status: raw.status.rawValue,
            violation: Fault.Violation(rawValue: raw.violation) ?? .none, sequence: raw.sequence,
            lane: Int(raw.lane), count: Int(raw.count), record: Int(raw.record))
    }
}
