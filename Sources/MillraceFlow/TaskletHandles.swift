// SPDX-License-Identifier: Apache-2.0
// Handles of the objects in mrr.h. Each names something that lives in a pool for the life of the
// process; who may call what is said in the header.
import CMillrace
import CMillraceRuntime
import MillraceCore
import MillraceSystem

/// What an operator instance looks like from the data plane.
@safe package struct TaskHandle: @unchecked Sendable {
    // SAFETY(handle, context): live in the pool.
    let handle: OpaquePointer
    private let contextHandle: OpaquePointer
    /// Number of the task in the plan.
    package let number: Int

    package init(
        number: Int, ports: Int, inputLanes: Int, pages: TaskPages, pool: Pool
    ) throws(Failure) {
        let shape = mrr_task_shape(ports: UInt32(ports), input_lanes: UInt32(inputLanes))
        unsafe contextHandle = mrr_context_make(
            try pool.take(mrr_context_bytes()), UInt64(number), UInt64(number) + 1)
        unsafe handle = mrr_task_make(
            try pool.take(mrr_task_bytes(shape)), shape, pages.cells(of: number),
            pages.box(of: number), contextHandle)
        self.number = number
    }

    /// An end of a wire: no task of the plan, so nobody else sees its pages.
    package init(wireEnd number: Int, ports: Int, inputLanes: Int, pool: Pool) throws(Failure) {
        let shape = mrr_task_shape(ports: UInt32(ports), input_lanes: UInt32(inputLanes))
        unsafe contextHandle = mrr_context_make(
            try pool.take(mrr_context_bytes()), UInt64(number), UInt64(number) + 1)
        let cells = unsafe try pool.take(UInt64(MRR_PAGE)).assumingMemoryBound(to: mrr_cells.self)
        let box = unsafe try pool.take(UInt64(MRR_PAGE)).assumingMemoryBound(to: mrr_box.self)
        unsafe handle = mrr_task_make(
            try pool.take(mrr_task_bytes(shape)), shape, cells, box, contextHandle)
        self.number = number
    }

    @unsafe package var context: OpaquePointer { unsafe contextHandle }

    /// `lane` is the task's input lane `index`, at input port `port`.
    package func input(_ index: Int, _ lane: Lane, port: Int) {
        unsafe mrr_task_input(handle, UInt32(index), lane.handle, UInt32(port))
    }

    @unsafe package func out(_ port: Int) -> UnsafeMutablePointer<mr_out> {
        unsafe mrr_task_out(handle, UInt32(port))
    }

    /// The operator that is called from now on. The tables live for ever.
    @unsafe package func run(
        _ operation: UnsafePointer<mr_operator>, source: UnsafePointer<mr_source>?,
        instance: UnsafeMutableRawPointer?, batchLimit: Int
    ) {
        unsafe mrr_task_operator(handle, operation, source, instance, UInt32(batchLimit))
    }

    /// Keyed state of its operator, before records flow.
    package func attach(_ state: KeyedState) {
        unsafe mrr_context_keyed(contextHandle, state.handle)
    }

    /// What the operator said last about a failure; empty when it said nothing.
    package var errorText: String { unsafe contextErrorText(contextHandle) }

    /// Records it has taken, or given as a source, whether it wants no more, and its dead letters.
    package struct Position: Hashable, Sendable {
        package var taken: UInt64
        package var isDone: Bool
        package var refused: UInt64
        /// Those of them that were taken out before the operator saw them.
        package var quarantined: UInt64

        package init(
            taken: UInt64, isDone: Bool, refused: UInt64 = 0, quarantined: UInt64 = 0
        ) {
            self.taken = taken
            self.isDone = isDone
            self.refused = refused
            self.quarantined = quarantined
        }
    }

    /// At a barrier.
    package var position: Position {
        let raw = unsafe mrr_task_where(handle)
        return Position(
            taken: raw.taken, isDone: raw.done != 0, refused: raw.refused,
            quarantined: raw.quarantined)
    }

    /// Runs `body`, a call into the plugin, with its line in the black box.
    package func stamped<Result>(
        _ call: PluginCall, on loop: LoopHandle, now: Int64, _ body: () -> Result
    ) -> Result {
        unsafe mrr_box_enter(loop.handle, handle, call.rawValue, now)
        defer { unsafe mrr_box_leave(loop.handle, handle) }
        return body()
    }
}

/// A context that belongs to no task: of a partitioner.
@safe package struct LooseContext: @unchecked Sendable {
    private let handle: OpaquePointer

    package init(number: Int, pool: Pool) throws(Failure) {
        unsafe handle = mrr_context_make(
            try pool.take(mrr_context_bytes()), UInt64(number), UInt64(number) + 1)
    }

    @unsafe package var pointer: OpaquePointer { unsafe handle }
    package var errorText: String { unsafe contextErrorText(handle) }
}

private func contextErrorText(_ context: OpaquePointer) -> String {
    var status = MR_OK
    var text = [UInt8](repeating: 0, count: 4_096)
    // SAFETY(text): the call writes at most what it is told there is room for.
    let size = unsafe text.withUnsafeMutableBytes {
        unsafe mrr_context_error(
            context, $0.baseAddress?.assumingMemoryBound(to: CChar.self), UInt32($0.count),
            &status)
    }
    return String(decoding: text[..<Int(size)], as: UTF8.self)
}

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

        package init(watermark: Int64, hasEnded: Bool, stopped: Int) {
            self.watermark = watermark
            self.hasEnded = hasEnded
            self.stopped = stopped
        }
    }

    /// At a barrier.
    package var position: Position {
        let raw = unsafe mrr_chain_where(handle)
        return Position(
            watermark: raw.watermark, hasEnded: raw.ended != 0, stopped: Int(raw.stopped))
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
                    stopped: UInt32(position.stopped)), $0.baseAddress)
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

/// One loop: what its thread turns.
@safe package struct LoopHandle: @unchecked Sendable {
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
