// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph
import MillraceSystem
import MillraceWire

/// How a run ended.
package struct RunOutcome: Sendable {
    package var exitCode: Int32
    /// nil: everything arrived.
    package var failure: Failure?
    package var summary: RunSnapshot
    /// What sinks were given once more after failures.
    package var repetition: Repetition
}

/// What a run says of itself, while it runs and when it is over.
extension LocalRun {
    func publish(_ state: RunMachine.State) {
        let now = MonotonicClock.now()
        let phase = RunPhase(state, now: now)
        if case .running = state { tellRepetition() }
        let changed = shared.withLock { shared -> Bool in
            if case .running = state { shared.runningSince = shared.runningSince ?? now }
            guard shared.phase.isOther(than: phase) else { return false }
            shared.phase = phase
            shared.since = WallClock.now()
            return true
        }
        if changed { onStateChange(phase) }
    }

    /// A sink that cannot take back what it has shown shows it again, and says so before.
    private func tellRepetition() {
        let again = shared.withLock { shared -> [Repetition.Records] in
            var counts: [String: Repetition.Count] = [:]
            for group in shared.groups.values { counts.merge(group.shown(plan)) { one, _ in one } }
            return shared.repetition.attemptRuns(counts)
        }
        for one in again {
            let text = "\(one.records) records come again, those since the last checkpoint"
            onLog(LogLine(level: .warn, node: one.node, text: text, code: .guaranteeLowered))
        }
    }

    /// What the pages of a region's executors say now.
    func look(_ group: ExecutorGroup, _ cells: [MetricCell]) -> RegionLook {
        let now = MonotonicClock.now()
        var look = RegionLook(pid: group.pid)
        for task in group.tasks {
            var cells = group.cells(of: task)
            // Without an earlier run all that was restored is of this one.
            if !options.machine.keepsState { cells.addRestored(isSource: isSource[task]) }
            var age: Int64 = 0
            if let box = group.box(of: task), box.state == .inPlugin, box.callStart > 0 {
                age = max(0, now &- box.callStart)
            }
            look.tasks[task] = TaskSample(cells: cells, times: cells.times(now: now), callAge: age)
        }
        look.metrics = cells.compactMap { cell -> MetricSample? in
            guard let task = look.tasks[cell.task] else { return nil }
            if case .histogram = cell.kind {
                let histogram = group.histogram(of: cell)
                return MetricSample(cell: cell, value: histogram?.count ?? 0, histogram: histogram)
            }
            guard (0..<Cells.metricCells).contains(cell.index) else { return nil }
            return MetricSample(cell: cell, value: task.cells.metrics[cell.index])
        }
        return look
    }

    /// Of executors that are gone, what they said last.
    func look(_ shared: Shared) -> RunSnapshot {
        let now = shared.endedAt ?? MonotonicClock.now()
        var looks = shared.gone
        for (region, group) in shared.groups {
            looks[region] = look(group, shared.metrics[region] ?? [])
        }
        var tasks = Array(repeating: TaskSample.zero, count: plan.taskCount)
        for look in looks.values {
            for (task, sample) in look.tasks { tasks[task] = sample }
        }
        let order = looks.keys.sorted()
        let living = shared.groups.keys.min() ?? order.first
        return RunSnapshot(
            plan: plan, phase: shared.phase, since: shared.since, instant: now,
            running: shared.runningSince.map { now - $0 } ?? 0,
            executor: living.flatMap { looks[$0]?.pid }, tasks: tasks,
            metrics: order.flatMap { looks[$0]?.metrics ?? [] })
    }

    func outcome(_ machine: RunMachine) -> RunOutcome {
        switch machine.state {
        case .stopped:
            return RunOutcome(
                exitCode: 0, failure: nil, summary: status(),
                repetition: shared.withLock { $0.repetition })
        case .failed(let ending):
            return RunOutcome(
                exitCode: ending.exitCode, failure: ending.failure, summary: status(),
                repetition: shared.withLock { $0.repetition })
        case .starting, .running, .recovering, .draining, .closing, .failing:
            preconditionFailure("BUG: the run is not over")
        }
    }

    func cannotStart(_ failure: Failure) -> RunOutcome {
        let summary = shared.withLock { shared -> RunSnapshot in
            shared.phase = .failed(failure)
            shared.since = WallClock.now()
            return look(shared)
        }
        onStateChange(.failed(failure))
        return RunOutcome(
            exitCode: failure.code.exitCode, failure: failure, summary: summary,
            repetition: Repetition())
    }
}

extension RunPhase {
    init(_ state: RunMachine.State, now: Int64) {
        func wall(_ instant: Int64) -> Int64 { WallClock.now() + (instant - now) }
        switch state {
        case .starting: self = .starting
        case .running: self = .running
        case .recovering(let failure, _): self = .recovering(failure)
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
