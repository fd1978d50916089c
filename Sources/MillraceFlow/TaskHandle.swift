// SPDX-License-Identifier: Apache-2.0
// Handles of the objects in mrr.h. Each names something that lives in a pool for the life of the
// process; who may call what is said in the header.
import CMillrace
import CMillraceRuntime
import MillraceCore

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
