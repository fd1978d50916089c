// SPDX-License-Identifier: Apache-2.0
import Glibc
import MillraceCore
import MillraceDelivery
import MillraceGraph
import MillraceSystem
import MillraceWire
import Synchronization

/// Runs one plan in the foreground, each of its regions in one group of executor children after
/// another: the shell of `RunMachine`.
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

    /// guarded by `shared`: what other threads ask for and about
    struct Shared {
        /// By region; absent before the start, between attempts and after the end.
        var groups: [RegionID: ExecutorGroup] = [:]
        var metrics: [RegionID: [MetricCell]] = [:]
        /// The last look at the pages of executors that are gone.
        var gone: [RegionID: RegionLook] = [:]
        var events: [RunMachine.Event] = []
        var phase = RunPhase.starting
        var since = WallClock.now()
        var runningSince: Int64?
        /// Monotonic; set once the run is over.
        var endedAt: Int64?
        var repetition = Repetition()
    }

    package let plan: Plan
    /// Where checkpoints go; nil: there are none.
    package var stateFolder: String? { options.stateFolder }
    let executable: String
    let options: Options
    private let signals: SignalWatch?
    let onLog: @Sendable (LogLine) -> Void
    let onStateChange: @Sendable (RunPhase) -> Void
    let poller: Poller
    let shared = Mutex(Shared())
    let memoryKillsBefore = MemoryKills.count()
    private let store = Mutex<JobStore?>(nil)
    /// By task.
    let isSource: [Bool]
    let taps = TapFeeds()
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
            send(command)
        }
    }

    /// Any thread, also before and after the run.
    package func status() -> RunSnapshot {
        // Looked at outside of the lock: ten thousand tasks take some milliseconds.
        look(shared.withLock { $0 })
    }

    /// Returns when the run is over. Once. The executor dies with the calling thread.
    package func run() -> RunOutcome {
        defer {
            taps.end()
            asked.end()
        }
        do {
            var machine = RunMachine(plan: plan, options: options.machine, job: try makeJob())
            if let signals { try poller.add(signals.descriptor, token: ChildToken.signals) }
            var due = MonotonicClock.now() + Watchdog.intervalNanoseconds
            try act(machine.begin(), &machine)
            while !machine.isOver { try turn(&machine, due: &due) }
            finish()
            putLettersAway()
            return outcome(machine)
        } catch let error as SystemError {
            finish()
            return cannotStart(error.refusal)
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

    /// The job's folder is ours from here on. Throws MR6106, MR6002, MR2311, MR2312; with a
    /// savepoint also MR6103.
    private func makeJob() throws(Failure) -> JobCoordinator? {
        guard let folder = options.stateFolder else { return nil }
        let owner = "\(plan.job), process \(getpid())"
        let isKept = options.machine.keepsState
        let store = try JobStore(folder, owner: owner, isKept: isKept) { [self] event in
            post(.stored(event))
        }
        if let savepoint = options.savepoint {
            try StateMapping.check(savepoint.manifest, plan: plan)
            try store.begin(from: savepoint, plan: plan)
        }
        let log = store.logBefore
        var regions: [JobLifecycle.RegionPlan]?
        if !JobCoordinator.hasFinished(log, plan) {
            for manifest in store.claimed(in: log) { try StateMapping.check(manifest, plan: plan) }
            regions = try JobCoordinator.regions(of: plan, log: log)
        }
        self.store.withLock { $0 = store }
        try LetterArchive(folder)?.putAway(but: Set(plan.nodes.map(\.id)))
        var job = JobCoordinator.Options(
            plan: plan, folder: folder, isKept: isKept, seed: Entropy.number(),
            wallOffset: WallClock.now() - MonotonicClock.now())
        job.released = options.released
        return JobCoordinator(plan: plan, regions: regions, options: job)
    }
}

extension LocalRun {
    /// Waits for something to happen, for an interval at most, and lets the machine decide.
    private func turn(_ machine: inout RunMachine, due: inout Int64) throws(SystemError) {
        let tokens = wait(until: min(due, machine.deadline ?? .max))
        if tokens.contains(ChildToken.signals) {
            while let signal = signals?.next() { try handle(.signal(signal), &machine) }
        }
        let endings = ended(tokens)
        // After the exit every report that was sent is queued, and none comes after it.
        for ending in endings { ending.group.end() }
        for event in takeEvents() { try handle(event, &machine) }
        for ending in endings { try handle(ending, &machine) }
        guard endings.isEmpty else { return }
        let now = MonotonicClock.now()
        if now >= due {
            try handle(.tick(observations()), &machine)
            due = MonotonicClock.now() + Watchdog.intervalNanoseconds
        } else if let deadline = machine.deadline, now >= deadline {
            try handle(.stored(.tick), &machine)
        }
    }

    private func handle(
        _ ending: GroupEnding, _ machine: inout RunMachine
    ) throws(SystemError) {
        let (region, group) = (ending.region, ending.group)
        try handle(.counted(observed(region, group)), &machine)
        let event = exited(ending)
        shared.withLock { shared in
            shared.gone[region] = look(group, shared.metrics[region] ?? [])
            shared.repetition.attemptEnded(group.shown(plan))
            shared.groups[region] = nil
        }
        try handle(event, &machine)
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
        case .report(.started(let metrics), let region):
            shared.withLock { $0.metrics[region] = metrics }
        case .report(.drained, let region):
            if let group = group(of: region) {
                try handle(.counted(observed(region, group)), &machine)
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
            switch action {
            case .start(let plan, let executors, let region):
                try startExecutors(executors, of: plan, for: region)
            case .store(let request): store.withLock { $0 }?.request(request)
            case .send(let command, let region):
                // Who does not take it is gone, or has no use for the channel any more.
                if let group = group(of: region), !group.send(command) {
                    try handle(.channelEnded(nil, region), &machine)
                }
            case .kill(let region): group(of: region)?.kill()
            case .log(let line): onLog(line)
            case .savepoint(let progress): asked.tell(progress)
            case .stepDown: _exit(FailureCode.stateInUse.exitCode)
            }
        }
    }

    private func finish() {
        for group in shared.withLock({ $0.groups }).values { group.end() }
        store.withLock { $0 }?.endSavepoint()
        for case .stored(.savepointWritten(let description)) in takeEvents() {
            asked.tell(.written(description))
        }
        if let signals { poller.remove(signals.descriptor) }
        shared.withLock { shared in
            for (region, group) in shared.groups {
                shared.gone[region] = look(group, shared.metrics[region] ?? [])
            }
            shared.groups = [:]
            shared.endedAt = MonotonicClock.now()
        }
    }

    func post(_ event: RunMachine.Event) {
        shared.withLock { $0.events.append(event) }
        poller.wake()
    }

    private func takeEvents() -> [RunMachine.Event] {
        shared.withLock { shared in
            defer { shared.events = [] }
            return shared.events
        }
    }
}
