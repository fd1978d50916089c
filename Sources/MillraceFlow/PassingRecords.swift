// SPDX-License-Identifier: Apache-2.0
// Taps: records are shown to whoever looks while they pass a task (tap.c), on the loop's thread, in
// the middle of a call.
import CMillrace
import CMillraceRuntime

/// What a task takes, or what it writes to one of its ports.
package enum TaskSide: Hashable, Sendable {
    case input
    case output(Int)

    fileprivate var port: UInt32 {
        switch self {
        case .input: MRR_TAP_INPUT
        case .output(let port): UInt32(port)
        }
    }
}

/// Records that pass one side of a task in one call.
@safe package struct PassingRecords {
    // SAFETY(raw): valid during the call that shows them; nobody keeps this longer.
    private let raw: UnsafePointer<mrr_passing>

    fileprivate init(_ raw: UnsafePointer<mrr_passing>) { unsafe self.raw = raw }

    /// Position of the task in its chain.
    package var member: Int { unsafe Int(raw.pointee.member) }
    package var side: TaskSide {
        unsafe raw.pointee.port == MRR_TAP_INPUT ? .input : .output(Int(raw.pointee.port))
    }
    /// The operator's port that they came in through; 0 for what it has written.
    package var inputPort: Int { unsafe Int(raw.pointee.input) }
    package var count: Int { unsafe Int(raw.pointee.count) }

    /// One of them. nil: its header names bytes that are no record's.
    @unsafe package subscript(at: Int) -> RawRecord? {
        var payload: UnsafePointer<UInt8>?
        guard let head = unsafe mrr_passing_at(raw, UInt32(at), &payload),
            let payload = unsafe payload
        else { return nil }
        return unsafe RawRecord(
            key: UnsafeBufferPointer(start: payload, count: Int(head.pointee.key_length)),
            value: UnsafeBufferPointer(
                start: payload + Int(head.pointee.key_length),
                count: Int(head.pointee.length) - Int(head.pointee.key_length)),
            isUnkeyed: head.pointee.flags & UInt16(MR_REC_UNKEYED) != 0,
            eventTime: head.pointee.event_time == .min ? nil : head.pointee.event_time,
            trace: head.pointee.trace)
    }
}

/// A record where it lies, during the call that shows it.
@unsafe package struct RawRecord {
    package var key: UnsafeBufferPointer<UInt8>
    package var value: UnsafeBufferPointer<UInt8>
    package var isUnkeyed: Bool
    /// Nanoseconds since 1970; nil: it has no event time.
    package var eventTime: Int64?
    package var trace: UInt32
}

/// Looks at records while they pass.
package protocol RecordWatcher: AnyObject, Sendable {
    /// Answers until when it needs to see no more of this side; monotonic ns. On the loop's thread.
    func pass(_ records: PassingRecords, now: Int64) -> Int64
}

private final class WatcherBox: Sendable {
    let watcher: any RecordWatcher

    init(_ watcher: any RecordWatcher) { self.watcher = watcher }
}

extension ChainHandle {
    /// Who is shown what passes the open sides of its tasks. Before it joins a loop; for ever.
    package func onTap(_ watcher: any RecordWatcher) {
        // SAFETY(box): retained for ever, as the chain is.
        let box = unsafe Unmanaged.passRetained(WatcherBox(watcher)).toOpaque()
        unsafe mrr_chain_on_tap(
            handle,
            { argument, passing, now in
                guard let argument = unsafe argument, let passing = unsafe passing else {
                    return .max
                }
                let box = unsafe Unmanaged<WatcherBox>.fromOpaque(argument).takeUnretainedValue()
                return unsafe box.watcher.pass(PassingRecords(passing), now: now)
            }, box)
    }
}

extension TaskHandle {
    /// Opens or shuts a side. Any thread, one at a time.
    package func tap(_ side: TaskSide, isOpen: Bool) {
        unsafe mrr_task_tap(handle, side.port, isOpen ? 1 : 0)
    }

    /// Records that have passed the side whenever it was open. Any thread.
    package func passed(_ side: TaskSide) -> UInt64 {
        unsafe mrr_task_passed(handle, side.port)
    }
}
