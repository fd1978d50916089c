// SPDX-License-Identifier: Apache-2.0
// One run of a topology on this machine, decided: what happens is an event, what to do about it
// an action; the shell is `LocalRun`.
//
//     starting → running → draining → closing → stopped
//     any of them → failing → failed
//
// starting   the executor loads plugins and opens tasks; a wish to drain is remembered
// running    records flow
// draining   the sources end; what is under way still reaches the sinks
// closing    everything has arrived, instances are being destroyed
// failing    the cause is known, the executor has to be gone before we are
//
// A second signal kills at once. Whatever the state, the end of the executor is the last event.
import MillraceCore
import MillraceGraph
import MillraceWire

/// Why a run drains.
package enum DrainCause: String, Hashable, Sendable {
    case sourcesEnded, interrupted, timeElapsed, limitReached, asked
}

package struct RunMachine: Sendable {
    package struct Options: Hashable, Sendable {
        package var drainTimeout: Int64
        /// Drain after so many nanoseconds of running; nil: never.
        package var duration: Int64?
        /// Drain once the sinks took so many records; nil: never.
        package var limit: UInt64?

        package init(
            drainTimeout: Int64 = Limits.drainNanoseconds, duration: Int64? = nil,
            limit: UInt64? = nil
        ) {
            self.drainTimeout = drainTimeout
            self.duration = duration
            self.limit = limit
        }
    }

    /// Why it failed, and the exit code of the command.
    package struct Ending: Hashable, Sendable {
        package var failure: Failure
        package var exitCode: Int32

        init(_ failure: Failure, exitCode: Int32? = nil) {
            self.failure = failure
            self.exitCode = exitCode ?? failure.code.exitCode
        }
    }

    package enum Step: Hashable, Sendable { case hello, loading, opening, starting }

    package enum State: Hashable, Sendable {
        /// Waiting for the executor's answer to a step.
        case starting(Step, wish: DrainCause?)
        /// Records flow; the time is when that began.
        case running(since: Int64)
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

    /// Records that wait before a node.
    package struct Backlog: Hashable, Sendable {
        package var node: String
        package var records: UInt64

        package init(node: String, records: UInt64) {
            self.node = node
            self.records = records
        }
    }

    /// What the shared pages say, every 100 ms.
    package struct Observation: Hashable, Sendable {
        package var calls: [Watchdog.Call]
        package var heartbeat: Int64
        /// Records that the sinks took.
        package var delivered: UInt64
        package var backlog: [Backlog]

        package init(
            calls: [Watchdog.Call] = [], heartbeat: Int64 = 0, delivered: UInt64 = 0,
            backlog: [Backlog] = []
        ) {
            self.calls = calls
            self.heartbeat = heartbeat
            self.delivered = delivered
            self.backlog = backlog
        }
    }

    package enum Event: Hashable, Sendable {
        case report(ExecutorReport)
        /// The executor closed the channel, or something came through it that is no message.
        case channelEnded(Failure?)
        /// The executor is gone; the verdict is told unless it ended as it should.
        case exited(clean: Bool, verdict: Failure)
        /// INT, TERM or HUP came.
        case signal(Int32)
        case stopRequested
        case tick(Observation)
    }

    package enum Action: Hashable, Sendable {
        case send(ExecutorCommand)
        case kill
        case log(LogLine)
    }

    /// An executor that was told to end has so long before it is killed.
    static let graceNanoseconds: Int64 = 5_000_000_000

    package private(set) var state: State = .starting(.hello, wish: nil)
    /// A signal has come: the next one kills.
    private var isInterrupted = false
    /// An executor that has closed its channel has so long to end.
    private var killWithoutChannelAt: Int64?
    private let plan: Plan
    private let options: Options
    private var watchdog: Watchdog

    package init(plan: Plan, options: Options) {
        self.plan = plan
        self.options = options
        watchdog = Watchdog(plan: plan)
    }

    /// True once the run is over.
    package var isOver: Bool {
        switch state {
        case .stopped, .failed: true
        case .starting, .running, .draining, .closing, .failing: false
        }
    }

    private var isFailing: Bool {
        switch state {
        case .failing, .failed: true
        case .starting, .running, .draining, .closing, .stopped: false
        }
    }

    package mutating func handle(_ event: Event, now: Int64) -> [Action] {
        switch event {
        case .report(let report): return handle(report, now)
        case .channelEnded(let failure): return channelEnded(failure, now)
        case .exited(let clean, let verdict):
            exited(clean, verdict)
            return []
        case .signal(let number): return handle(signal: number, now)
        case .stopRequested: return drain(.asked, now)
        case .tick(let observation): return tick(observation, now)
        }
    }
}

extension RunMachine {
    private mutating func handle(_ report: ExecutorReport, _ now: Int64) -> [Action] {
        switch (state, report) {
        case (_, .log(let line)):
            return [.log(line)]
        case (.failing, _), (.stopped, _), (.failed, _):
            return []
        case (_, .failed(let failure)):
            return fail(Ending(failure), now)
        case (.starting(.hello, let wish), .hello(let version, let release, _)):
            guard version == ControlChannel.version else {
                return fail(Ending(Self.skew(version, release)), now)
            }
            state = .starting(.loading, wish: wish)
            return [.send(.load(plan))]
        case (.starting(.loading, let wish), .loaded):
            state = .starting(.opening, wish: wish)
            return [.send(.open)]
        case (.starting(.opening, let wish), .opened):
            state = .starting(.starting, wish: wish)
            return [.send(.start)]
        case (.starting(.starting, let wish), .started):
            state = .running(since: now)
            return wish.map { drain($0, now) } ?? []
        case (.running, .drained):
            return close(.sourcesEnded, now)
        case (.draining(let cause, _), .drained):
            return close(cause, now)
        case (.closing(let cause, let until, false), .stopped):
            state = .closing(cause, until: until, stopped: true)
            return []
        case (.starting, _), (.running, _), (.draining, _), (.closing, _):
            let text = "the executor sent `\(Self.name(report))` when it was not its turn"
            return fail(Ending(Failure(.unreachableState, kind: .bug, text)), now)
        }
    }

    private mutating func close(_ cause: DrainCause, _ now: Int64) -> [Action] {
        state = .closing(cause, until: now + options.drainTimeout, stopped: false)
        return [.send(.stop)]
    }

    private mutating func drain(_ cause: DrainCause, _ now: Int64) -> [Action] {
        switch state {
        case .starting(let step, nil):
            state = .starting(step, wish: cause)
            return []
        case .running:
            state = .draining(cause, until: now + options.drainTimeout)
            return [.send(.drain)]
        case .starting, .draining, .closing, .failing, .stopped, .failed:
            return []
        }
    }

    private mutating func handle(signal: Int32, _ now: Int64) -> [Action] {
        guard isInterrupted else {
            isInterrupted = true
            return drain(.interrupted, now)
        }
        switch state {
        case .starting, .running, .draining, .closing:
            let failure = Failure(
                .notDrained, "ended by a second signal; what was under way is lost")
            return kill(Ending(failure, exitCode: 128 + signal))
        case .failing(let ending, _):
            return kill(ending)
        case .stopped, .failed:
            return []
        }
    }

    private mutating func channelEnded(_ failure: Failure?, _ now: Int64) -> [Action] {
        switch state {
        case .closing(_, _, stopped: true), .failing, .stopped, .failed:
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

    private mutating func exited(_ clean: Bool, _ verdict: Failure) {
        switch state {
        case .closing(let cause, _, stopped: true) where clean: state = .stopped(cause)
        case .failing(let ending, _): state = .failed(ending)
        case .starting, .running, .draining, .closing: state = .failed(Ending(verdict))
        case .stopped, .failed: preconditionFailure("BUG: an executor ended twice")
        }
    }

    /// Nothing is called any more; the executor may still destroy what it made.
    private mutating func fail(_ ending: Ending, _ now: Int64) -> [Action] {
        state = .failing(ending, killAt: now + Self.graceNanoseconds)
        return [.send(.stop)]
    }
}

extension RunMachine {
    private mutating func tick(_ seen: Observation, _ now: Int64) -> [Action] {
        var actions = watch(seen, now)
        if let killAt = killWithoutChannelAt, now >= killAt, !isFailing {
            let text = "the executor closed its channel and went on"
            return actions + kill(Ending(Failure(.invariantBroken, kind: .bug, text)))
        }
        switch state {
        case .starting(.hello, _):
            guard watchdog.watched >= Limits.setupNanoseconds else { break }
            return actions + kill(Ending(Failure(.versionSkew, "the executor does not answer")))
        case .running(let since):
            if let duration = options.duration, now - since >= duration {
                actions += drain(.timeElapsed, now)
            } else if let limit = options.limit, seen.delivered >= limit {
                actions += drain(.limitReached, now)
            }
        case .draining(_, let until) where now >= until:
            return actions + kill(Ending(notDrained(seen), exitCode: 75))
        case .closing(_, let until, _) where now >= until:
            let text = "the executor did not end after its work was done"
            return actions + kill(Ending(Failure(.invariantBroken, kind: .bug, text)))
        case .failing(let ending, .some(let killAt)) where now >= killAt:
            return actions + kill(ending)
        case .starting, .draining, .closing, .failing, .stopped, .failed:
            break
        }
        return actions
    }

    private mutating func kill(_ ending: Ending) -> [Action] {
        state = .failing(ending, killAt: nil)
        return [.kill]
    }

    private mutating func watch(_ seen: Observation, _ now: Int64) -> [Action] {
        let isOpen: Bool
        switch state {
        case .starting: isOpen = false
        case .running, .draining, .closing: isOpen = true
        case .failing, .stopped, .failed: return []
        }
        let findings = watchdog.look(
            calls: seen.calls, heartbeat: seen.heartbeat, isOpen: isOpen, now: now)
        var worst: (age: Int64, failure: Failure)?
        var actions: [Action] = []
        for finding in findings {
            switch finding {
            case .slow(let call, let age):
                actions.append(.log(slow(call, age)))
            case .hung(let call, let age):
                guard worst.map({ $0.age < age }) ?? true else { continue }
                worst = (age, CrashReport.hang(plan: plan, call: call, age: age))
            case .frozen(let age):
                // Named only if no single call explains it better.
                guard worst == nil else { continue }
                worst = (0, CrashReport.frozen(plan: plan, calls: seen.calls, age: age))
            }
        }
        if let worst { actions += kill(Ending(worst.failure)) }
        return actions
    }

    private func slow(_ call: Watchdog.Call, _ age: Int64) -> LogLine {
        let place = TaskPlace(plan: plan, task: call.task, box: call.box)
        return LogLine(
            level: .warn, node: place.node, instance: Int(call.box.instance),
            text: "\(call.box.call.name) has not returned for "
                + "\(CrashReport.seconds(age)) s (\(place.operation))", code: .hang)
    }

    private func notDrained(_ seen: Observation) -> Failure {
        let waiting = seen.backlog.filter { $0.records > 0 }
        let left = waiting.map { "\($0.records) before \($0.node)" }.joined(separator: ", ")
        let busy = Set(seen.calls.map { TaskPlace(plan: plan, task: $0.task, box: $0.box).node })
        let who = busy.sorted().joined(separator: ", ")
        var text = "not drained after \(CrashReport.seconds(options.drainTimeout)) s"
        text += left.isEmpty ? "; no record waits in a lane" : "; left are \(left)"
        if !who.isEmpty { text += "; at work: \(who)" }
        return Failure(
            .notDrained, node: waiting.last?.node, text, next: "allow more with --drain-timeout")
    }

    private static func skew(_ version: Int, _ release: String) -> Failure {
        Failure(
            .versionSkew,
            "the executor is release \(release) with protocol \(version); this program speaks "
                + "\(ControlChannel.version)",
            next: "install both from one release")
    }

    private static func name(_ report: ExecutorReport) -> String {
        switch report {
        case .hello: "hello"
        case .loaded: "loaded"
        case .opened: "opened"
        case .started: "started"
        case .drained: "drained"
        case .stopped: "stopped"
        case .failed: "failed"
        case .log: "log"
        }
    }
}
