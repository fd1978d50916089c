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
    package struct Options: Hashable, Sendable {
        package var intervalNanoseconds: Int64 = 1_000_000_000
        package var epochNanosecondsMax: Int64 = 60_000_000_000
        package var failuresUntilRestart = 5
        package var failuresUntilDegraded = 20

        package init() {}
    }

    /// One attempt of the region, and whose word an epoch of it needs.
    package struct Assignment: Hashable, Sendable {
        package var job: String
        package var lineage: Nonce
        package var turn: Turn
        package var attempt: Attempt
        package var version: UInt64
        package var executors: [UInt32]
        package var tasks: [TaskID]
        /// Tasks whose acknowledgement has to carry tokens.
        package var sinks: [TaskID]
        package var lanes: [LaneID]
        package var plugins: [Manifest.Plugin] = []
        package var nodes: [Manifest.Node] = []
        /// The claim that the attempt was restored from.
        package var restored: DecisionRecord.Claim?

        package init(
            job: String, lineage: Nonce, turn: Turn, attempt: Attempt, version: UInt64,
            executors: [UInt32], tasks: [TaskID], sinks: [TaskID], lanes: [LaneID],
            restored: DecisionRecord.Claim?
        ) {
            self.job = job
            self.lineage = lineage
            self.turn = turn
            self.attempt = attempt
            self.version = version
            self.executors = executors
            self.tasks = tasks
            self.sinks = sinks
            self.lanes = lanes
            self.restored = restored
        }
    }

    /// Why a region's last epoch is taken.
    package enum Ending: String, Hashable, Sendable {
        /// All sources have said that nothing more will come.
        case endOfData
        /// The run ends, the data does not: windows and timers stay in the state.
        case keepState
    }

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

    package enum Event: Hashable, Sendable {
        /// The attempt's tasks run.
        case attemptRuns(Assignment)
        /// The attempt is over, whatever the cause. Nothing of it can be sent any more.
        case attemptEnded
        case epochTaken(Epoch)
        case ack(EpochAck)
        case decline(executor: UInt32, attempt: Attempt, epoch: Epoch, DeclineReason)
        case manifestWritten(Epoch, hash: ContentHash)
        case manifestFailed(Epoch, Failure)
        /// A record of this region was appended by us.
        case appended(DecisionLog.Appended)
        /// The claim that was sent is certain not to be in the log.
        case claimAbandoned
        /// What the sinks answered, for each token that was sent.
        case commitAnswered(Epoch, [CommitAnswer])
        /// No epoch begins while the gate is closed: the disk is full, or a limit is near.
        case gate(isOpen: Bool)
        /// An epoch that begins from now on is wanted as soon as may be: for a savepoint.
        case hurry
        case end(Ending)
        case tick
    }

    package enum Action: Hashable, Sendable {
        case takeEpoch
        case trigger(Epoch, Ending?)
        case abort(Epoch)
        /// Write it durably under its name, with wall clock and durations filled in.
        case writeManifest(Manifest)
        case append(DecisionRecord.Body)
        case commit(CommitPermit, [Token])
        case complete(Epoch)
        /// The last epoch of the region is done.
        case ended(Ending)
        /// The epoch was given up.
        case report(Epoch, Failure)
        /// Too many epochs failed in a row.
        case restart(Failure)
        case degraded(Failure)
        case suspend(Failure)
    }

    package let region: RegionID
    private(set) var barrier: Barrier = .stopped
    private(set) var commit: Commit = .free
    /// Epochs that failed since one succeeded.
    package private(set) var failuresInRow = 0
    /// Of them, those that a restart may cure.
    private var curableInRow = 0
    private var assignment: Assignment?
    /// The newest claim that stands in the log, and the newest that was sent there.
    private var claimed: DecisionRecord.Claim?
    private var handedOver: DecisionRecord.Claim?
    /// What each executor's increments were taken against, last time it said so.
    private var bases: [UInt32: Epoch] = [:]
    private var isGateOpen = true
    /// The next epoch does not wait for its time.
    private var isHurried = false
    private var wantedEnding: Ending?
    private let options: Options
    private let rules: ProtocolRules

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

    private mutating func begin(_ now: Int64) -> [Action] {
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

    private mutating func seal(
        _ epoch: Epoch, _ acks: [EpochAck], _ assignment: Assignment, _ startedAt: Int64,
        _ ending: Ending?
    ) -> [Action] {
        var manifest = Manifest(
            job: assignment.job, lineage: assignment.lineage, attempt: assignment.attempt,
            epoch: epoch, version: assignment.version, turn: assignment.turn, region: region,
            parent: handedOver.map { .init(name: $0.manifest, hash: $0.hash) })
        manifest.plugins = assignment.plugins
        manifest.nodes = assignment.nodes
        for ack in acks { manifest.add(ack) }
        let already = handedOver?.epoch ?? 0
        let oldest = rules.keep(.heldTokensAreClaimed) ? already + 1 : epoch
        manifest.tokens = acks.flatMap(\.tasks).flatMap { $0.tokens ?? [] }
            .filter { $0.epoch >= oldest }.sorted(by: Token.isBefore)
        let claim = DecisionRecord.Claim(
            region: region, epoch: epoch, attempt: assignment.attempt,
            version: assignment.version, manifest: manifest.name,
            hash: ContentHash(low: 0, high: 0), needsCommit: !manifest.tokens.isEmpty)
        barrier = .sealing(
            Sealed(claim: claim, tokens: manifest.tokens, startedAt: startedAt, ending: ending))
        return [.writeManifest(manifest)]
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
    private mutating func handOver(_ now: Int64) -> [Action] {
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

    private mutating func appended(
        _ appended: DecisionLog.Appended, _ now: Int64
    ) -> [Action] {
        switch (commit, appended.record.body) {
        case (.claiming(let sealed), .claim(let claim)) where claim.epoch == sealed.claim.epoch:
            return won(sealed, appended, now)
        case (.ending(let epoch, let ending), .done(_, let done)) where done == epoch:
            return complete(epoch, ending, now)
        case (.free, _), (.claiming, _), (.committing, _), (.ending, _):
            return []
        }
    }

    private mutating func won(
        _ sealed: Sealed, _ appended: DecisionLog.Appended, _ now: Int64
    ) -> [Action] {
        claimed = sealed.claim
        guard assignment != nil, let permit = CommitPermit(appended) else {
            commit = .free
            return []
        }
        guard sealed.claim.needsCommit else {
            return complete(sealed.claim.epoch, sealed.ending, now)
        }
        let progress = CommitProgress(sealed.tokens)
        commit = .committing(permit, progress, ending: sealed.ending)
        if !rules.keep(.doneBeforeNextClaim) { commit = .free }
        return [.commit(permit, progress.tokens)] + handOver(now)
    }

    private mutating func commitAnswered(
        _ epoch: Epoch, _ answers: [CommitAnswer], _ now: Int64
    ) -> [Action] {
        guard case .committing(let permit, var progress, let ending) = commit,
            permit.claim.epoch == epoch
        else { return [] }
        switch progress.answered(answers, now: now) {
        case .waiting:
            commit = .committing(permit, progress, ending: ending)
            return []
        case .allCommitted:
            commit = .ending(epoch, ending: ending)
            return [.append(.done(region: region, epoch: epoch))]
        case .unresolved(let token, let answer):
            return [.suspend(CommitProgress.failure(token, answer))]
        }
    }

    private mutating func complete(_ epoch: Epoch, _ ending: Ending?, _ now: Int64) -> [Action] {
        commit = .free
        if let ending { return [.complete(epoch), .ended(ending)] }
        return [.complete(epoch)] + handOver(now)
    }

    /// The tokens of that epoch are held, and so are those of the one sealed behind it, whose
    /// manifest names a parent that does not count.
    private mutating func claimAbandoned(_ now: Int64) -> [Action] {
        guard case .claiming(let sealed) = commit else { return [] }
        commit = .free
        handedOver = claimed
        guard assignment != nil else { return [] }
        var actions: [Action] = [.abort(sealed.claim.epoch)]
        switch barrier {
        case .sealing(let next), .sealed(let next):
            actions.append(.abort(next.claim.epoch))
            barrier = .idle(notBefore: now)
        case .stopped, .idle, .numbering, .collecting: break
        }
        if sealed.ending != nil { barrier = .idle(notBefore: now) }
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
        if isCurable && curableInRow == options.failuresUntilRestart || failure.kind == .bug {
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
            return actions + giveUp(epoch, Failure(.epochTimedOut, kind: .transient, text), now)
        }
        return actions + begin(now)
    }

    /// What is wrong with a full set of acknowledgements.
    private static func fault(
        in acks: [EpochAck], _ assignment: Assignment, _ rules: ProtocolRules
    ) -> Failure? {
        var ledger = LaneLedger()
        var missing = Set(assignment.tasks)
        for ack in acks {
            for task in ack.tasks {
                ledger.enter(task)
                missing.remove(task.task)
                if task.tokens == nil, assignment.sinks.contains(task.task) {
                    return bug(task.task, "is a sink and named no tokens")
                }
                if task.pieces.contains(where: { Int($0.file) >= ack.files.count }) {
                    return bug(task.task, "has a piece in a file that is not listed")
                }
            }
        }
        if let task = missing.min() { return bug(task, "is in no acknowledgement") }
        return rules.keep(.ledgerIsBalanced) ? ledger.imbalance(lanes: assignment.lanes) : nil
    }

    private static func bug(_ task: TaskID, _ text: String) -> Failure {
        Failure(
            .invariantBroken, kind: .bug, node: task.node,
            "task \(task.node)#\(task.instance) \(text)")
    }
}
