// SPDX-License-Identifier: Apache-2.0
import Glibc
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
    /// What sinks were given once more after failures.
    package var repetition: Repetition
}

/// Runs one plan in one group of executor children after another, in the foreground: the shell of
/// `RunMachine`.
///
/// On every way out of `run` the executors are gone, their channels closed, their pages unmapped.
package final class LocalRun: Sendable {
    package struct Options: Sendable {
        package var machine: RunMachine.Options
        /// Of the executable, before anything else.
        package var arguments: [String]

        /// Where checkpoints go; nil: there are none.
        package var stateFolder: String?
        /// What the job begins with; the folder is an empty one then.
        package var savepoint: Savepoint?
        /// What quarantine lets go, for it is sent back to its node.
        package var released: Set<JobCoordinator.ReleasedRecord> = []

        /// `keepsState`: another run will go on from the folder.
        package init(
            drainTimeout: Int64 = Limits.drainNanoseconds, duration: Int64? = nil,
            limit: UInt64? = nil, stateFolder: String? = nil, keepsState: Bool = true,
            savepoint: Savepoint? = nil, arguments: [String] = ["executor"]
        ) {
            machine = RunMachine.Options(
                drainTimeout: drainTimeout, duration: duration, limit: limit,
                keepsState: stateFolder != nil && keepsState)
            self.stateFolder = stateFolder
            self.savepoint = savepoint
            self.arguments = arguments
        }
    }

    private enum Token {
        static let signals: UInt64 = 1
        /// Of executor 0; the others follow.
        static let firstChild: UInt64 = 16
    }

    /// guarded by `shared`: what other threads ask for and about
    private struct Shared {
        /// nil: before the start and after the end.
        var executor: ExecutorGroup?
        var events: [RunMachine.Event] = []
        var phase = RunPhase.starting
        var since = WallClock.now()
        var runningSince: Int64?
        var metrics: [MetricCell] = []
        /// The last look at the pages, while there is no executor.
        var last: RunSnapshot?
        var repetition = Repetition()
    }

    package let plan: Plan
    /// Where checkpoints go; nil: there are none.
    package var stateFolder: String? { options.stateFolder }
    private let executable: String
    private let options: Options
    private let signals: SignalWatch?
    private let onLog: @Sendable (LogLine) -> Void
    private let onStateChange: @Sendable (RunPhase) -> Void
    private let poller: Poller
    private let shared = Mutex(Shared())
    private let memoryKillsBefore = MemoryKills.count()
    private let store = Mutex<JobStore?>(nil)
    /// By task.
    private let isSource: [Bool]
    private let taps = TapFeeds()
    private let asked = SavepointList()

    /// `executable`: usually `ChildProcess.ownExecutable()`. `onLog` is called on two threads,
    /// `onStateChange` on the one that calls `run`.
    package init(
        plan: Plan, executable: String, options: Options = Options(), signals: SignalWatch? = nil,
        onLog: @escaping @Sendable (LogLine) -> Void = { _ in },
        onStateChange: @escaping @Sendable (RunPhase) -> Void = { _ in }
    ) throws(SystemError) {
        self.plan = plan
        isSource = plan.nodes.flatMap { node in
            repeatElement(node.operation.kind == .source, count: node.parallelism)
        }
        self.executable = executable
        self.options = options
        self.signals = signals
        self.onLog = onLog
        self.onStateChange = onStateChange
        poller = try Poller()
    }

    /// Any thread: drains as a first signal does, unless another wish is told. Returns at once.
    package func requestStop(_ wish: RunMachine.StopWish = .init()) { post(.stopRequested(wish)) }

    /// There are checkpoints, and so there may be a savepoint.
    package var hasState: Bool { options.stateFolder != nil }

    /// Any thread: the next checkpoint becomes a savepoint in a folder, while the run goes on.
    /// Returns at once; `savepoints` tells what has become of it. Throws MR7102.
    package func requestSavepoint(to path: String) throws(Failure) {
        precondition(hasState, "BUG: a savepoint of a run that has no state")
        try asked.begin(path)
        post(.savepointRequested(path))
    }

    /// Any thread: those that were asked for so, the last ones.
    package var savepoints: [SavepointStatus] { asked.all }

    /// Any thread: copies of records that pass a node, for whoever reads and closes it. Throws
    /// MR4401, MR7102.
    package func tap(_ wish: TapWish) throws(Failure) -> TapFeed {
        try taps.open(wish) { [self] command in
            shared.withLock { $0.executor }?.send(command) ?? false
        }
    }

    /// Any thread, also before and after the run.
    package func status() -> RunSnapshot {
        // Looked at outside of the lock: ten thousand tasks take some milliseconds.
        let copy = shared.withLock { $0 }
        return Self.last(copy) ?? look(copy)
    }

    /// Returns when the run is over. Once. The executor dies with the calling thread.
    package func run() -> RunOutcome {
        defer {
            taps.end()
            asked.end()
        }
        do {
            var machine = RunMachine(plan: plan, options: options.machine, job: try makeJob())
            if let signals { try poller.add(signals.descriptor, token: Token.signals) }
            var due = MonotonicClock.now() + Watchdog.intervalNanoseconds
            try act(machine.begin(), &machine)
            while !machine.isOver { try turn(&machine, due: &due) }
            finish()
            putLettersAway()
            return outcome(machine)
        } catch let error as SystemError {
            finish()
            return cannotStart(error.failure(error.isOutOfMemory ? .outOfMemory : .invariantBroken))
        } catch let failure as Failure {
            return cannotStart(failure)
        } catch {
            preconditionFailure("BUG: \(error)")
        }
    }

    /// What was given back to its node and has arrived there: the next run does it otherwise.
    private func putLettersAway() {
        guard let folder = options.stateFolder, options.machine.keepsState else { return }
        do throws(Failure) {
            try LetterArchive(folder)?.putAway()
        } catch {
            onLog(LogLine(level: .warn, text: error.text, code: error.code))
        }
    }

    /// The job's folder is ours from here on. Throws MR6106, MR6002; with a savepoint also MR2311
    /// and MR6103.
    private func makeJob() throws(Failure) -> JobCoordinator? {
        guard let folder = options.stateFolder else { return nil }
        let owner = "\(plan.job), process \(getpid())"
        let isKept = options.machine.keepsState
        let store = try JobStore(folder, owner: owner, isKept: isKept) { [self] event in
            post(.stored(event))
        }
        if let savepoint = options.savepoint {
            try StateMapping.check(savepoint.manifest, plan: plan)
            try store.begin(from: savepoint, job: plan.name)
        }
        self.store.withLock { $0 = store }
        try LetterArchive(folder)?.putAway(but: Set(plan.nodes.map(\.id)))
        var job = JobCoordinator.Options(
            plan: plan, folder: folder, isKept: isKept, seed: Entropy.number(),
            wallOffset: WallClock.now() - MonotonicClock.now())
        job.released = options.released
        return JobCoordinator(plan: plan, options: job)
    }
}

extension LocalRun {
    /// Waits for something to happen, for an interval at most, and lets the machine decide.
    private func turn(_ machine: inout RunMachine, due: inout Int64) throws(SystemError) {
        let executor = shared.withLock { $0.executor }
        let tokens = wait(until: min(due, machine.deadline ?? .max))
        if tokens.contains(Token.signals) {
            while let signal = signals?.next() { try handle(.signal(signal), &machine) }
        }
        let exit = executor.flatMap { ended($0, tokens) }
        // After the exit every report that was sent is queued, and none comes after it.
        if exit != nil { executor?.end() }
        for event in takeEvents() { try handle(event, &machine) }
        if let exit, let executor {
            try handle(.counted(observe(executor)), &machine)
            let event = exited(executor, exit.part, exit.exit, isClean: exit.isClean)
            shared.withLock { shared in
                shared.last = look(shared)
                shared.repetition.attemptEnded(shown(executor))
                shared.executor = nil
            }
            try handle(event, &machine)
            return
        }
        let now = MonotonicClock.now()
        if now >= due {
            try handle(.tick(executor.map(observe) ?? .init()), &machine)
            due = MonotonicClock.now() + Watchdog.intervalNanoseconds
        } else if let deadline = machine.deadline, now >= deadline {
            try handle(.stored(.tick), &machine)
        }
    }

    /// Set once the last executor is gone.
    private func ended(
        _ executor: ExecutorGroup, _ tokens: [UInt64]
    ) -> (part: Int, exit: ChildProcess.Exit, isClean: Bool)? {
        var last: (part: Int, exit: ChildProcess.Exit, isClean: Bool)?
        for token in tokens where token >= Token.firstChild && token != Poller.wakeToken {
            let number = Int(token - Token.firstChild)
            poller.remove(executor.parts[number].child.descriptor)
            last = executor.ended(number) ?? last
        }
        return last
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
        _ event: RunMachine.Event, _ machine: inout RunMachine
    ) throws(SystemError) {
        switch event {
        case .report(.started(let metrics)): shared.withLock { $0.metrics = metrics }
        case .report(.drained):
            if let executor = shared.withLock({ $0.executor }) {
                try handle(.counted(observe(executor)), &machine)
            }
        default: break
        }
        let before = machine.state
        let actions = machine.handle(event, now: MonotonicClock.now())
        if machine.state != before { publish(machine.state) }
        try act(actions, &machine)
    }

    private func act(
        _ actions: [RunMachine.Action], _ machine: inout RunMachine
    ) throws(SystemError) {
        for action in actions {
            let executor = shared.withLock { $0.executor }
            switch action {
            case .start(let plan): try startExecutors(of: plan)
            case .store(let request): store.withLock { $0 }?.request(request)
            case .send(let command):
                // Who does not take it is gone, or has no use for the channel any more.
                if let executor, !executor.send(command) {
                    try handle(.channelEnded(nil), &machine)
                }
            case .kill: executor?.kill()
            case .log(let line): onLog(line)
            case .savepoint(let progress): asked.tell(progress)
            case .stepDown: _exit(FailureCode.stateInUse.exitCode)
            }
        }
    }

    private func startExecutors(of plan: Plan) throws(SystemError) {
        let executor = try ExecutorGroup(
            executable: executable, arguments: options.arguments, plan: plan
        ) { [self] event in
            receive(event)
        }
        do throws(SystemError) {
            for (number, part) in executor.parts.enumerated() {
                try poller.add(
                    part.child.descriptor, token: Token.firstChild + UInt64(number))
            }
        } catch {
            executor.end()
            throw error
        }
        shared.withLock {
            $0.executor = executor
            $0.last = nil
        }
        taps.begin()
    }

    private func exited(
        _ executor: ExecutorGroup, _ number: Int, _ exit: ChildProcess.Exit, isClean: Bool
    ) -> RunMachine.Event {
        let part = executor.parts[number]
        let boxes = part.boxes()
        let report = CrashReport(
            plan: executor.plan, executor: number, process: part.process(), boxes: boxes,
            exit: exit,
            memoryWasShort: MemoryKills.count() > memoryKillsBefore)
        let isOutside = report.wasKilled && report.failure.code == .executorExited
        return .exited(
            clean: isClean, verdict: report.failure,
            origin: isOutside ? .outside : .ours, stepped: stepped(report, boxes))
    }

    /// The record that the operator had which ended the process, where it gets one at a time.
    private func stepped(
        _ report: CrashReport, _ boxes: [Int: BlackBoxPage]
    ) -> ContentHash? {
        switch report.guilt {
        case .task(let task): boxes[task]?.stepped
        case .suspect(let task) where !report.wasKilled: boxes[task]?.stepped
        case .suspect, .library, .host, .unknown: nil
        }
    }

    /// What sinks have been given that cannot take it back, by node.
    private func shown(_ executor: ExecutorGroup) -> [String: Repetition.Count] {
        var all: [String: Repetition.Count] = [:]
        var first = 0
        for node in plan.nodes {
            defer { first += node.parallelism }
            // What is dropped cannot be seen twice.
            guard node.operation.kind == .sink, !node.operation.isTwoPhase,
                node.operation.id != "null"
            else { continue }
            var count = Repetition.Count()
            for task in first..<first + node.parallelism {
                let counters = executor.counters(of: task)
                count.saved &+= counters.restored
                count.since &+= counters.recordsIn &+ underWay(task, executor)
            }
            all[node.id] = count
        }
        return all
    }

    /// Records of the call that a task is in: they are counted when it returns.
    private func underWay(_ task: Int, _ executor: ExecutorGroup) -> UInt64 {
        guard let box = executor.box(of: task), box.state == .inPlugin, box.call.isSteady else {
            return 0
        }
        return UInt64(box.count)
    }

    private func observe(_ executor: ExecutorGroup) -> RunMachine.Observation {
        var seen = RunMachine.Observation(
            calls: executor.calls(), heartbeat: executor.heartbeat)
        var task = 0
        for node in plan.nodes {
            var waiting: UInt64 = 0
            var taken = RunMachine.Taken(node: node.id, count: 0, records: 0)
            for _ in 0..<node.parallelism {
                let counters = executor.counters(of: task)
                waiting &+= counters.queue
                taken.count += Int(truncatingIfNeeded: counters.quarantined & 0xffff_ffff)
                taken.records &+= counters.restored &+ counters.recordsIn
                if node.operation.kind == .sink {
                    seen.delivered &+= counters.recordsIn
                    if !options.machine.keepsState { seen.delivered &+= counters.restored }
                }
                task += 1
            }
            if taken.count > 0 { seen.taken.append(taken) }
            if waiting > 0 { seen.backlog.append(.init(node: node.id, records: waiting)) }
        }
        return seen
    }

    private func publish(_ state: RunMachine.State) {
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
            guard let executor = shared.executor else { return [] }
            return shared.repetition.attemptRuns(shown(executor))
        }
        for one in again {
            let text = "\(one.records) records come again, those since the last checkpoint"
            onLog(LogLine(level: .warn, node: one.node, text: text, code: .guaranteeLowered))
        }
    }

    private func finish() {
        let executor = shared.withLock { $0.executor }
        executor?.end()
        store.withLock { $0 }?.endSavepoint()
        for case .stored(.savepointWritten(let description)) in takeEvents() {
            asked.tell(.written(description))
        }
        if let signals { poller.remove(signals.descriptor) }
        shared.withLock { shared in
            shared.last = Self.last(shared) ?? look(shared)
            shared.executor = nil
        }
    }

    /// What the pages said when there was an executor last, and what has become of the run since.
    private static func last(_ shared: Shared) -> RunSnapshot? {
        guard var last = shared.last else { return nil }
        last.phase = shared.phase
        last.since = shared.since
        return last
    }

    private func outcome(_ machine: RunMachine) -> RunOutcome {
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

    private func cannotStart(_ failure: Failure) -> RunOutcome {
        let summary = shared.withLock { shared -> RunSnapshot in
            shared.phase = .failed(failure)
            shared.since = WallClock.now()
            shared.last = look(shared)
            return look(shared)
        }
        onStateChange(.failed(failure))
        return RunOutcome(
            exitCode: failure.code.exitCode, failure: failure, summary: summary,
            repetition: Repetition())
    }
}

extension LocalRun {
    /// On the thread that reads reports. Logs go out here: however many there are, they fill no
    /// queue of ours.
    private func receive(_ event: ExecutorProcess.Event) {
        switch event {
        case .report(.log(let line)): onLog(line)
        case .report(.tapped(let page)): taps.put(page)
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
            var cells = executor.cells(of: task)
            // Without an earlier run all that was restored is of this one.
            if !options.machine.keepsState { cells.addRestored(isSource: isSource[task]) }
            var age: Int64 = 0
            if let box = executor.box(of: task), box.state == .inPlugin, box.callStart > 0 {
                age = max(0, now &- box.callStart)
            }
            return TaskSample(cells: cells, times: cells.times(now: now), callAge: age)
        }
        let metrics = shared.metrics.compactMap { cell -> MetricSample? in
            guard let executor, tasks.indices.contains(cell.task) else { return nil }
            if case .histogram = cell.kind {
                let histogram = executor.histogram(of: cell)
                return MetricSample(cell: cell, value: histogram?.count ?? 0, histogram: histogram)
            }
            guard (0..<Cells.metricCells).contains(cell.index) else { return nil }
            return MetricSample(cell: cell, value: tasks[cell.task].cells.metrics[cell.index])
        }
        return RunSnapshot(
            plan: plan, phase: shared.phase, since: shared.since, instant: now,
            running: shared.runningSince.map { now - $0 } ?? 0, executor: executor?.pid,
            tasks: tasks, metrics: metrics)
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
