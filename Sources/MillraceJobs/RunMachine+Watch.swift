// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceWire

// MARK: - time, and what the shared pages say

extension RunMachine {
    mutating func tick(_ seen: [Observation], _ now: Int64) -> [Action] {
        var actions: [Action] = []
        for at in parts.indices {
            let own = seen.first { $0.region == parts[at].region }
            if parts[at].hasExecutor, let own { parts[at].delivered = own.delivered }
            // It comes again.
            if case .recovering = parts[at].state { parts[at].delivered = 0 }
            actions += tick(own ?? Observation(), at, now)
        }
        return actions + limits(now) + (isFailing ? [] : tell(.tick, now))
    }

    private mutating func tick(_ seen: Observation, _ at: Int, _ now: Int64) -> [Action] {
        let actions = watch(seen, at, now)
        if let killAt = parts[at].killWithoutChannelAt, now >= killAt, !isFailing {
            let text = "the executor closed its channel and went on"
            return actions + kill(Ending(Failure(.invariantBroken, kind: .bug, text)))
        }
        switch parts[at].state {
        case .starting(.hello, _) where parts[at].hasExecutor:
            guard parts[at].watchdog.watched >= Limits.setupNanoseconds else { break }
            return actions + kill(Ending(Failure(.versionSkew, "the executor does not answer")))
        case .starting(_, .some(let wish)) where now >= wish.until,
            .recovering(_, .some(let wish)) where now >= wish.until:
            return actions + kill(Ending(notStopped(at), exitCode: 75))
        case .draining where now >= drainUntil && job?.isCopying != true:
            return actions + kill(Ending(notDrained(seen), exitCode: 75))
        case .closing(_, let until, _) where now >= until:
            let text = "the executor did not end after its work was done"
            return actions + kill(Ending(Failure(.invariantBroken, kind: .bug, text)))
        case .failing(let ending, .some(let killAt)) where now >= killAt:
            return actions + kill(ending)
        case .starting, .running, .recovering, .draining, .closing, .failing, .stopped, .failed:
            break
        }
        return actions + takenOut(seen, now)
    }

    /// Parts that drain have one time limit, and none as long as others have not begun: who has
    /// read all before them may wait.
    private var drainUntil: Int64 {
        parts.map { part in
            switch part.state {
            case .starting(_, nil), .running, .recovering(_, nil): .max
            case .draining(_, let until): until
            case .starting, .recovering, .closing, .failing, .stopped, .failed: 0
            }
        }.max() ?? 0
    }

    /// What the run was told to end after counts in all parts together.
    private mutating func limits(_ now: Int64) -> [Action] {
        guard let since = runningSince, !isFailing else { return [] }
        if let duration = options.duration, now - since >= duration {
            return drain(.timeElapsed, now)
        }
        let delivered = parts.reduce(0) { $0 &+ $1.delivered }
        if let limit = options.limit, delivered >= limit { return drain(.limitReached, now) }
        return []
    }

    mutating func takenOut(_ seen: Observation, _ now: Int64) -> [Action] {
        var actions: [Action] = []
        for taken in seen.taken {
            actions += tell(.taken(node: taken.node, taken.count, of: taken.records), now)
        }
        return actions
    }

    private mutating func watch(
        _ seen: Observation, _ at: Int, _ now: Int64
    ) -> [Action] {
        // Between two attempts nobody is there who could move.
        guard parts[at].hasExecutor else { return [] }
        let isOpen: Bool
        switch parts[at].state {
        case .starting, .recovering: isOpen = false
        case .running, .draining, .closing: isOpen = true
        case .failing, .stopped, .failed: return []
        }
        let findings = parts[at].watchdog.look(
            calls: seen.calls, heartbeat: seen.heartbeat, isOpen: isOpen, now: now)
        var worst: (age: Int64, failure: Failure, stepped: ContentHash?)?
        var actions: [Action] = []
        for finding in findings {
            switch finding {
            case .slow(let call, let age):
                actions.append(.log(slow(call, age)))
            case .hung(let call, let age):
                guard worst.map({ $0.age < age }) ?? true else { continue }
                let failure = CrashReport.hang(plan: plan, call: call, age: age)
                worst = (age, failure, call.box.stepped)
            case .frozen(let age):
                // Named only if no single call explains it better.
                guard worst == nil else { continue }
                worst = (0, CrashReport.frozen(plan: plan, calls: seen.calls, age: age), nil)
            }
        }
        if let (_, failure, stepped) = worst {
            let cause = Cause(failure, .ours, stepped)
            if isDone(at) { return actions + dismiss(cause, at) }
            actions += mayRecover(cause, at) ? recover(cause, at, now) : kill(Ending(failure))
        }
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
        var text = "not drained after \(CrashReport.seconds(drainTimeout)) s"
        text += left.isEmpty ? "; no record waits in a lane" : "; left are \(left)"
        if !who.isEmpty { text += "; at work: \(who)" }
        return Failure(
            .notDrained, node: waiting.last?.node, text, next: "allow more with --drain-timeout")
    }

    private func notStopped(_ at: Int) -> Failure {
        let seconds = CrashReport.seconds(drainTimeout)
        var text = "told to end, and after \(seconds) s records did not flow yet"
        if case .recovering(let failure, _) = parts[at].state {
            text += "; going on has been tried since: \(failure.text)"
        }
        let next =
            options.keepsState
            ? "run it again to go on from the last checkpoint" : "allow more with --drain-timeout"
        return Failure(.notDrained, text, next: next)
    }

    static func skew(_ version: Int, _ release: String) -> Failure {
        Failure(
            .versionSkew,
            "the executor is release \(release) with protocol \(version); this program speaks "
                + "\(ControlChannel.version)",
            next: "install both from one release")
    }

    static func name(_ report: ExecutorReport) -> String {
        switch report {
        case .hello: "hello"
        case .loaded: "loaded"
        case .opened: "opened"
        case .started: "started"
        case .drained: "drained"
        case .stopped: "stopped"
        case .failed: "failed"
        case .log: "log"
        case .tapped: "tapped"
        case .committed: "committed"
        case .fenced: "fenced"
        case .restored: "restored"
        case .acked: "acked"
        case .declined: "declined"
        }
    }
}
