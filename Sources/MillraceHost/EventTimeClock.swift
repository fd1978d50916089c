// SPDX-License-Identifier: Apache-2.0
import CMillraceExpression
import CMillraceRuntime
import MillraceCore
import MillraceFlow
import MillraceGraph

extension ChainHandle {
    /// Records of its source, which is `task`, get their time so. Before it joins a loop. Throws
    /// MR2504 for a field that is no path.
    package func stamp(
        _ time: PlannedEventTime, of task: TaskHandle, node: String
    ) throws(Failure) {
        var clock: RecordClock?
        if let field = time.field {
            unsafe clock = try EventTimeClock.make(field, unit: time.unit, of: task, node: node)
        }
        unsafe stamp(
            clock, maxDelay: time.maxDelay, idleAfter: time.idleAfter,
            maxFuture: time.maxFuture)
    }
}

private enum EventTimeClock {
    // SAFETY(clock): never released, as the chain that has it lives for ever.
    static func make(
        _ field: String, unit: PlannedEventTime.Unit, of task: TaskHandle, node: String
    ) throws(Failure) -> RecordClock {
        var fault = mrx_fault()
        guard let path = unsafe ExpressionCheck.compile(field, .path, &fault) else {
            throw Failure(
                .expressionSyntax, node: node, "event_time.field: `\(field)` is no path",
                next: "name a field, such as `ts` or `meta.created`")
        }
        guard
            let clock = unsafe mrx_clock_make(
                path, unit.nanoseconds, task.context, mrr_host_set_error)
        else {
            throw Failure(.outOfMemory, node: node, "no memory to read `\(field)` with")
        }
        return unsafe RecordClock(mrx_clock_read, UnsafeMutableRawPointer(clock))
    }
}
