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
            case .start: all.append(start())
            case .kill: all += killAttempt(now)
            case .send(let command): all.append(.send(command))
            case .runs: all += attemptRuns(now)
            case .say(let line): all.append(.log(line))
            case .savepoint(let progress): all.append(.savepoint(progress))
            case .over(let outcome): all += over(outcome, now)
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
    func mayRecover(_ cause: Cause) -> Bool {
        let code = cause.failure.code
        guard job != nil, code != .limitReached, !code.isOfRecords, code != .stateDamaged,
            code != .stateVersion
        else { return false }
        switch state {
        case .starting: return ranSince != nil || cause.origin == .outside
        case .running, .recovering, .draining: return true
        case .closing, .failing, .stopped, .failed: return false
        }
    }

    mutating func recover(_ cause: Cause, _ now: Int64) -> [Action] {
        let failure = cause.failure
        var wish: EarlyWish?
        switch state {
        case .draining(let cause, _): wish = earlyWish(cause, now)
        case .recovering(_, let earlier), .starting(_, let earlier): wish = earlier
        case .running, .closing, .failing, .stopped, .failed: break
        }
        state = .recovering(failure, wish: wish)
        let line = LogLine(
            level: .warn, node: failure.node ?? "",
            text: "\(failure.text); going on from the last checkpoint", code: failure.code)
        return [.log(line)]
            + tell(.failed(failure, cause.origin, culprit: cause.culprit), now)
    }

    /// What remains to be wished when draining failed; sources that ended will do so again.
    private func earlyWish(_ cause: DrainCause, _ now: Int64) -> EarlyWish? {
        cause == .sourcesEnded ? nil : EarlyWish(cause: cause, until: now + drainTimeout)
    }

    /// The job may have its own reasons, such as epochs that fail one after the other.
    private mutating func killAttempt(_ now: Int64) -> [Action] {
        if let cause = job?.cause {
            switch state {
            case .running: state = .recovering(cause, wish: nil)
            case .draining(let why, _):
                state = .recovering(cause, wish: earlyWish(why, now))
            case .starting, .recovering, .closing, .failing, .stopped, .failed: break
            }
        }
        return hasExecutor ? [.kill] : tell(.gone, now)
    }

    private mutating func attemptRuns(_ now: Int64) -> [Action] {
        switch state {
        case .starting(_, let wish), .recovering(_, let wish): return runs(wish, now)
        case .running, .draining, .closing, .failing, .stopped, .failed: return []
        }
    }

    private mutating func over(_ outcome: JobCoordinator.Outcome, _ now: Int64) -> [Action] {
        var cause = DrainCause.sourcesEnded
        if case .draining(let known, _) = state { cause = known }
        let until = now + drainTimeout
        switch outcome {
        case .finished:
            state = .closing(cause, until: until, stopped: false)
            return [.send(.close), .send(.stop)]
        case .kept:
            // The data may have ended all the same, just now: then instances want to be destroyed.
            state = .closing(cause, until: until, stopped: true)
            return [.send(.close), .send(.stop)]
        case .finishedBefore:
            state = .stopped(.sourcesEnded)
            let text =
                "the job in this state directory has finished: there is nothing left to do; "
                + "to run it anew, name another one"
            return [.log(LogLine(level: .info, text: text))]
        case .failed(let failure): return kill(Ending(failure))
        case .superseded: return [.stepDown]
        }
    }
}
