// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceDelivery
import MillraceFlow
import MillraceGraph
import MillraceHost
import MillraceSystem
import MillraceWire
import Synchronization

/// The tasks of one job that live in this process. It obeys its supervisor and decides nothing by
/// itself.
///
///   NEW -load-> LOADED -open-> OPENING -every loop opened-> OPEN -start-> RUNNING
///   OPEN, where there are checkpoints: commit, fence and restore come before start
///   RUNNING -drain-> RUNNING -every chain finished-> DRAINED -instances destroyed-> STOPPED;
///   where there are checkpoints, instances are destroyed only after `close`
///   STOPPED and told to stop, in either order -> the process ends
///   any -a call failed-> FAILED, which waits for `stop` or the end of the channel
final class Executor: Sendable {
    private struct State {
        var plan: Plan?
        var loops: [TaskletLoop] = []
        var chains: [TaskletChain] = []
        var wireEnds: [WireEnd] = []
        var threads: [PinnedThread] = []
        var checkpoints: Checkpoints?
        var commits: SinkCommits?
        var folder: StateFolder?
        var letters: DeadLetters?
        /// Loops that have answered the step under way.
        var answered = 0
        var isFenced = true
        var finished = 0
        var closed = 0
        var failed = false
        var stopWanted = false
        /// `stopped` is on its way: nothing is left to be told.
        var told = false

        var hasFinished: Bool { finished == chains.count + wireEnds.count }
    }

    private let pages: @Sendable (Int) throws(Failure) -> TaskPages
    private let wires: @Sendable (Plan) throws(Failure) -> WireMemory?
    private let report: @Sendable (ExecutorReport) -> Void
    private let leave: @Sendable () -> Void
    private let state = Mutex(State())
    private let quarantine = Quarantine()
    private let taps = Taps()

    /// `pages` maps the shared pages for so many tasks, `wires` what leads to other executors;
    /// `leave` ends the process.
    init(
        pages: @escaping @Sendable (Int) throws(Failure) -> TaskPages,
        wires: @escaping @Sendable (Plan) throws(Failure) -> WireMemory?,
        report: @escaping @Sendable (ExecutorReport) -> Void,
        leave: @escaping @Sendable () -> Void
    ) {
        self.pages = pages
        self.wires = wires
        self.report = report
        self.leave = leave
    }

    /// Commands come one at a time, on the control thread.
    func obey(_ command: ExecutorCommand) {
        do {
            switch command {
            case .load(let plan, let executor): try load(plan, executor)
            case .open(let identity): try open(identity)
            case .commit(let epoch, let tokens): commit(epoch, tokens)
            case .fence:
                state.withLock { $0.isFenced = true }
                take(.fence)
            case .restore(let point): try restore(point)
            case .start: take(.start)
            case .trigger(let epoch, let halts): trigger(epoch, halts)
            case .giveUp(let epoch): giveUp(epoch)
            case .complete(let epoch): complete(epoch)
            case .endSteps(let node):
                quarantine.endSteps(of: node, state.withLock { $0.chains })
            case .tap(let number, let wish): tap(number, wish)
            case .untap(let number): taps.end(number)
            case .close: close()
            case .drain: drain()
            case .stop: stop()
            }
        } catch {
            fail(error)
        }
    }

    private func close() {
        let (loops, commits) = state.withLock { ($0.loops, $0.commits) }
        guard let commits else { return loops.forEach { $0.close() } }
        commits.then { for loop in loops { loop.close() } }
    }

    // MARK: - before records flow

    private func load(_ plan: Plan, _ executor: Int) throws(Failure) {
        let pages = try self.pages(plan.taskCount)
        let report = self.report
        HostServices.shared.begin(pages: pages) { report(.log($0)) }
        let letters = DeadLetters(perMinute: plan.lettersPerMinute) { report(.log($0)) }
        let builder = try ExecutorBuilder(
            plan, executor: executor, wires: try wires(plan), pages: pages, letters: letters,
            quarantine: quarantine)
        limitMemory(plan.limitedNode(of: executor), threads: plan.threads)
        let chains = try builder.makeChains()
        let loops = try builder.makeLoops(chains) { [self] event in loopSaid(event) }
        state.withLock {
            $0.plan = plan
            $0.letters = letters
            $0.chains = chains.flatMap { $0 }
            $0.wireEnds = builder.wireEnds
            $0.loops = loops
        }
        report(.loaded)
    }

    /// What is taken from here on is the operator's, but for what the host itself needs.
    private func limitMemory(_ node: PlannedNode?, threads: Int) {
        guard let node, let memory = node.memory, let before = ResourceLimit.dataBytes() else {
            return
        }
        let tasks = Int64(node.parallelism)
        let stacks = (Int64(threads) + tasks) * Int64(PinnedThread.stackBytesDefault)
        let most = before + stacks + Limits.hostMemoryBytes + memory * tasks
        ResourceLimit.data.set(UInt(most))
    }

    private func open(_ identity: AttemptIdentity?) throws(Failure) {
        let loops = state.withLock { $0.loops }
        if let identity { try takePart(identity, loops) }
        for loop in loops {
            let thread = try loop.begin()
            state.withLock { $0.threads.append(thread) }
        }
        take(
            .open(
                identity.map {
                    SinkWriter(
                        attempt: $0.attempt, lineageHigh: $0.lineage.high,
                        lineageLow: $0.lineage.low, job: $0.job)
                }))
    }

    /// The executor has its part of the job's checkpoints from now on.
    private func takePart(
        _ identity: AttemptIdentity, _ loops: [TaskletLoop]
    ) throws(Failure) {
        let (chains, letters) = state.withLock { ($0.chains, $0.letters) }
        letters?.keep()
        quarantine.begin(identity.quarantine, steps: Set(identity.steps), chains)
        let checkpoints = try Checkpoints(
            identity, chains: chains, lettersWritten: { letters?.written($0) },
            report: report)
        for loop in loops { loop.freeze(into: checkpoints) }
        for member in chains.flatMap(\.members) {
            member.instance.keepJournal(in: identity.folder)
        }
        let commits = try SinkCommits(chains, report: report)
        state.withLock {
            $0.checkpoints = checkpoints
            $0.commits = commits
            $0.folder = StateFolder(existing: identity.folder, isDurable: identity.isKept)
        }
    }

    private func restore(_ point: RestorePoint?) throws(Failure) {
        let (plan, folder) = state.withLock { ($0.plan, $0.folder) }
        guard let point, let plan, let folder else {
            report(.restored)
            return
        }
        state.withLock { $0.checkpoints }?.complete(point.epoch)
        take(.restore(try RestoredState(point, folder: folder, plan: plan)))
    }

    /// All loops take the step; the last one to answer tells.
    private func take(_ step: TaskletLoop.Step) {
        for loop in state.withLock({ $0.loops }) { loop.take(step) }
    }

    private func commit(_ epoch: Epoch, _ tokens: [Token]) {
        state.withLock { $0.commits }?.commit(epoch, tokens)
    }

    // MARK: - while records flow

    private func trigger(_ epoch: Epoch, _ halts: Bool) {
        for chain in state.withLock({ $0.chains }) where chain.isSource {
            if halts { chain.halt() }
            chain.handle.barrier(epoch)
        }
    }

    private func giveUp(_ epoch: Epoch) {
        let (checkpoints, chains) = state.withLock {
            ($0.checkpoints, $0.chains.map(\.handle) + $0.wireEnds.map(\.handle))
        }
        checkpoints?.giveUp(epoch)
        for chain in chains { chain.giveUp(epoch) }
    }

    private func complete(_ epoch: Epoch) {
        let (checkpoints, commits) = state.withLock { ($0.checkpoints, $0.commits) }
        checkpoints?.complete(epoch)
        commits?.acknowledge(epoch)
    }

    private func tap(_ number: Int, _ wish: TapWish) {
        let (plan, chains) = state.withLock { ($0.plan, $0.chains) }
        report(.tapped(taps.page(number, wish, plan, chains)))
    }

    private func drain() {
        let chains = state.withLock { $0.chains }
        for chain in chains where chain.isSource { chain.drain() }
    }

    /// After a drain the process ends once every instance is destroyed; else at once.
    private func stop() {
        let waits = state.withLock { state in
            state.stopWanted = true
            let drained =
                !state.failed && !state.chains.isEmpty && state.hasFinished
            return drained && !state.told
        }
        guard !waits else { return }
        leave()
    }

    // MARK: - what loops say, on their threads

    private func loopSaid(_ event: TaskletLoop.Event) {
        switch event {
        case .opened: if isLastAnswer() { report(.opened) }
        case .restored: if isLastAnswer() { report(.restored) }
        case .fenced(let isDone):
            let all = state.withLock { state in
                state.isFenced = state.isFenced && isDone
                return state.isFenced
            }
            if isLastAnswer() { report(.fenced(isDone: all)) }
        case .started:
            guard isLastAnswer() else { return }
            // First: a short job is drained before this thread goes on.
            report(.started(metrics: HostServices.shared.metrics))
            take(.go)
        case .failed(let failure):
            fail(failure)
        case .said(let line):
            report(.log(line))
        case .finished(let chains):
            let all = state.withLock { state in
                state.finished += chains
                return chains > 0 && state.hasFinished
            }
            if all { report(.drained) }
        case .closed:
            closed()
        }
    }

    private func isLastAnswer() -> Bool {
        state.withLock { state in
            state.answered += 1
            guard state.answered == state.loops.count else { return false }
            state.answered = 0
            return true
        }
    }

    private func closed() {
        let all = state.withLock { state in
            state.closed += 1
            return state.closed == state.loops.count && !state.failed
        }
        guard all else { return }
        report(.stopped)
        // Only now: whoever is told to stop before this waits for us.
        let leaves = state.withLock { state in
            state.told = true
            return state.stopWanted
        }
        if leaves { leave() }
    }

    /// The first failure counts; what follows from it is not told.
    private func fail(_ failure: Failure) {
        let (first, loops) = state.withLock { state in
            defer { state.failed = true }
            return (!state.failed, state.loops)
        }
        guard first else { return }
        for loop in loops { loop.halt() }
        report(.failed(failure))
    }
}
