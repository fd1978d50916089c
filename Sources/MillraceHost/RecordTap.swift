// SPDX-License-Identifier: Apache-2.0
// A tap: copies of a few of the records that pass, kept until somebody asks for them.
//
// Loops bring records, whoever looks takes copies; nobody waits for anybody. What there is too much
// of passes by: beyond the wished rate, beyond the bytes that may wait, and beyond a fiftieth of
// the time of a task, which is what testing a condition and copying may take.
import MillraceCore
import MillraceFlow
import MillraceSystem
import MillraceWire
import Synchronization

package final class RecordTap: Sendable {
    /// A copy, as it lay in memory.
    package struct Copy: Sendable {
        package var task: Int
        package var port: Int
        package var at: Int64
        package var time: Int64?
        package var key: [UInt8]?
        /// Its beginning, where it is very long.
        package var value: [UInt8]
        package var size: Int
        package var trace: UInt32

        fileprivate var bytes: Int { value.count + (key?.count ?? 0) }
    }

    /// What has come since the last time.
    package struct Haul: Sendable {
        package var copies: [Copy] = []
        /// Since the tap began: records that the condition was asked about, those for which it came
        /// to nothing, and why the last one did.
        package var examined: UInt64 = 0
        package var undecided: UInt64 = 0
        package var reason: String?
    }

    private struct State {
        var haul = Haul()
        var bytes = 0
        /// A second's records may come at once: a slow stream is shown whole.
        var pace = Pace(burst: 1_000_000_000)
    }

    private let interval: Int64
    private let condition: String?
    private let state = Mutex(State())

    package init(perSecond: Int, condition: String?) {
        interval = 1_000_000_000 / Int64(min(max(perSecond, 1), Limits.tapPerSecondMax))
        self.condition = condition
    }

    /// For one task. nil: the condition cannot be read.
    package func probe(task: Int) -> TapProbe? { TapProbe(self, task: task, condition) }

    /// Any thread.
    package func take() -> Haul {
        state.withLock { state in
            defer {
                state.haul.copies = []
                state.bytes = 0
            }
            return state.haul
        }
    }

    /// How many records may be copied now; 0: when to ask again.
    fileprivate func room(now: Int64) -> (records: Int, due: Int64) {
        state.withLock { state in
            let free = state.pace.free(now: now)
            // What waits was not asked for: whoever looks is slow.
            guard state.bytes < Limits.tapPendingBytes,
                state.haul.copies.count < Limits.tapPerSecondMax
            else { return (0, .max) }
            return (max(0, Int(free / interval)), state.pace.due(interval))
        }
    }

    fileprivate func keep(_ copies: [Copy]) {
        state.withLock { state in
            for copy in copies where state.bytes < Limits.tapPendingBytes {
                state.bytes += copy.bytes
                state.haul.copies.append(copy)
                state.pace.spend(interval)
            }
        }
    }

    fileprivate func count(examined: Int, undecided: Int, _ reason: String?) {
        state.withLock { state in
            state.haul.examined += UInt64(examined)
            state.haul.undecided += UInt64(undecided)
            if let reason { state.haul.reason = reason }
        }
    }
}

/// The end of a tap at one task, on its loop's thread.
package final class TapProbe: Sendable {
    private struct State {
        var condition: RecordCondition?
        /// What looking may take: a millisecond at once, a fiftieth in the long run.
        var pace = Pace(burst: 1_000_000 * Limits.tapTimeShare)
        var chance: UInt64
    }

    /// Records of one call that the condition is asked about.
    private static let examinedMax = 1_024

    private let tap: RecordTap
    private let task: Int
    private let state: Mutex<State>

    fileprivate init?(_ tap: RecordTap, task: Int, _ text: String?) {
        self.tap = tap
        self.task = task
        let condition = text.flatMap { RecordCondition($0) }
        guard condition != nil || text == nil else { return nil }
        state = Mutex(State(condition: condition, chance: UInt64(task)))
    }

    /// Answers until when it needs to see no more; monotonic ns.
    package func look(_ records: PassingRecords, now: Int64) -> Int64 {
        let room = tap.room(now: now)
        guard room.records > 0 else { return room.due }
        return state.withLock { state in
            guard state.pace.free(now: now) >= 0 else { return state.pace.due(0) }
            let began = ThreadClock.now()
            let found = candidates(records, &state)
            let wanted = min(room.records, found.count)
            // One from each stretch: a batch may begin in a way that the rest of it does not.
            let shift = found.isEmpty ? 0 : Int(Self.next(&state.chance) % UInt64(found.count))
            let chosen = (0..<wanted).map { found[($0 * found.count + shift) / wanted] }
            tap.keep(chosen.compactMap { copy(records, at: $0) })
            state.pace.spend((ThreadClock.now() - began) * Limits.tapTimeShare)
            return state.pace.due(0)
        }
    }

    /// Positions of records that may be shown, in order.
    private func candidates(_ records: PassingRecords, _ state: inout State) -> [Int] {
        let spare = max(0, records.count - Self.examinedMax)
        let first = spare > 0 ? Int(Self.next(&state.chance) % UInt64(spare + 1)) : 0
        let all = first..<min(first + Self.examinedMax, records.count)
        guard let condition = state.condition else { return Array(all) }
        var undecided = 0
        let found = all.filter { at in
            // SAFETY(record): read during the call that shows it.
            guard let record = unsafe records[at] else { return false }
            guard let holds = unsafe condition.holds(for: record) else {
                undecided += 1
                return false
            }
            return holds
        }
        tap.count(
            examined: all.count, undecided: undecided, undecided > 0 ? condition.refusal : nil)
        return found
    }

    private func copy(_ records: PassingRecords, at: Int) -> RecordTap.Copy? {
        // SAFETY(record): copied during the call that shows it.
        guard let record = unsafe records[at] else { return nil }
        let port =
            switch records.side {
            case .input: records.inputPort
            case .output(let port): port
            }
        return unsafe RecordTap.Copy(
            task: task, port: port, at: WallClock.now(), time: record.eventTime,
            key: record.isUnkeyed ? nil : Array(record.key),
            value: Array(record.value.prefix(Limits.tapValueBytes)), size: record.value.count,
            trace: record.trace)
    }

    /// SplitMix64: which record of a batch it is should not depend on the batch.
    private static func next(_ state: inout UInt64) -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
