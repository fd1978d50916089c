// SPDX-License-Identifier: Apache-2.0
// One run of a topology on this machine, decided: what happens is an event, what to do about it
// an action; the shell is `LocalRun`.
//
//     starting → running → draining → closing → stopped
//     running, draining → recovering → running
//     any of them → failing → failed
//
// starting   the executor loads plugins and opens tasks; a wish to drain is remembered
// running    records flow
// draining   the sources end; what is under way still reaches the sinks
// recovering an attempt failed, the next one goes on from the last checkpoint; only with a
//            `JobCoordinator`, which decides how (RunMachine+Job.swift)
// closing    everything has arrived, instances are being destroyed
// failing    the cause is known, the executor has to be gone before we are
//
// A second signal kills at once. Whatever the state, the end of the executor is the last event.
import MillraceCore
import MillraceDelivery
import MillraceGraph
import MillraceWire

package struct RunMachine: Sendable {
    package enum Step: Hashable, Sendable { case hello, loading, opening, starting }

    package enum State: Hashable, Sendable {
        /// Waiting for the executor's answer to a step.
        case starting(Step, wish: EarlyWish?)
        /// Records flow; the time is when that began.
        case running(since: Int64)
        /// An attempt failed, and the next one is being made; a wish to drain is remembered.
        case recovering(Failure, wish: EarlyWish?)
        /// The sources have been asked to end.
        case draining(DrainCause, until: Int64)
        /// Waiting for the executor to destroy its instances and to exit.
        case closing(DrainCause, until: Int64, stopped: Bool)
        /// Waiting for the executor to be gone; killed already, or after the time.
        case failing(Ending, killAt: Int64?)
        /// Everything arrived and nothing is left.
        case stopped(DrainCause)
        /// The cause is told and nothing is left.
        case failed(Ending)
    }

    /// An executor that was told to end has so long before it is killed.
    static let graceNanoseconds: Int64 = 5_000_000_000

    package internal(set) var state: State = .starting(.hello, wish: nil)
    /// Checkpoints, and attempts one after the other; nil: the first failure is the last.
    var job: JobCoordinator?
    var hasExecutor = false
    /// When records began to flow, if they have: what fails now is worth another attempt.
    var ranSince: Int64?
    /// A signal has come: the next one kills.
    private var isInterrupted = false
    /// An executor that has closed its channel has so long to end.
    var killWithoutChannelAt: Int64?
    let plan: Plan
    let options: Options
    var drainTimeout: Int64
    /// State is kept even where the run's own folder is not: a savepoint was asked for.
    private var wantsSavepoint = false
    var watchdog: Watchdog

    package init(plan: Plan, options: Options, job: JobCoordinator? = nil) {
        self.plan = plan
        self.options = options
        drainTimeout = options.drainTimeout
        self.job = job
        watchdog = Watchdog(plan: plan)
    }

    /// The first actions; everything else follows from events.
    package mutating func begin() -> [Action] {
        guard let job else { return [start()] }
        return act(job.begin, now: 0)
    }

    /// When a tick is due; nil: nothing waits for a certain time.
    package var deadline: Int64? { job?.deadline }

    mutating func start() -> Action {
        hasExecutor = true
        killWithoutChannelAt = nil
        watchdog = Watchdog(plan: plan)
        return .start(job?.attemptPlan ?? plan)
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

    package mutating func handle(_ event: Event, now: Int64) -> [Action] {
        switch event {
        case .report(let report): return handle(report, now)
        case .channelEnded(let failure): return channelEnded(failure, now)
        case .exited(let clean, let verdict, let origin, let stepped):
            hasExecutor = false
            killWithoutChannelAt = nil
            return exited(clean, Cause(verdict, origin, stepped), now)
        case .counted(let observation): return takenOut(observation, now)
        case .stored(let event): return tell(event, now)
        case .signal(let number): return handle(signal: number, now)
        case .stopRequested(let wish): return stop(wish, now)
        case .savepointRequested(let path): return savepoint(to: path, now)
        case .tick(let observation): return tick(observation, now)
        }
    }
}

extension RunMachine {
    private mutating func handle(_ report: ExecutorReport, _ now: Int64) -> [Action] {
        switch (state, report) {
        case (_, .log(let line)):
            return [.log(line)]
        case (_, .tapped):
            return []
        case (.failing, _), (.stopped, _), (.failed, _):
            return []
        case (.recovering, _) where job?.isBetweenAttempts ?? true:
            return []
        case (_, .failed(let failure)):
            return fail(failure, now)
        case (.starting(.hello, let wish), .hello(let version, let release, _)):
            guard version == ControlChannel.version else {
                return end(Ending(Self.skew(version, release)), now)
            }
            state = .starting(.loading, wish: wish)
            return job == nil ? [.send(.load(plan))] : tell(.report(report), now)
        case (.starting(.loading, let wish), .loaded):
            state = .starting(.opening, wish: wish)
            return job == nil ? [.send(.open(nil))] : tell(.report(report), now)
        case (.starting(.opening, let wish), .opened):
            state = .starting(.starting, wish: wish)
            return job == nil ? [.send(.start)] : tell(.report(report), now)
        case (.starting(.starting, let wish), .started) where job == nil:
            return runs(wish, now)
        case (.running, .drained) where job == nil:
            return close(.sourcesEnded, now)
        case (.draining(let cause, _), .drained) where job == nil:
            return close(cause, now)
        case (.closing(let cause, let until, _), .stopped):
            state = .closing(cause, until: until, stopped: true)
            return []
        case (.running, .drained):
            state = .draining(.sourcesEnded, until: now + drainTimeout)
            return tell(.drains, now) + tell(.report(report), now)
        case (.starting(.starting, _), .committed), (.starting(.starting, _), .fenced),
            (.starting(.starting, _), .restored), (.starting(.starting, _), .started),
            (.recovering, _), (.running, .acked), (.running, .declined), (.running, .committed),
            (.draining, .acked), (.draining, .declined), (.draining, .committed),
            (.draining, .drained), (.closing, .committed), (.closing, .declined),
            (.closing, .acked):
            return job == nil ? wrongTurn(report, now) : tell(.report(report), now)
        case (.starting, _), (.running, _), (.draining, _), (.closing, _):
            return wrongTurn(report, now)
        }
    }

    private mutating func wrongTurn(_ report: ExecutorReport, _ now: Int64) -> [Action] {
        let text = "the executor sent `\(Self.name(report))` when it was not its turn"
        return end(Ending(Failure(.unreachableState, kind: .bug, text)), now)
    }

    mutating func runs(_ wish: EarlyWish?, _ now: Int64) -> [Action] {
        let since = ranSince ?? now
        ranSince = since
        state = .running(since: since)
        return wish.map { drain($0.cause, now) } ?? []
    }

    private mutating func close(_ cause: DrainCause, _ now: Int64) -> [Action] {
        state = .closing(cause, until: now + drainTimeout, stopped: false)
        return [.send(.stop)]
    }

    mutating func drain(_ cause: DrainCause, _ now: Int64) -> [Action] {
        switch state {
        case .starting(let step, nil):
            state = .starting(step, wish: EarlyWish(cause: cause, until: now + drainTimeout))
            return []
        case .recovering(let failure, nil):
            state = .recovering(failure, wish: EarlyWish(cause: cause, until: now + drainTimeout))
            return []
        case .running:
            state = .draining(cause, until: now + drainTimeout)
            return tell(.drains, now)
                + (options.keepsState || wantsSavepoint
                    ? tell(.end(.keepState), now) : [.send(.drain)])
        case .starting, .recovering, .draining, .closing, .failing, .stopped, .failed:
            return []
        }
    }

    private mutating func stop(_ wish: StopWish, _ now: Int64) -> [Action] {
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

    private mutating func handle(signal: Int32, _ now: Int64) -> [Action] {
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

    private mutating func channelEnded(_ failure: Failure?, _ now: Int64) -> [Action] {
        switch state {
        case .closing(_, _, stopped: true), .recovering, .failing, .stopped, .failed:
            return []
        case .starting, .running, .draining, .closing:
            // With the channel its executor ends; how, says the black box a moment later.
            guard let failure else {
                killWithoutChannelAt = now + Self.graceNanoseconds
                return []
            }
            let text = "the executor's messages cannot be read: \(failure.text)"
            let told = Failure(
                .invariantBroken, kind: .bug, text,
                next: "a plugin that writes to descriptors it did not open causes this too")
            return kill(Ending(told))
        }
    }

    private mutating func exited(_ clean: Bool, _ cause: Cause, _ now: Int64) -> [Action] {
        switch state {
        case .closing(let cause, _, stopped: true) where clean: state = .stopped(cause)
        case .failing(let ending, _): state = .failed(ending)
        case .recovering where job?.isBetweenAttempts ?? true: return tell(.gone, now)
        // The job gave up what still ran, and says why once nothing is left.
        case .running where job?.isBetweenAttempts ?? false,
            .draining where job?.isBetweenAttempts ?? false:
            return tell(.gone, now)
        case .starting, .running, .recovering, .draining, .closing:
            guard mayRecover(cause) else {
                state = .failed(Ending(cause.failure))
                return []
            }
            return recover(cause, now) + tell(.gone, now)
        case .stopped, .failed: preconditionFailure("BUG: an executor ended twice")
        }
        return []
    }

    private mutating func fail(_ failure: Failure, _ now: Int64) -> [Action] {
        // What an operator says itself, and not by dying, it says again: only a job that somebody
        // can mend meanwhile asks more than once. A full disk is not the job's to answer for.
        let cause = Cause(failure, failure.code == .noSpaceLeft ? .outside : .ours)
        guard options.keepsState, mayRecover(cause) else { return end(Ending(failure), now) }
        return recover(cause, now)
    }

    /// Nothing is called any more; the executor may still destroy what it made.
    mutating func end(_ ending: Ending, _ now: Int64) -> [Action] {
        guard hasExecutor else {
            state = .failed(ending)
            return []
        }
        state = .failing(ending, killAt: now + Self.graceNanoseconds)
        return [.send(.stop)]
    }
}
