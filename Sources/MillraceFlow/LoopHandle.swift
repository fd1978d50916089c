// SPDX-License-Identifier: Apache-2.0
import CMillraceRuntime
import MillraceCore
import MillraceSystem

/// One loop: what its thread turns.
@safe package struct LoopHandle: @unchecked Sendable {
    // SAFETY(handle): lives in the pool.
    let handle: OpaquePointer

    /// `spin`: nanoseconds without work after which a chain is left alone.
    package init(chains: Int, spin: Int64, pool: Pool) throws(Failure) {
        let count = UInt32(max(chains, 1))
        unsafe handle = mrr_loop_make(try pool.take(mrr_loop_bytes(count)), count, spin)
    }

    package struct Turn: Sendable {
        package var moved: Bool
        /// Something is still looked at: turn again.
        package var active: Bool
        package var ended: Bool
        /// A call was put off: ask `nextPutOff`.
        package var noted: Bool
        /// When a chain wants to be stepped again; monotonic ns.
        package var due: Int64
    }

    package func turn(now: Int64) -> Turn {
        var due: Int64 = 0
        let flags = unsafe mrr_loop_turn(handle, now, &due)
        return Turn(
            moved: flags & UInt32(MRR_TURN_MOVED) != 0,
            active: flags & UInt32(MRR_TURN_ACTIVE) != 0,
            ended: flags & UInt32(MRR_TURN_ENDED) != 0,
            noted: flags & UInt32(MRR_TURN_NOTED) != 0, due: due)
    }

    /// Wall clock minus monotonic clock, for state that expires. On the loop's thread.
    package func wall(offset: Int64) { unsafe mrr_loop_wall(handle, offset) }

    /// The next chain that ended and was not asked for yet.
    package func nextEnded() -> ChainHandle? {
        unsafe mrr_loop_ended(handle).map { unsafe ChainHandle($0) }
    }

    /// The next chain with a call that its operator put off, and the member it is; each call is
    /// told when it begins to wait and when that lasts.
    package func nextPutOff() -> (chain: ChainHandle, member: Int)? {
        var member: UInt32 = 0
        guard let chain = unsafe mrr_loop_noted(handle, &member) else { return nil }
        return unsafe (ChainHandle(chain), Int(member))
    }

    /// Says that the thread will sleep; false: there is something to do.
    package func doze() -> Bool { unsafe mrr_loop_doze(handle) != 0 }
    package func awake() { unsafe mrr_loop_awake(handle) }
    /// Any thread: wakes the loop's.
    package func poke() { unsafe mrr_loop_poke(handle) }

    /// The word the thread sleeps on, while it is 1.
    @unsafe package var word: UnsafeMutablePointer<UInt32> { unsafe mrr_loop_word(handle) }

    /// What `poke` and everything that makes a chain ready calls once the thread sleeps.
    @unsafe package func waker(
        _ wake: @convention(c) (UnsafeMutableRawPointer?) -> Void,
        _ argument: UnsafeMutableRawPointer?
    ) {
        unsafe mrr_loop_waker(handle, wake, argument)
    }

    /// Where the fault handler finds the black-box page of the running task.
    @unsafe package var currentBox: UnsafePointer<UnsafeMutableRawPointer?> {
        unsafe UnsafeRawPointer(mrr_loop_current(handle))
            .assumingMemoryBound(to: UnsafeMutableRawPointer?.self)
    }
}

// MARK: - sleeping

extension LoopHandle {
    /// From now on the thread sleeps on the loop's word.
    package func sleepOnFutex() {
        unsafe waker(
            { unsafe Futex.wake($0?.assumingMemoryBound(to: UInt32.self)) },
            UnsafeMutableRawPointer(word))
    }

    /// From now on the thread sleeps in `poller`, which has to live for ever.
    package func sleepIn(_ poller: Poller) {
        // SAFETY(poller): retained for ever, as late wake-ups may come from any thread.
        let kept = unsafe Unmanaged.passRetained(poller).toOpaque()
        unsafe waker(
            {
                unsafe $0.map {
                    unsafe Unmanaged<Poller>.fromOpaque($0).takeUnretainedValue().wake()
                }
            },
            kept)
    }

    /// After `doze`: until it is woken, or for `nanoseconds`; below 0: no limit.
    package func sleep(nanoseconds: Int64) {
        _ = unsafe Futex.wait(word, 1, nanoseconds)
    }
}

extension Fault {
    /// Handlers that stamp the black box of this process, which has to live for ever.
    package static func install(_ blackBox: SharedPages) throws(SystemError) {
        // SAFETY(page): retained for ever, as a signal may come until the end.
        let page = unsafe Unmanaged.passRetained(blackBox).takeUnretainedValue().pointer
        unsafe try install(processPage: page)
    }

    /// The calling thread is a loop's: what it runs is what the loop says.
    package static func register(loop: LoopHandle) throws(Failure) {
        do {
            unsafe try register(currentBox: loop.currentBox)
        } catch {
            throw error.failure(.outOfMemory)
        }
    }
}
