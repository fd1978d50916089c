// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceDelivery
import MillraceWire

// MARK: - the run as a whole: what state it is in, and how somebody ends it

extension RunMachine {
    /// Of the run: the worst that can be said of a part of it, and the earliest.
    package var state: State {
        let states = parts.map(\.state)
        guard let worst = states.min(by: { Self.rank($0) < Self.rank($1) }) else {
            preconditionFailure("BUG: a run without parts")
        }
        // Who was told to end ends, whatever a part of it has to do anew before.
        if hasBeenTold, Self.rank(worst) > 1, let draining = states.first(where: Self.drains) {
            return draining
        }
        switch worst {
        case .running(let since): return .running(since: runningSince ?? since)
        case .stopped(let first):
            // Some may have read all before somebody ended the others.
            let causes = states.compactMap { if case .stopped(let why) = $0 { why } else { nil } }
            return .stopped(causes.first { $0 != .sourcesEnded } ?? first)
        case .starting, .recovering, .draining, .closing, .failing, .failed: return worst
        }
    }

    private static func drains(_ state: State) -> Bool {
        if case .draining = state { true } else { false }
    }

    private static func rank(_ state: State) -> Int {
        switch state {
        case .failing: 0
        case .failed: 1
        case .recovering: 2
        case .starting: 3
        case .running: 4
        case .draining: 5
        case .closing: 6
        case .stopped: 7
        }
    }

    /// Since when records of a part flow that has not been told to end; nil: there is none.
    var runningSince: Int64? {
        parts.compactMap { if case .running(let since) = $0.state { since } else { nil } }.min()
    }

    /// True once the run is over.
    package var isOver: Bool {
        switch state {
        case .stopped, .failed: true
        case .starting, .running, .recovering, .draining, .closing, .failing: false
        }
    }

    var isFailing: Bool {
        switch state {
        case .failing, .failed: true
        case .starting, .running, .recovering, .draining, .closing, .stopped: false
        }
    }

    /// All parts.
    mutating func drain(_ cause: DrainCause, _ now: Int64) -> [Action] {
        hasBeenTold = true
        return parts.indices.flatMap { drain(cause, $0, now) }
    }

    mutating func drain(_ cause: DrainCause, _ at: Int, _ now: Int64) -> [Action] {
        let region = parts[at].region
        let until = now + drainTimeout
        switch parts[at].state {
        case .starting(let step, nil):
            parts[at].state = .starting(step, wish: EarlyWish(cause: cause, until: until))
            return []
        case .recovering(let failure, nil):
            parts[at].state = .recovering(failure, wish: EarlyWish(cause: cause, until: until))
            return []
        case .running:
            parts[at].state = .draining(cause, until: until)
            return tell(.drains(region), now)
                + (options.keepsState || wantsSavepoint
                    ? tell(.end(region, .keepState), now) : [.send(.drain, region)])
        case .starting, .recovering, .draining, .closing, .failing, .stopped, .failed:
            return []
        }
    }

    mutating func stop(_ wish: StopWish, _ now: Int64) -> [Action] {
        switch state {
        case .starting, .running, .recovering: break
        case .draining, .closing: if !wish.now { return [] }
        case .failing, .stopped, .failed: return []
        }
        if wish.now {
            let failure = Failure(.notDrained, "ended at once, as was asked; \(whatIsLeft)")
            return kill(Ending(failure))
        }
        drainTimeout = wish.drainTimeout ?? drainTimeout
        guard let path = wish.savepoint else { return drain(.asked, now) }
        precondition(job != nil, "BUG: a savepoint of a run that has no state")
        wantsSavepoint = true
        return tell(.savepoint(to: path), now) + drain(.asked, now)
    }

    mutating func handle(signal: Int32, _ now: Int64) -> [Action] {
        guard isInterrupted else {
            isInterrupted = true
            return drain(.interrupted, now)
        }
        switch state {
        case .starting, .running, .recovering, .draining, .closing:
            let failure = Failure(.notDrained, "ended by a second signal; \(whatIsLeft)")
            return kill(Ending(failure, exitCode: 128 + signal))
        case .failing(let ending, _):
            return kill(ending)
        case .stopped, .failed:
            return []
        }
    }

    /// Of a run that ends without having drained.
    private var whatIsLeft: String {
        options.keepsState
            ? "the next run goes on from the last checkpoint" : "what was under way is lost"
    }
}
