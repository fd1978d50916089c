// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// The way down, and what time does.
extension JobLifecycle {
    mutating func failed(
        _ at: Int, _ attempt: Attempt, _ origin: RestartBudget.Origin, _ culprit: String?,
        _ chance: UInt64, _ now: Int64
    ) -> [Action] {
        guard self.attempt(regions[at]) == attempt else { return [] }
        let region = regions[at].plan.region
        var actions: [Action] = []
        if let culprit, !regions[at].isolating.contains(culprit) {
            regions[at].isolating.append(culprit)
            actions.append(.isolate(region, node: culprit))
        }
        switch regions[at].budget.failed(origin, region: region, chance: chance, now: now) {
        case .counted: return actions + fail(at, attempt, 0, nil)
        case .restart(let delay): return actions + fail(at, attempt, delay, nil)
        case .restartJob(let delay):
            actions += fail(at, attempt, delay, nil)
            for other in regions.indices where other != at {
                guard let running = self.attempt(regions[other]) else { continue }
                actions += fail(other, running, delay, nil)
            }
            return actions
        case .suspend(let failure): return actions + fail(at, attempt, 0, failure)
        }
    }

    private mutating func fail(
        _ at: Int, _ attempt: Attempt, _ delay: Int64, _ suspension: Failure?
    ) -> [Action] {
        regions[at].state = .failing(attempt, delayNanoseconds: delay, suspension: suspension)
        return [.stop(regions[at].plan.region, attempt)]
    }

    mutating func suspend(_ at: Int, _ failure: Failure) -> [Action] {
        if let attempt = attempt(regions[at]) { return fail(at, attempt, 0, failure) }
        switch regions[at].state {
        case .failing(let attempt, let delay, nil):
            regions[at].state = .failing(
                attempt, delayNanoseconds: delay, suspension: failure)
            return []
        case .waiting, .resolving, .recording:
            regions[at].state = .suspended(failure)
            return [.suspended(regions[at].plan.region, failure)]
        case .opening, .replaying, .recordingDone, .fencing, .restoring, .running, .failing,
            .suspended, .finished:
            return []
        }
    }

    mutating func stopped(_ at: Int, _ attempt: Attempt, _ now: Int64) -> [Action] {
        guard case .failing(attempt, let delay, let suspension) = regions[at].state else {
            return []
        }
        if let suspension {
            regions[at].state = .suspended(suspension)
            return [.suspended(regions[at].plan.region, suspension)]
        }
        regions[at].state = .waiting(until: now + delay)
        return tick(at, now)
    }

    mutating func ended(_ at: Int) -> [Action] {
        guard case .running = regions[at].state else { return [] }
        regions[at].state = .finished
        return [.finished(regions[at].plan.region)]
    }

    mutating func resume(_ at: Int) -> [Action] {
        guard case .suspended = regions[at].state else { return [] }
        regions[at].state = .waiting(until: nil)
        return begin(at)
    }

    mutating func tick(_ at: Int, _ now: Int64) -> [Action] {
        switch regions[at].state {
        case .waiting(.some(let until)) where now >= until: return begin(at)
        case .replaying(let decision, let permit, .some(var progress)):
            guard let tokens = progress.due(now: now) else { return [] }
            regions[at].state = .replaying(decision, permit, progress)
            return [.commit(permit, tokens)]
        case .fencing(let decision, .some(let retryAt)) where now >= retryAt:
            return fence(at, decision)
        case .waiting, .resolving, .recording, .opening, .replaying, .recordingDone, .fencing,
            .restoring, .running, .failing, .suspended, .finished:
            return []
        }
    }
}
