// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph
import MillraceSystem
import MillraceWire
import Synchronization

/// How a run ended.
package struct RunOutcome: Sendable {
    package var exitCode: Int32
    /// nil: everything arrived.
    package var failure: Failure?
    package var summary: RunSnapshot
}

/// Runs one plan in one executor child, in the foreground: the shell of `RunMachine`.
///
/// On every way out of `run` the executor is gone, its channel closed and its pages unmapped.
package final class LocalRun: Sendable {
    package struct Options: Sendable {
        package var machine: RunMachine.Options
        /// Of the executable, before anything else.
        package var arguments: [String]

        package init(
            drainTimeout: Int64 = Limits.drainNanoseconds, duration: Int64? = nil,
            limit: UInt64? = nil, arguments: [String] = ["executor"]
        ) {
            machine = RunMachine.Options(
                drainTimeout: drainTimeout, duration: duration, limit: limit)
            self.arguments = arguments
        }
    }

    private enum Token {
        static let child: UInt64 = 1
        static let signals: UInt64 = 2
    }

    /// guarded by `shared`: what other threads ask for and about
    private struct Shared {
        /// nil: before the start and after the end.
        var executor: ExecutorProcess?
        var events: [RunMachine.Event] = []
        var phase = RunPhase.starting
        var since = WallClock.now()
        var runningSince: Int64?
        var metrics: [MetricCell] = []
        /// The last look at the pages, once the executor is gone.
        var last: RunSnapshot?
    }

    package let plan: Plan
    private let executable: String
    private let options: Options
    private let signals: SignalWatch?
    private let onLog: @Sendable (LogLine) -> Void
    private let onStateChange: @Sendable (RunPhase) -> Void
    private let poller: Poller
    private let shared = Mutex(Shared())
    private let memoryKillsBefore = MemoryKills.count()

    /// `executable`: usually `ChildProcess.ownExecutable()`. `onLog` is called on two threads,
    /// `onStateChange` on the one that calls `run`.
    package init(
        plan: Plan, executable: String, options: Options = Options(), signals: SignalWatch? = nil,
        onLog: @escaping @Sendable (LogLine) -> Void = { _ in },
        onStateChange: @escaping @Sendable (RunPhase) -> Void = { _ in }
    ) throws(SystemError) {
        self.plan = plan
        self.executable = executable
        self.options = options
        self.signals = signals
        self.onLog = onLog
        self.onStateChange = onStateChange
        poller = try Poller()
    }

    /// Any thread: drains as a first signal does. Returns at once.
    package func requestStop() { post(.stopRequested) }

    /// Any thread, also before and after the run.
    package func status() -> RunSnapshot {
        // Looked at outside of the lock: ten thousand tasks take some milliseconds.
        let copy = shared.withLock { $0 }
        return copy.last ?? look(copy)
    }

    /// Returns when the run is over. Once. The executor dies with the calling thread.
    package func run() -> RunOutcome {
        let executor: ExecutorProcess
        do {
            executor = try ExecutorProcess(
                executable: executable, arguments: options.arguments, tasks: plan.taskCount
            ) { [self] event in
                receive(event)
            }
        } catch {
            return cannotStart(error)
        }
        do {
            try poller.add(executor.child.descriptor, token: Token.child)
            if let signals { try poller.add(signals.descriptor, token: Token.signals) }
        } catch {
            executor.end()
            return cannotStart(error)
        }
        shared.withLock { $0.executor = executor }
        var machine = RunMachine(plan: plan, options: options.machine)
        var due = MonotonicClock.now() + Watchdog.intervalNanoseconds
        while !machine.isOver { turn(&machine, executor, due: &due) }
        finish(executor)
        return outcome(machine)
    }
}

extension LocalRun {
    /// Waits for something to happen, for an interval at most, and lets the machine decide.
    private func turn(
        _ machine: inout RunMachine, _ executor: ExecutorProcess, due: inout Int64
    ) {
        let tokens = wait(until: due)
        if tokens.contains(Token.signals) {
            while let signal = signals?.next() { handle(.signal(signal), &machine, executor) }
        }
        let exit = tokens.contains(Token.child) ? executor.child.poll() : nil
        // After the exit every report that was sent is queued, and none comes after it.
        if exit != nil { executor.end() }
        for event in takeEvents() { handle(event, &machine, executor) }
        if let exit {
            poller.remove(executor.child.descriptor)
            handle(exited(executor, exit), &machine, executor)
            return
        }
        guard MonotonicClock.now() >= due else { return }
        handle(.tick(observe(executor)), &machine, executor)
        due = MonotonicClock.now() + Watchdog.intervalNanoseconds
    }

    private func wait(until due: Int64) -> [UInt64] {
        let left = max(due - MonotonicClock.now(), 0)
        do {
            return try poller.wait(milliseconds: Int32((left + 999_999) / 1_000_000))
        } catch {
            preconditionFailure("BUG: cannot wait: \(error)")
        }
    }

    private func handle(
        _ event: RunMachine.Event, _ machine: inout RunMachine, _ executor: ExecutorProcess
    ) {
        if case .report(.opened(let metrics)) = event {
            shared.withLock { $0.metrics = metrics }
        }
        let before = machine.state
        let actions = machine.handle(event, now: MonotonicClock.now())
        if machine.state != before { publish(machine.state) }
        for action in actions {
            switch action {
            case .send(let command):
                // Who does not take it is gone, or has no use for the channel any more.
                if !executor.send(command) { handle(.channelEnded(nil), &machine, executor) }
            case .kill: executor.kill()
            case .log(let line): onLog(line)
            }
        }
    }

    private func exited(
        _ executor: ExecutorProcess, _ exit: ChildProcess.Exit
    ) -> RunMachine.Event {
        let report = CrashReport(
            plan: plan, process: executor.process(), boxes: executor.boxes(), exit: exit,
            memoryWasShort: MemoryKills.count() > memoryKillsBefore)
        return .exited(clean: exit == .exited(code: 0), verdict: report.failure)
    }

    private func observe(_ executor: ExecutorProcess) -> RunMachine.Observation {
        var seen = RunMachine.Observation(
            calls: executor.calls(), heartbeat: executor.process()?.heartbeat ?? 0)
        var task = 0
        for node in plan.nodes {
            var waiting: UInt64 = 0
            for _ in 0..<node.parallelism {
                let counters = executor.counters(of: task)
                waiting &+= counters.queue
                if node.operation.kind == .sink { seen.delivered &+= counters.recordsIn }
                task += 1
            }
            if waiting > 0 { seen.backlog.append(.init(node: node.id, records: waiting)) }
        }
        return seen
    }

    private func publish(_ state: RunMachine.State) {
        let now = MonotonicClock.now()
        let phase = RunPhase(state, now: now)
        let changed = shared.withLock { shared -> Bool in
            if case .running = state { shared.runningSince = now }
            guard shared.phase.isOther(than: phase) else { return false }
            shared.phase = phase
            shared.since = WallClock.now()
            return true
        }
        if changed { onStateChange(phase) }
    }

    private func finish(_ executor: ExecutorProcess) {
        executor.end()
        if let signals { poller.remove(signals.descriptor) }
        shared.withLock { shared in
            shared.last = look(shared)
            shared.executor = nil
        }
    }

    private func outcome(_ machine: RunMachine) -> RunOutcome {
        switch machine.state {
        case .stopped:
            return RunOutcome(exitCode: 0, failure: nil, summary: status())
        case .failed(let ending):
            return RunOutcome(
                exitCode: ending.exitCode, failure: ending.failure, summary: status())
        case .starting, .running, .draining, .closing, .failing:
            preconditionFailure("BUG: the run is not over")
        }
    }

    private func cannotStart(_ error: SystemError) -> RunOutcome {
        let failure = error.failure(error.isOutOfMemory ? .outOfMemory : .invariantBroken)
        let summary = shared.withLock { shared -> RunSnapshot in
            shared.phase = .failed(failure)
            shared.since = WallClock.now()
            shared.last = look(shared)
            return look(shared)
        }
        onStateChange(.failed(failure))
        return RunOutcome(
            exitCode: failure.code.exitCode, failure: failure, summary: summary)
    }
}

extension LocalRun {
    /// On the thread that reads reports. Logs go out here: however many there are, they fill no
    /// queue of ours.
    private func receive(_ event: ExecutorProcess.Event) {
        switch event {
        case .report(.log(let line)): onLog(line)
        case .report(let report): post(.report(report))
        case .channelEnded(let failure): post(.channelEnded(failure))
        }
    }

    private func post(_ event: RunMachine.Event) {
        shared.withLock { $0.events.append(event) }
        poller.wake()
    }

    private func takeEvents() -> [RunMachine.Event] {
        shared.withLock { shared in
            defer { shared.events = [] }
            return shared.events
        }
    }

    private func look(_ shared: Shared) -> RunSnapshot {
        let now = MonotonicClock.now()
        let executor = shared.executor
        let tasks = (0..<plan.taskCount).map { task -> TaskSample in
            guard let executor else { return .zero }
            let cells = executor.cells(of: task)
            var age: Int64 = 0
            if let box = executor.box(of: task), box.state == .inPlugin, box.callStart > 0 {
                age = max(0, now &- box.callStart)
            }
            return TaskSample(cells: cells, times: cells.times(now: now), callAge: age)
        }
        let metrics = shared.metrics.compactMap { cell -> MetricSample? in
            guard let executor, tasks.indices.contains(cell.task) else { return nil }
            if case .histogram = cell.kind {
                let histogram = executor.histogram(cell.index)
                return MetricSample(cell: cell, value: histogram?.count ?? 0, histogram: histogram)
            }
            guard (0..<Cells.metricCells).contains(cell.index) else { return nil }
            return MetricSample(cell: cell, value: tasks[cell.task].cells.metrics[cell.index])
        }
        return RunSnapshot(
            plan: plan, phase: shared.phase, since: shared.since, instant: now,
            running: shared.runningSince.map { now - $0 } ?? 0, executor: executor?.child.pid,
            tasks: tasks, metrics: metrics)
    }
}

extension RunPhase {
    init(_ state: RunMachine.State, now: Int64) {
        func wall(_ instant: Int64) -> Int64 { WallClock.now() + (instant - now) }
        switch state {
        case .starting: self = .starting
        case .running: self = .running
        case .draining(let cause, let until): self = .draining(cause, deadline: wall(until))
        case .closing(let cause, let until, _): self = .draining(cause, deadline: wall(until))
        case .failing(let ending, _), .failed(let ending): self = .failed(ending.failure)
        case .stopped(let cause): self = .stopped(cause)
        }
    }

    /// A new deadline alone is no other phase.
    func isOther(than next: RunPhase) -> Bool {
        if case .draining = self, case .draining = next { return false }
        return self != next
    }
}
