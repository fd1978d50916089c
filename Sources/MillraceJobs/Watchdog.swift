// SPDX-License-Identifier: Apache-2.0
// Finds calls that do not come back, and executors that do not move. Fed with what the black box
// says every 100 ms; only tasks that are inside a plugin are in it, so back-pressure is never a
// hang.
//
// A call is known by its task and the number of calls completed before it. Its age counts from
// when it was first seen here, because the start in the black box is that of the loop's turn.
// The clock is the watchdog's own: it advances by at most two intervals per look, so a supervisor
// that was itself stopped or starved does not blame the executor for it.
import MillraceCore
import MillraceGraph
import MillraceWire

package struct Watchdog: Sendable {
    package static let intervalNanoseconds: Int64 = 100_000_000
    /// Without a heartbeat for so long, nothing in the executor moves.
    package static let frozenNanoseconds: Int64 = 10_000_000_000
    /// Setting up may take some seconds (a connection), so it is reported later than a call.
    package static let setupSoftNanoseconds: Int64 = 5_000_000_000

    /// A task that is inside its plugin.
    package struct Call: Hashable, Sendable {
        package var task: Int
        package var box: BlackBoxPage

        package init(task: Int, box: BlackBoxPage) {
            self.task = task
            self.box = box
        }
    }

    package enum Finding: Hashable, Sendable {
        /// Longer than the soft limit; said once per call.
        case slow(Call, age: Int64)
        case hung(Call, age: Int64)
        case frozen(age: Int64)
    }

    private struct Seen: Hashable {
        var calls: UInt64
        var call: PluginCall
        var first: Int64
        var reported = false
    }

    private struct LimitPair {
        var soft: Int64
        var hard: Int64
    }

    /// By task of the plan.
    private let limits: [LimitPair]
    private var seen: [Int: Seen] = [:]
    private var heartbeat: Int64 = 0
    private var heartbeatSeen: Int64 = 0
    /// Nanoseconds of attention so far.
    private var clock: Int64 = 0
    private var last: Int64?

    package init(plan: Plan) {
        limits = plan.nodes.flatMap { node in
            Array(
                repeating: LimitPair(soft: node.watchdogSoft, hard: node.watchdogHard),
                count: node.parallelism)
        }
    }

    /// How long it has looked, in nanoseconds of its own clock.
    package var watched: Int64 { clock }

    /// `heartbeat` as in the process page; 0 before the first. `isOpen`: the executor is past
    /// loading, which may keep it from beating.
    package mutating func look(
        calls: [Call], heartbeat: Int64, isOpen: Bool, now: Int64
    ) -> [Finding] {
        clock += min(max(now - (last ?? now), 0), 2 * Self.intervalNanoseconds)
        last = now
        var findings: [Finding] = []
        var current: [Int: Seen] = [:]
        for call in calls where limits.indices.contains(call.task) {
            var entry = Seen(calls: call.box.calls, call: call.box.call, first: clock)
            if let old = seen[call.task], old.calls == entry.calls, old.call == entry.call {
                entry = old
            }
            let age = clock - entry.first
            let limit = limit(of: call)
            if age >= limit.hard {
                findings.append(.hung(call, age: age))
            } else if age >= limit.soft, !entry.reported {
                entry.reported = true
                findings.append(.slow(call, age: age))
            }
            current[call.task] = entry
        }
        seen = current
        if heartbeat != self.heartbeat {
            self.heartbeat = heartbeat
            heartbeatSeen = clock
        }
        let patience = isOpen ? Self.frozenNanoseconds : Limits.setupNanoseconds
        if clock - heartbeatSeen >= patience {
            findings.append(.frozen(age: clock - heartbeatSeen))
        }
        return findings
    }

    private func limit(of call: Call) -> LimitPair {
        if call.box.call.isSteady { return limits[call.task] }
        return LimitPair(soft: Self.setupSoftNanoseconds, hard: Limits.setupNanoseconds)
    }
}
