// SPDX-License-Identifier: Apache-2.0
// Event time of a source's records (event_time.c), set up before anything runs.
import CMillraceRuntime

/// Reads the time of a record: what `mrr_event_time` wants to know of it.
@unsafe package struct RecordClock {
    /// 0, or what is wrong with the record was told.
    package typealias Read =
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafePointer<UInt8>?, UInt64, UnsafeMutablePointer<Int64>?
        ) -> Int32

    package var read: Read
    // SAFETY(clock): lives as long as the chain, which is for ever.
    package var clock: UnsafeMutableRawPointer

    package init(_ read: @escaping Read, _ clock: UnsafeMutableRawPointer) {
        unsafe self.read = read
        unsafe self.clock = clock
    }
}

extension ChainHandle {
    /// What its source writes gets its time; durations in nanoseconds. Before it joins a loop.
    /// Without a clock the stamps of the source count.
    @unsafe package func stamp(
        _ clock: RecordClock?, maxDelay: Int64, idleAfter: Int64, maxFuture: Int64
    ) {
        var how = unsafe mrr_event_time(
            read: clock?.read, argument: clock?.clock, max_delay: maxDelay,
            idle_after: idleAfter, max_future: maxFuture)
        unsafe mrr_chain_event_time(handle, &how)
    }
}
