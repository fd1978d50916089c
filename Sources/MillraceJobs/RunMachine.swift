// SPDX-License-Identifier: Apache-2.0
// One run of a topology on this machine, decided: what happens is an event, what to do about it
// an action; the shell is `LocalRun`. Each region of a job is in a state of its own; without a job
// the whole graph is one part. The run ends when all have ended, and with the first that fails.
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

    /// What goes its way by itself.
    struct Part: Sendable {
        let region: RegionID
        var state: State = .starting(.hello, wish: nil)
        var hasExecutor = false
        /// When records began to flow, if they have: what fails now is worth another attempt.
        var ranSince: Int64?
        /// An executor that has closed its channel has so long to end.
        var killWithoutChannelAt: Int64?
        var watchdog: Watchdog
        /// Records that the sinks took, when somebody looked last.
        var delivered: UInt64 = 0
    }

    /// Of a run that is not divided.
    package static let whole: RegionID = 1

    var parts: [Part]
    /// Checkpoints, and attempts one after the other; nil: the first failure is the last.
    var job: JobCoordinator?
    /// A signal has come: the next one kills.
    var isInterrupted = false
    /// All parts are to drain.
    var hasBeenTold = false
    let plan: Plan
    let options: Options
    var drainTimeout: Int64
    /// State is kept even where the run's own folder is not: a savepoint was asked for.
    var wantsSavepoint = false

    package init(plan: Plan, options: Options, job: JobCoordinator? = nil) {
        self.plan = plan
        self.options = options
        drainTimeout = options.drainTimeout
        self.job = job
        parts = (job?.regions ?? [Self.whole]).map {
            Part(region: $0, watchdog: Watchdog(plan: plan))
        }
    }

    /// The first actions; everything else follows from events.
    package mutating func begin() -> [Action] {
        guard let job else { return [start(0)] }
        return act(job.begin, now: 0)
    }

    /// When a tick is due; nil: nothing waits for a certain time.
    package var deadline: Int64? { job?.deadline }

    mutating func start(_ at: Int) -> Action {
        let region = parts[at].region
        parts[at].hasExecutor = true
        parts[at].killWithoutChannelAt = nil
        parts[at].watchdog = Watchdog(plan: plan)
        guard let attempt = job?.attempt(of: region) else {
            return .start(plan, executors: Array(0..<plan.executorCount), region)
        }
        return .start(attempt.plan, executors: attempt.executors, region)
    }

    func place(of region: RegionID) -> Int {
        guard let at = parts.firstIndex(where: { $0.region == region }) else {
            preconditionFailure("BUG: no region \(region) in this run")
        }
        return at
    }

    package mutating func handle(_ event: Event, now: Int64) -> [Action] {
        switch event {
        case .report(let report, let region): return handle(report, place(of: region), now)
        case .channelEnded(let failure, let region):
            return channelEnded(failure, place(of: region), now)
        case .exited(let clean, let verdict, let origin, let stepped, let region):
            let at = place(of: region)
            parts[at].hasExecutor = false
            parts[at].killWithoutChannelAt = nil
            return exited(clean, Cause(verdict, origin, stepped), at, now)
        case .counted(let observation): return takenOut(observation, now)
        case .stored(let event): return tell(event, now)
        case .signal(let number): return handle(signal: number, now)
        case .stopRequested(let wish): return stop(wish, now)
        case .savepointRequested(let path): return savepoint(to: path, now)
        case .tick(let observations): return tick(observations, now)
        }
    }
}

extension RunMachine {
    private mutating func handle(
        _ report: ExecutorReport, _ at: Int, _ now: Int64
    ) -> [Action] {
        let region = parts[at].region
        switch (parts[at].state, report) {
        case (_, .log(let line)):
            return [.log(line)]
        case (_, .tapped):
            return []
        case (.failing, _), (.stopped, _), (.failed, _):
            return []
        case (.recovering, _) where job?.isBetweenAttempts(region) ?? true:
            return []
        case (_, .failed(let failure)):
            return fail(failure, at, now)
        case (.starting(.hello, let wish), .hello(let version, let release, _)):
            guard version == ControlChannel.version else {
                return end(Ending(Self.skew(version, release)), now)
            }
            parts[at].state = .starting(.loading, wish: wish)
            return job == nil ? [.send(.load(plan), region)] : tell(.report(region, report), now)
        case (.starting(.loading, let wish), .loaded):
            parts[at].state = .starting(.opening, wish: wish)
            return job == nil ? [.send(.open(nil), region)] : tell(.report(region, report), now)
        case (.starting(.opening, let wish), .opened):
            parts[at].state = .starting(.starting, wish: wish)
            return job == nil ? [.send(.start, region)] : tell(.report(region, report), now)
        case (.starting(.starting, let wish), .started) where job == nil:
            return runs(wish, at, now)
        case (.running, .drained) where job == nil:
            return close(.sourcesEnded, at, now)
        case (.draining(let cause, _), .drained) where job == nil:
            return close(cause, at, now)
        case (.closing(let cause, let until, _), .stopped):
            parts[at].state = .closing(cause, until: until, stopped: true)
            return []
        case (.running, .drained):
            parts[at].state = .draining(.sourcesEnded, until: now + drainTimeout)
            return tell(.drains(region), now) + tell(.report(region, report), now)
        case (.starting(.starting, _), .committed), (.starting(.starting, _), .fenced),
            (.starting(.starting, _), .restored), (.starting(.starting, _), .started),
            (.recovering, _), (.running, .acked), (.running, .declined), (.running, .committed),
            (.draining, .acked), (.draining, .declined), (.draining, .committed),
            (.draining, .drained), (.closing, .committed), (.closing, .declined),
            (.closing, .acked):
            return job == nil ? wrongTurn(report, now) : tell(.report(region, report), now)
        case (.starting, _), (.running, _), (.draining, _), (.closing, _):
            return wrongTurn(report, now)
        }
    }

    private mutating func wrongTurn(_ report: ExecutorReport, _ now: Int64) -> [Action] {
        let text = "the executor sent `\(Self.name(report))` when it was not its turn"
        return end(Ending(Failure(.unreachableState, kind: .bug, text)), now)
    }

    mutating func runs(_ wish: EarlyWish?, _ at: Int, _ now: Int64) -> [Action] {
        let since = parts[at].ranSince ?? now
        parts[at].ranSince = since
        parts[at].state = .running(since: since)
        return wish.map { drain($0.cause, at, now) } ?? []
    }

    private mutating func close(_ cause: DrainCause, _ at: Int, _ now: Int64) -> [Action] {
        parts[at].state = .closing(cause, until: now + drainTimeout, stopped: false)
        return [.send(.stop, parts[at].region)]
    }

    private mutating func channelEnded(
        _ failure: Failure?, _ at: Int, _ now: Int64
    ) -> [Action] {
        switch parts[at].state {
        case .closing(_, _, stopped: true), .recovering, .failing, .stopped, .failed:
            return []
        case .starting, .running, .draining, .closing:
            // With the channel its executor ends; how, says the black box a moment later.
            guard let failure else {
                parts[at].killWithoutChannelAt = now + Self.graceNanoseconds
                return []
            }
            let text = "the executor's messages cannot be read: \(failure.text)"
            let told = Failure(
                .invariantBroken, kind: .bug, text,
                next: "a plugin that writes to descriptors it did not open causes this too")
            return kill(Ending(told))
        }
    }

    private mutating func exited(
        _ clean: Bool, _ cause: Cause, _ at: Int, _ now: Int64
    ) -> [Action] {
        let region = parts[at].region
        switch parts[at].state {
        case .closing(let cause, _, stopped: true) where clean: parts[at].state = .stopped(cause)
        case .failing(let ending, _): parts[at].state = .failed(ending)
        case .recovering where job?.isBetweenAttempts(region) ?? true:
            return tell(.gone(region), now)
        // The job gave up what still ran, and says why once nothing is left.
        case .running where !isDone(at) && job?.isBetweenAttempts(region) ?? false,
            .draining where !isDone(at) && job?.isBetweenAttempts(region) ?? false:
            return tell(.gone(region), now)
        case .running where isDone(at), .draining where isDone(at), .closing where isDone(at):
            return dismiss(cause, at)
        case .starting, .running, .recovering, .draining, .closing:
            guard mayRecover(cause, at) else { return kill(Ending(cause.failure)) }
            return recover(cause, at, now) + tell(.gone(region), now)
        case .stopped, .failed: preconditionFailure("BUG: an executor ended twice")
        }
        return []
    }

    private mutating func fail(_ failure: Failure, _ at: Int, _ now: Int64) -> [Action] {
        // What an operator says itself, and not by dying, it says again: only a job that somebody
        // can mend meanwhile asks more than once. A full disk is not the job's to answer for.
        let cause = Cause(failure, failure.code == .noSpaceLeft ? .outside : .ours)
        if isDone(at) { return dismiss(cause, at) }
        guard options.keepsState, mayRecover(cause, at) else { return end(Ending(failure), now) }
        return recover(cause, at, now)
    }

    /// Nothing is called any more; the executors may still destroy what they made.
    mutating func end(_ ending: Ending, _ now: Int64) -> [Action] {
        ends(ending, killAt: now + Self.graceNanoseconds) { .send(.stop, $0) }
    }

    mutating func kill(_ ending: Ending) -> [Action] {
        ends(ending, killAt: nil) { .kill($0) }
    }

    /// One failed, or somebody wants no more: that ends all.
    private mutating func ends(
        _ ending: Ending, killAt: Int64?, _ action: (RegionID) -> Action
    ) -> [Action] {
        var actions: [Action] = []
        for at in parts.indices {
            switch parts[at].state {
            case .stopped, .failed: continue
            case .starting, .running, .recovering, .draining, .closing, .failing: break
            }
            guard parts[at].hasExecutor else {
                parts[at].state = .failed(ending)
                continue
            }
            parts[at].state = .failing(ending, killAt: killAt)
            actions.append(action(parts[at].region))
        }
        return actions
    }
}
