// SPDX-License-Identifier: Apache-2.0
// The checkpoints of one region, decided. Two small machines: one takes an epoch after the other,
// one makes them final. They overlap: records flow, the barrier of the next epoch travels and the
// epoch before is being committed, all at once.
//
//     barrier   stopped → idle → numbering → collecting → sealing → sealed → idle
//     commit    free → claiming → committing → ending → free
//
// stopped     no attempt runs, or the last epoch of this one has been taken
// idle        until the time of the next epoch
// numbering   the log is asked for a number
// collecting  the barrier travels; each executor acknowledges once everything is durable
// sealing     all have; the manifest is being written
// sealed      it is durable and waits, without a time-out, until the commit before it is free
// claiming    the CLAIM was sent. From here only the log tells whether the epoch counts
// committing  it does; the sinks are told, until all have answered
// ending      all have; DONE was sent
//
// An epoch that is given up before it is claimed costs time and nothing else: state goes on, sinks
// keep their prepared transactions, and the tokens come again with the next acknowledgement.
// Tokens of epochs that were handed to the commit machine are dropped there: they are claimed.
import MillraceCore

package struct CheckpointCoordinator: Sendable {
    struct Sealed: Hashable, Sendable {
        var claim: DecisionRecord.Claim
        var tokens: [Token]
        var startedAt: Int64
        var ending: Ending?
    }

    enum Barrier: Hashable, Sendable {
        /// No attempt runs, or its last epoch has been taken.
        case stopped
        /// Until the time of the next epoch.
        case idle(notBefore: Int64)
        /// The log is asked for a number.
        case numbering
        /// Executors owe their acknowledgement until a time.
        case collecting(Epoch, acks: [EpochAck], startedAt: Int64, ending: Ending?)
        /// The manifest is being written.
        case sealing(Sealed)
        /// The manifest is durable and waits for the commit before it.
        case sealed(Sealed)
    }

    enum Commit: Hashable, Sendable {
        case free
        /// Only the log tells whether the epoch counts.
        case claiming(Sealed)
        /// The sinks are being told.
        case committing(CommitPermit, CommitProgress, ending: Ending?)
        /// DONE was sent.
        case ending(Epoch, ending: Ending?)
    }

    package let region: RegionID
    var barrier: Barrier = .stopped
    var commit: Commit = .free
    /// Epochs that failed since one succeeded.
    package private(set) var failuresInRow = 0
    /// Of them, those that a restart may cure.
    private var curableInRow = 0
    var assignment: Assignment?
    /// The newest claim that stands in the log, and the newest that was sent there.
    var claimed: DecisionRecord.Claim?
    var handedOver: DecisionRecord.Claim?
    /// What each executor's increments were taken against, last time it said so.
    private var bases: [UInt32: Epoch] = [:]
    private var isGateOpen = true
    /// The next epoch does not wait for its time.
    private var isHurried = false
    private var wantedEnding: Ending?
    private let options: Options
    let rules: ProtocolRules

    package init(
        region: RegionID, options: Options = Options(), rules: ProtocolRules = ProtocolRules()
    ) {
        self.region = region
        self.options = options
        self.rules = rules
    }

    /// When the next tick is due; nil: nothing waits for time.
    package var deadline: Int64? {
        var times: [Int64] = []
        switch barrier {
        case .idle(let notBefore) where isGateOpen: times.append(notBefore)
        case .collecting(_, _, let startedAt, _):
            times.append(startedAt + options.epochNanosecondsMax)
        case .stopped, .idle, .numbering, .sealing, .sealed: break
        }
        if case .committing(_, let progress, _) = commit, let at = progress.deadline {
            times.append(at)
        }
        return times.min()
    }

    /// The oldest epoch whose files an epoch under way may refer to; nil while no attempt runs.
    /// Files of this one and of later ones must not be collected, however many are claimed since.
    package var oldestReferred: Epoch? { assignment.flatMap { _ in bases.values.min() } }

    package mutating func handle(_ event: Event, now: Int64) -> [Action] {
        switch event {
        case .attemptRuns(let assignment): attemptRuns(assignment, now)
        case .attemptEnded: attemptEnded()
        case .epochTaken(let epoch): epochTaken(epoch, now)
        case .ack(let ack): acknowledged(ack, now)
        case .decline(let executor, let attempt, let epoch, let reason):
            declined(executor, attempt, epoch, reason, now)
        case .manifestWritten(let epoch, let hash): manifestWritten(epoch, hash, now)
        case .manifestFailed(let epoch, let failure): manifestFailed(epoch, failure, now)
        case .appended(let appended): self.appended(appended, now)
        case .claimAbandoned: claimAbandoned(now)
        case .commitAnswered(let epoch, let answers): commitAnswered(epoch, answers, now)
        case .gate(let isOpen): gate(isOpen, now)
        case .hurry: hurry(now)
        case .end(let ending): end(ending, now)
        case .tick: tick(now)
        }
    }
}

extension CheckpointCoordinator {
    /// The first epoch begins at once: replayed work should become durable soon.
    private mutating func attemptRuns(_ assignment: Assignment, _ now: Int64) -> [Action] {
        precondition(commit == .free, "BUG: an attempt runs while the one before is claiming")
        self.assignment = assignment
        claimed = assignment.restored
        handedOver = assignment.restored
        let base = assignment.restored?.epoch ?? 0
        bases = Dictionary(uniqueKeysWithValues: assignment.executors.map { ($0, base) })
        barrier = .idle(notBefore: now)
        return begin(now)
    }

    /// What was claimed is for recovery to commit; a claim on its way has to be resolved first.
    private mutating func attemptEnded() -> [Action] {
        assignment = nil
        barrier = .stopped
        // The next attempt goes back to where more data is to come.
        if wantedEnding == .endOfData { wantedEnding = nil }
        if case .claiming = commit { return [] }
        commit = .free
        return []
    }

    mutating func begin(_ now: Int64) -> [Action] {
        guard case .idle(let notBefore) = barrier, isGateOpen, now >= notBefore else { return [] }
        barrier = .numbering
        return [.takeEpoch]
    }

    private mutating func epochTaken(_ epoch: Epoch, _ now: Int64) -> [Action] {
        guard case .numbering = barrier else { return [] }
        isHurried = false
        barrier = .collecting(epoch, acks: [], startedAt: now, ending: wantedEnding)
        return [.trigger(epoch, wantedEnding)]
    }

    private mutating func acknowledged(_ ack: EpochAck, _ now: Int64) -> [Action] {
        guard case .collecting(let epoch, var acks, let startedAt, let ending) = barrier,
            let assignment, ack.epoch == epoch, ack.attempt == assignment.attempt,
            assignment.executors.contains(ack.executor),
            !acks.contains(where: { $0.executor == ack.executor })
        else { return [] }
        acks.append(ack)
        bases[ack.executor] = ack.base
        barrier = .collecting(epoch, acks: acks, startedAt: startedAt, ending: ending)
        guard acks.count == assignment.executors.count else { return [] }
        if let failure = Self.fault(in: acks, assignment, rules) {
            return giveUp(epoch, failure, now)
        }
        return seal(epoch, acks, assignment, startedAt, ending)
    }

    private mutating func manifestWritten(
        _ epoch: Epoch, _ hash: ContentHash, _ now: Int64
    ) -> [Action] {
        guard case .sealing(var sealed) = barrier, sealed.claim.epoch == epoch else { return [] }
        sealed.claim.hash = hash
        barrier = .sealed(sealed)
        return handOver(now)
    }

    private mutating func manifestFailed(
        _ epoch: Epoch, _ failure: Failure, _ now: Int64
    ) -> [Action] {
        guard case .sealing(let sealed) = barrier, sealed.claim.epoch == epoch else { return [] }
        return giveUp(epoch, failure, isCurable: false, now)
    }

    /// From here on only the log tells whether the epoch counts.
    mutating func handOver(_ now: Int64) -> [Action] {
        guard case .sealed(let sealed) = barrier, case .free = commit else { return [] }
        handedOver = sealed.claim
        (failuresInRow, curableInRow) = (0, 0)
        commit = .claiming(sealed)
        var actions: [Action] = []
        if !rules.keep(.claimBeforeCommit), !sealed.tokens.isEmpty {
            let permit = CommitPermit(withoutClaim: sealed.claim, rules: rules)
            actions.append(.commit(permit, sealed.tokens))
        }
        actions.append(.append(.claim(sealed.claim)))
        guard sealed.ending == nil else {
            barrier = .stopped
            return actions
        }
        let pause = max(options.intervalNanoseconds, (now - sealed.startedAt) / 2)
        barrier = .idle(notBefore: wantedEnding == nil && !isHurried ? now + pause : now)
        return actions + begin(now)
    }

}

extension CheckpointCoordinator {
    private mutating func declined(
        _ executor: UInt32, _ attempt: Attempt, _ epoch: Epoch, _ reason: DeclineReason,
        _ now: Int64
    ) -> [Action] {
        guard case .collecting(epoch, _, _, _) = barrier, attempt == assignment?.attempt else {
            return []
        }
        let text = "epoch \(epoch) was declined by executor \(executor): \(reason.rawValue)"
        return giveUp(
            epoch, Failure(.epochTimedOut, kind: .transient, text), isCurable: reason != .storage,
            now)
    }

    private mutating func giveUp(
        _ epoch: Epoch, _ failure: Failure, isCurable: Bool = true, _ now: Int64
    ) -> [Action] {
        failuresInRow += 1
        curableInRow += isCurable ? 1 : 0
        barrier = .idle(notBefore: isHurried ? now : now + options.intervalNanoseconds)
        var actions: [Action] = [.abort(epoch), .report(epoch, failure)]
        // A restart cures a task that is stuck, and counts that differ; more of them cure nothing,
        // and none of them a disk that is full.
        let isDue =
            options.restartsOnce
            ? curableInRow == options.failuresUntilRestart
            : curableInRow.isMultiple(of: options.failuresUntilRestart)
        if isCurable && isDue || failure.kind == .bug {
            actions.append(.restart(failure))
        }
        if failuresInRow == options.failuresUntilDegraded { actions.append(.degraded(failure)) }
        return actions
    }

    private mutating func gate(_ isOpen: Bool, _ now: Int64) -> [Action] {
        isGateOpen = isOpen
        return begin(now)
    }

    private mutating func hurry(_ now: Int64) -> [Action] {
        isHurried = true
        return beginSoon(now)
    }

    private mutating func beginSoon(_ now: Int64) -> [Action] {
        guard case .idle(let notBefore) = barrier else { return [] }
        barrier = .idle(notBefore: min(notBefore, now))
        return begin(now)
    }

    private mutating func end(_ ending: Ending, _ now: Int64) -> [Action] {
        if wantedEnding != .endOfData { wantedEnding = ending }
        return beginSoon(now)
    }

    private mutating func tick(_ now: Int64) -> [Action] {
        var actions: [Action] = []
        if case .committing(let permit, var progress, let ending) = commit,
            let tokens = progress.due(now: now)
        {
            commit = .committing(permit, progress, ending: ending)
            actions.append(.commit(permit, tokens))
        }
        if case .collecting(let epoch, let acks, let startedAt, _) = barrier,
            now >= startedAt + options.epochNanosecondsMax
        {
            let silent = (assignment?.executors ?? []).filter { executor in
                !acks.contains { $0.executor == executor }
            }
            let text =
                "epoch \(epoch) was given up after \(options.epochNanosecondsMax / 1_000_000) ms: "
                + "no answer from executor \(silent.map { "\($0)" }.joined(separator: ", "))"
            return actions
                + giveUp(
                    epoch, Failure(.epochTimedOut, kind: .transient, text),
                    isCurable: options.timeoutsCount, now)
        }
        return actions + begin(now)
    }
}
