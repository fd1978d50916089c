// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceDelivery
import MillraceWire

// MARK: - a run with checkpoints

extension RunMachine {
    /// Why an attempt failed.
    struct Cause {
        var failure: Failure
        var origin: RestartBudget.Origin
        /// The record that the guilty operator had, where it gets one at a time.
        var stepped: ContentHash?

        init(
            _ failure: Failure, _ origin: RestartBudget.Origin = .ours,
            _ stepped: ContentHash? = nil
        ) {
            self.failure = failure
            self.origin = origin
            self.stepped = stepped
        }

        /// The node whose operator ended its process.
        var culprit: JobCoordinator.Culprit? {
            guard origin == .ours, let node = failure.node else { return nil }
            switch failure.code {
            case .crash, .hang, .executorExited: return .init(node: node, stepped: stepped)
            default: return nil
            }
        }
    }

    /// Hands an event on to the job and does what it wants.
    mutating func tell(_ event: JobCoordinator.Event, _ now: Int64) -> [Action] {
        guard let actions = job?.handle(event, now: now) else { return [] }
        return act(actions, now: now)
    }

    mutating func act(_ actions: [JobCoordinator.Action], now: Int64) -> [Action] {
        var all: [Action] = []
        for action in actions {
            switch action {
            case .store(let request): all.append(.store(request))
            case .start(let region): if !isFailing { all.append(start(place(of: region))) }
            case .kill(let region): all += killAttempt(place(of: region), now)
            case .send(let region, let command): all.append(.send(command, region))
            case .runs(let region): all += attemptRuns(place(of: region), now)
            case .say(let line): all.append(.log(line))
            case .savepoint(let progress): all.append(.savepoint(progress))
            case .regionOver(let region, let outcome):
                all += over(outcome, place(of: region), now)
            case .over(let outcome): all += parts.indices.flatMap { over(outcome, $0, now) }
            }
        }
        return all
    }

    /// While the job goes on. Attempts may come and go before there is one.
    mutating func savepoint(to path: String, _ now: Int64) -> [Action] {
        switch state {
        case .starting, .running, .recovering:
            precondition(job != nil, "BUG: a savepoint of a run that has no state")
            return tell(.savepointNow(to: path), now)
        case .draining, .closing, .failing, .stopped, .failed:
            return [.savepoint(.failed(SavepointCopy.tooLate))]
        }
    }

    /// A failure that another attempt may get over: not one of the settings, and not one before
    /// anything ran, unless it came from outside; and not one that the same records cause again, or
    /// the same state.
    func mayRecover(_ cause: Cause, _ at: Int) -> Bool {
        let code = cause.failure.code
        guard job != nil, code != .limitReached, !code.isOfRecords, code != .stateDamaged,
            code != .stateVersion
        else { return false }
        switch parts[at].state {
        case .starting: return parts[at].ranSince != nil || cause.origin == .outside
        case .running, .recovering, .draining: return true
        case .closing, .failing, .stopped, .failed: return false
        }
    }

    /// All that the part had to do is done, and counts: what its executors still do is no reason to
    /// begin anew, nor to end others.
    func isDone(_ at: Int) -> Bool {
        guard job?.hasEnded(parts[at].region) ?? false else { return false }
        if case .closing = parts[at].state { return othersGoOn(at) }
        return true
    }

    private func othersGoOn(_ at: Int) -> Bool {
        parts.indices.contains { other in
            switch parts[other].state {
            case .starting, .running, .recovering, .draining: other != at
            case .closing, .failing, .stopped, .failed: false
            }
        }
    }

    /// Its executors are gone, or will be; the part ends when the job says so, if it has not yet.
    mutating func dismiss(_ cause: Cause, _ at: Int) -> [Action] {
        let failure = cause.failure
        let line = LogLine(
            level: .warn, node: failure.node ?? "",
            text: "\(failure.text); all was done by then", code: failure.code)
        guard !parts[at].hasExecutor else { return [.log(line), .kill(parts[at].region)] }
        if case .closing(let why, _, _) = parts[at].state { parts[at].state = .stopped(why) }
        return [.log(line)]
    }

    mutating func recover(_ cause: Cause, _ at: Int, _ now: Int64) -> [Action] {
        let failure = cause.failure
        var wish: EarlyWish?
        switch parts[at].state {
        case .draining(let cause, _): wish = earlyWish(cause, now)
        case .recovering(_, let earlier), .starting(_, let earlier): wish = earlier
        case .running, .closing, .failing, .stopped, .failed: break
        }
        parts[at].state = .recovering(failure, wish: wish)
        let line = LogLine(
            level: .warn, node: failure.node ?? "",
            text: "\(failure.text); going on from the last checkpoint", code: failure.code)
        return [.log(line)]
            + tell(.failed(parts[at].region, failure, cause.origin, culprit: cause.culprit), now)
    }

    /// What remains to be wished when draining failed; sources that ended will do so again.
    private func earlyWish(_ cause: DrainCause, _ now: Int64) -> EarlyWish? {
        cause == .sourcesEnded ? nil : EarlyWish(cause: cause, until: now + drainTimeout)
    }

    /// The job may have its own reasons, such as epochs that fail one after the other.
    private mutating func killAttempt(_ at: Int, _ now: Int64) -> [Action] {
        let region = parts[at].region
        if let cause = job?.cause(of: region) {
            switch parts[at].state {
            case .running: parts[at].state = .recovering(cause, wish: nil)
            case .draining(let why, _):
                parts[at].state = .recovering(cause, wish: earlyWish(why, now))
            case .starting, .recovering, .closing, .failing, .stopped, .failed: break
            }
        }
        return parts[at].hasExecutor ? [.kill(region)] : tell(.gone(region), now)
    }

    private mutating func attemptRuns(_ at: Int, _ now: Int64) -> [Action] {
        switch parts[at].state {
        case .starting(_, let wish), .recovering(_, let wish): return runs(wish, at, now)
        case .running, .draining, .closing, .failing, .stopped, .failed: return []
        }
    }

    private mutating func over(
        _ outcome: JobCoordinator.Outcome, _ at: Int, _ now: Int64
    ) -> [Action] {
        let region = parts[at].region
        switch (outcome, parts[at].state) {
        case (.superseded, _): return [.stepDown]
        case (.failed(let failure), _): return isFailing ? [] : kill(Ending(failure))
        case (_, .closing), (_, .failing), (_, .stopped), (_, .failed): return []
        case (.finishedBefore, _):
            parts[at].state = .stopped(.sourcesEnded)
            let text =
                "the job in this state directory has finished: there is nothing left to do; "
                + "to run it anew, name another one"
            return at == 0 ? [.log(LogLine(level: .info, text: text))] : []
        case (.finished, let state), (.kept, let state):
            var cause = DrainCause.sourcesEnded
            if case .draining(let known, _) = state { cause = known }
            guard parts[at].hasExecutor else {
                parts[at].state = .stopped(cause)
                return []
            }
            // Kept, the data may have ended all the same, just now: then instances want to be
            // destroyed.
            parts[at].state = .closing(
                cause, until: now + drainTimeout, stopped: outcome == .kept)
            return [.send(.close, region), .send(.stop, region)]
        }
    }
}
