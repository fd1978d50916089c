// SPDX-License-Identifier: Apache-2.0
// What becomes of records that operators do not take, decided by the node's `on_error`:
//
//     dead_letter   its port `errors` is read: a record there, which goes the way of all records
//                   there are checkpoints: kept with the chain until the next barrier
//                   neither: counted
//                   in the last two cases the first few are logged, and there is a limit
//     drop          counted
//     fail          the chain fails with the operator's words
//
// What is kept is written by `Checkpoints`.
import MillraceCore
import MillraceDelivery
import MillraceFlow
import MillraceGraph
import MillraceHost
import MillraceSystem
import MillraceWire
import Synchronization

/// What all chains of an executor have in common about dead letters.
final class DeadLetters: Sendable {
    private struct State {
        var allowances: [String: LetterAllowance] = [:]
        var logged: [String: Int] = [:]
        var keeps = false
        /// Of letters that are in no file yet.
        var bytes = 0
    }

    /// So many of a node are logged.
    private static let loggedMax = 5

    private let perMinute: Int
    private let say: @Sendable (LogLine) -> Void
    private let state = Mutex(State())

    init(perMinute: Int, say: @escaping @Sendable (LogLine) -> Void) {
        self.perMinute = perMinute
        self.say = say
    }

    /// Before records flow: there are checkpoints to keep letters with.
    func keep() { state.withLock { $0.keeps = true } }

    /// Letters of so many bytes are in a file.
    func written(_ bytes: Int) { state.withLock { $0.bytes -= bytes } }

    /// Whether the letter has to be kept. Throws MR4401.
    fileprivate func admit(_ letter: DeadLetter, bytes: Int) throws(Failure) -> Bool {
        let now = MonotonicClock.now()
        let (isWithin, keeps, held, logged) = state.withLock { state in
            let isWithin =
                state.allowances[letter.node, default: LetterAllowance(perMinute: perMinute)]
                .take(now: now)
            state.logged[letter.node, default: 0] += 1
            if state.keeps { state.bytes += bytes }
            return (isWithin, state.keeps, state.bytes, state.logged[letter.node] ?? 0)
        }
        if logged <= Self.loggedMax { log(letter, isLast: logged == Self.loggedMax) }
        guard isWithin else {
            throw Failure(
                .limitReached, node: letter.node,
                "more than \(perMinute) dead letters within a minute; the last one: "
                    + "\(letter.code) \(letter.text)",
                next: "mend the data or the node; where that many are right, raise "
                    + "`dead_letter.limit` or read `\(letter.node).errors`")
        }
        guard held <= Limits.letterBytesMax else {
            throw Failure(
                .limitReached, node: letter.node,
                "more than \(Limits.letterBytesMax >> 20) MiB of dead letters "
                    + "since the last checkpoint",
                next: "read `\(letter.node).errors`")
        }
        return keeps
    }

    private func log(_ letter: DeadLetter, isLast: Bool) {
        say(
            LogLine(
                level: .warn, node: letter.node, instance: letter.instance,
                text: "record \(letter.sequence) of lane \(letter.lane) is a dead letter: "
                    + letter.text + (isLast ? " (more of this node are not logged)" : ""),
                code: FailureCode(text: letter.code)))
    }
}

/// Decides for one chain; on its loop's thread, but for what is taken at a barrier, which is there
/// too.
final class LetterDesk: RecordWarden {
    private struct State {
        var lines: [[UInt8]] = []
        var failure: Failure?
    }

    private let members: [TaskletChain.Member]
    private let letters: DeadLetters
    private let quarantine: Quarantine
    private let state = Mutex(State())

    init(_ members: [TaskletChain.Member], letters: DeadLetters, quarantine: Quarantine) {
        self.members = members
        self.letters = letters
        self.quarantine = quarantine
    }

    /// Why a refusal ended the chain, when that is not what the operator said.
    var failure: Failure? { state.withLock { $0.failure } }

    /// At a barrier: the letters since the one before.
    func takeLines() -> [[UInt8]] {
        state.withLock { state in
            defer { state.lines = [] }
            return state.lines
        }
    }

    func refused(_ record: RefusedRecord) -> RefusalVerdict {
        let member = members[record.member]
        switch member.node.onError {
        case .fail where !record.isQuarantined: return .fails
        case .drop:
            _ = member.task.takeErrorText()
            return .dropped
        case .deadLetter, .fail: break
        }
        let letter = letter(record, member)
        let line = letter.json
        do throws(Failure) {
            if let port = member.node.errorsPort {
                guard member.task.emit(line, of: record, port: port) else {
                    throw Failure(
                        .outputTooLarge, node: letter.node,
                        "a refused record of \(record.payload.count) bytes is too "
                            + "large for the port `errors`: \(letter.text)",
                        next: "raise its `output_memory`")
                }
            } else if try letters.admit(letter, bytes: line.count) {
                state.withLock { $0.lines.append(line) }
            }
        } catch {
            state.withLock { $0.failure = error }
            return .fails
        }
        return .kept
    }

    private func letter(_ record: RefusedRecord, _ member: TaskletChain.Member) -> DeadLetter {
        var code = FailureCode.recordRefused.description
        var text = "without a text"
        if record.isQuarantined {
            code = FailureCode.crash.description
            text = quarantine.reason(ContentHash(of: record.payload), of: member.node.id)
        } else {
            let words = OperatorWords(member.task.takeErrorText())
            if let said = words.code { code = said.description }
            if !words.text.isEmpty { text = words.text }
        }
        let inputs = member.node.operation.inputs
        return DeadLetter(
            node: member.node.id, instance: member.instance.number, code: code, text: text,
            lane: record.lane, sequence: record.sequence,
            input: inputs.count > 1 ? inputs[record.input].name : nil, time: record.eventTime,
            at: WallClock.now(), key: record.isUnkeyed ? nil : Array(record.key),
            value: Array(record.value))
    }

    func inspect(_ member: Int, _ hashes: [ContentHash]) -> Int {
        let member = members[member]
        let clear = quarantine.clear(hashes, of: member.node.id)
        if clear == 1, quarantine.isStepping(member.node.id) { member.task.stamp(hashes[0]) }
        return clear
    }
}
