// SPDX-License-Identifier: Apache-2.0
// The life of a job's regions, decided: each begins, fails and begins again by itself.
//
//     waiting → resolving → recording → opening → fencing → restoring → running
//     opening → replaying → recordingDone → fencing, where a claim was left without DONE
//     any of these → failing → waiting | suspended
//     running → finished
//
// waiting    until its delay is over
// resolving  is anything of the region still on its way into the log? Only then is the newest
//            claim known
// recording  GEN is being appended
// opening    executors are started, instances are created: they touch nothing outside yet
// replaying  what was claimed and is not done is committed through the new instances; then
//            DONE is being appended
// fencing    transactions of older attempts are aborted: never before the replay, because many
//            systems abort everything at once
// restoring  state, timers, watermarks, positions
// running    records flow
// failing    the attempt is being stopped, and confirms or is killed
//
// Every step may be repeated from `waiting` on: a crash in any of them begins there again.
import MillraceCore

package struct JobLifecycle: Sendable {
    package enum State: Hashable, Sendable {
        /// A delay runs; nil: for the word to begin.
        case waiting(until: Int64?)
        /// The region's last record is on its way into the log.
        case resolving
        /// GEN is being appended.
        case recording(RecoveryDecision)
        /// Executors start; their instances touch nothing outside.
        case opening(RecoveryDecision)
        /// The claimed epoch is being committed; nil: its tokens are not known yet.
        case replaying(RecoveryDecision, CommitPermit, CommitProgress?)
        /// DONE of the replayed epoch is being appended.
        case recordingDone(RecoveryDecision)
        /// Transactions of older attempts are being aborted.
        case fencing(RecoveryDecision, retryAt: Int64?)
        /// State and positions are being read.
        case restoring(RecoveryDecision)
        /// Records flow.
        case running(RecoveryDecision)
        /// The attempt is being stopped; then the delay runs, or nothing follows.
        case failing(Attempt, delayNanoseconds: Int64, suspension: Failure?)
        /// Nothing runs until somebody resumes it.
        case suspended(Failure)
        /// Its last epoch is done.
        case finished
    }

    struct Region: Sendable {
        var plan: RegionPlan
        var state: State = .waiting(until: nil)
        var budget: RestartBudget
        /// To be isolated with the next attempt.
        var isolating: [String] = []
    }

    static let fenceRetryNanoseconds: Int64 = 1_000_000_000

    var regions: [Region]
    /// The highest attempt number that was given out and may not be in the log yet.
    private var attemptsGiven: Attempt = 0
    private var lineage: Nonce?
    private let rules: ProtocolRules

    package init(
        regions: [RegionPlan], budget: RestartBudget.Options = .init(),
        rules: ProtocolRules = ProtocolRules()
    ) {
        self.regions = regions.map { Region(plan: $0, budget: RestartBudget(options: budget)) }
        self.rules = rules
    }

    package func state(of region: RegionID) -> State { regions[place(of: region)].state }

    /// The attempt whose messages are believed; nil: none.
    package func attempt(of region: RegionID) -> Attempt? { attempt(regions[place(of: region)]) }

    /// True once no region will do anything by itself any more.
    package var isOver: Bool {
        regions.allSatisfy {
            switch $0.state {
            case .suspended, .finished: true
            case .waiting, .resolving, .recording, .opening, .replaying, .recordingDone, .fencing,
                .restoring, .running, .failing:
                false
            }
        }
    }

    /// When the next tick is due; nil: nothing waits for time.
    package var deadline: Int64? {
        regions.compactMap { region in
            switch region.state {
            case .waiting(let until): until
            case .replaying(_, _, let progress): progress?.deadline
            case .fencing(_, let retryAt): retryAt
            case .resolving, .recording, .opening, .recordingDone, .restoring, .running, .failing,
                .suspended, .finished:
                nil
            }
        }.min()
    }

    package mutating func handle(_ event: Event, now: Int64) -> [Action] {
        switch event {
        case .begin: return regions.indices.flatMap { begin($0) }
        case .resolved(let region, let log, let fresh):
            return resolved(place(of: region), log, fresh)
        case .appended(let appended): return self.appended(appended)
        case .opened(let region, let attempt): return opened(place(of: region), attempt)
        case .tokensRead(let region, let tokens): return tokensRead(place(of: region), tokens)
        case .commitAnswered(let region, let attempt, let answers):
            return commitAnswered(place(of: region), attempt, answers, now)
        case .fenced(let region, let attempt, let isDone):
            return fenced(place(of: region), attempt, isDone, now)
        case .restored(let region, let attempt): return restored(place(of: region), attempt)
        case .failed(let region, let attempt, let origin, _, let culprit, let chance):
            return failed(place(of: region), attempt, origin, culprit, chance, now)
        case .hopeless(let region, let failure): return suspend(place(of: region), failure)
        case .stopped(let region, let attempt): return stopped(place(of: region), attempt, now)
        case .epochDone(let region):
            regions[place(of: region)].budget.epochDone(now: now)
            return []
        case .forgiven(let region, let crashes):
            regions[place(of: region)].budget.giveBack(crashes)
            return []
        case .ended(let region): return ended(place(of: region))
        case .resume(let region): return resume(place(of: region))
        case .tick: return regions.indices.flatMap { tick($0, now) }
        }
    }

    private func place(of region: RegionID) -> Int {
        guard let at = regions.firstIndex(where: { $0.plan.region == region }) else {
            preconditionFailure("BUG: no region \(region) in this job")
        }
        return at
    }

    func attempt(_ region: Region) -> Attempt? {
        switch region.state {
        case .opening(let decision), .replaying(let decision, _, _), .recordingDone(let decision),
            .fencing(let decision, _), .restoring(let decision), .running(let decision):
            decision.attempt
        case .waiting, .resolving, .recording, .failing, .suspended, .finished: nil
        }
    }
}

extension JobLifecycle {
    mutating func begin(_ at: Int) -> [Action] {
        guard case .waiting = regions[at].state else { return [] }
        regions[at].state = .resolving
        return [.resolve(regions[at].plan.region)]
    }

    private mutating func resolved(_ at: Int, _ log: LogState, _ fresh: Nonce) -> [Action] {
        guard case .resolving = regions[at].state else { return [] }
        attemptsGiven = max(attemptsGiven, log.attempt) + 1
        // Regions that begin together are one life, though none of them is in the log yet.
        lineage = log.lineage ?? lineage ?? fresh
        let decision = RecoveryDecision(
            region: regions[at].plan.region, log: log, attempt: attemptsGiven,
            fresh: lineage ?? fresh,
            isolating: regions[at].isolating, rules: rules)
        regions[at].state = .recording(decision)
        return [.append(.generation(decision.generation(nodes: regions[at].plan.nodes)))]
    }

    private mutating func appended(_ appended: DecisionLog.Appended) -> [Action] {
        switch appended.record.body {
        case .generation(let generation):
            for region in generation.regions {
                let at = place(of: region.region)
                guard case .recording(let decision) = regions[at].state,
                    decision.attempt == generation.attempt
                else { continue }
                regions[at].state = .opening(decision)
                return [.open(decision)]
            }
        case .done(let region, _):
            let at = place(of: region)
            guard case .recordingDone(let decision) = regions[at].state else { return [] }
            return rules.keep(.commitBeforeFence) ? fence(at, decision) : restore(at, decision)
        case .lead, .claim, .quarantine, .savepoint, .result, .noop: break
        }
        return []
    }

    private mutating func opened(_ at: Int, _ attempt: Attempt) -> [Action] {
        guard case .opening(let decision) = regions[at].state, decision.attempt == attempt else {
            return []
        }
        guard let permit = decision.commit, rules.keep(.commitBeforeFence) else {
            return fence(at, decision)
        }
        return replay(at, decision, permit)
    }

    private mutating func replay(
        _ at: Int, _ decision: RecoveryDecision, _ permit: CommitPermit
    ) -> [Action] {
        regions[at].state = .replaying(decision, permit, nil)
        return [.readTokens(decision.region, permit.claim)]
    }

    private mutating func tokensRead(_ at: Int, _ tokens: [Token]) -> [Action] {
        guard case .replaying(let decision, let permit, nil) = regions[at].state else { return [] }
        let progress = CommitProgress(tokens)
        regions[at].state = .replaying(decision, permit, progress)
        return [.commit(permit, progress.tokens)]
    }

    /// A sink that cannot commit now keeps the region here; that is no failure of the region.
    private mutating func commitAnswered(
        _ at: Int, _ attempt: Attempt, _ answers: [CommitAnswer], _ now: Int64
    ) -> [Action] {
        guard case .replaying(let decision, let permit, .some(var progress)) = regions[at].state,
            decision.attempt == attempt
        else { return [] }
        switch progress.answered(answers, now: now) {
        case .waiting:
            regions[at].state = .replaying(decision, permit, progress)
            return []
        case .allCommitted:
            regions[at].state = .recordingDone(decision)
            return [.append(.done(region: decision.region, epoch: permit.claim.epoch))]
        case .unresolved(let token, let answer):
            return suspend(at, CommitProgress.failure(token, answer))
        }
    }

    mutating func fence(_ at: Int, _ decision: RecoveryDecision) -> [Action] {
        regions[at].state = .fencing(decision, retryAt: nil)
        let limited = rules.keep(.fenceOlderAttemptsOnly)
        let below = limited ? decision.fenceBelow : .max
        return [.fence(decision.region, decision.attempt, below: below)]
    }

    private mutating func fenced(
        _ at: Int, _ attempt: Attempt, _ isDone: Bool, _ now: Int64
    ) -> [Action] {
        guard case .fencing(let decision, nil) = regions[at].state, decision.attempt == attempt
        else { return [] }
        guard isDone else {
            regions[at].state = .fencing(decision, retryAt: now + Self.fenceRetryNanoseconds)
            return []
        }
        if let permit = decision.commit, !rules.keep(.commitBeforeFence) {
            return replay(at, decision, permit)
        }
        return restore(at, decision)
    }

    private mutating func restore(_ at: Int, _ decision: RecoveryDecision) -> [Action] {
        regions[at].state = .restoring(decision)
        return [.restore(decision)]
    }

    private mutating func restored(_ at: Int, _ attempt: Attempt) -> [Action] {
        guard case .restoring(let decision) = regions[at].state, decision.attempt == attempt else {
            return []
        }
        regions[at].state = .running(decision)
        regions[at].isolating = []
        return [.run(decision)]
    }
}
