// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceFlow
import MillraceGraph
import MillraceHost
import MillraceSystem
import MillraceWire
import Synchronization

/// The tasks of one job in this process. It obeys its supervisor and decides nothing by itself.
///
///   NEW -load-> LOADED -open-> OPENING -every loop opened-> OPEN -start-> RUNNING
///   RUNNING -drain-> RUNNING -every chain finished-> DRAINED -instances destroyed-> STOPPED
///   STOPPED and told to stop, in either order -> the process ends
///   any -a call failed-> FAILED, which waits for `stop` or the end of the channel
final class Executor: Sendable {
    private struct State {
        var loops: [TaskletLoop] = []
        var chains: [TaskletChain] = []
        var threads: [PinnedThread] = []
        var opened = 0
        var finished = 0
        var closed = 0
        var running = false
        var failed = false
        var stopWanted = false
        /// `stopped` is on its way: nothing is left to be told.
        var told = false
    }

    private let pages: @Sendable (Int) throws(Failure) -> TaskPages
    private let report: @Sendable (ExecutorReport) -> Void
    private let leave: @Sendable () -> Void
    private let state = Mutex(State())

    /// `pages` maps the shared pages for so many tasks; `leave` ends the process.
    init(
        pages: @escaping @Sendable (Int) throws(Failure) -> TaskPages,
        report: @escaping @Sendable (ExecutorReport) -> Void,
        leave: @escaping @Sendable () -> Void
    ) {
        self.pages = pages
        self.report = report
        self.leave = leave
    }

    /// Commands come one at a time, on the control thread.
    func obey(_ command: ExecutorCommand) {
        do {
            switch command {
            case .load(let plan):
                try load(plan)
                report(.loaded)
            case .open:
                try open()
            case .start:
                // First: a short job is drained before this thread goes on.
                report(.started)
                start()
            case .drain:
                drain()
            case .stop:
                stop()
            }
        } catch {
            fail(error)
        }
    }

    // MARK: - commands

    private func load(_ plan: Plan) throws(Failure) {
        let pages = try self.pages(plan.taskCount)
        let report = self.report
        HostServices.shared.begin(pages: pages) { report(.log($0)) }
        let builder = try ExecutorBuilder(plan, pages: pages)
        let chains = try builder.makeChains()
        let loops = try builder.makeLoops(chains) { [self] event in loopSaid(event) }
        state.withLock {
            $0.chains = chains.flatMap { $0 }
            $0.loops = loops
        }
    }

    private func open() throws(Failure) {
        for loop in state.withLock({ $0.loops }) {
            let thread = try loop.begin()
            state.withLock { $0.threads.append(thread) }
        }
    }

    private func start() {
        let loops = state.withLock { state in
            state.running = true
            return state.loops
        }
        for loop in loops { loop.go() }
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
                !state.failed && !state.chains.isEmpty && state.finished == state.chains.count
            return drained && !state.told
        }
        guard !waits else { return }
        leave()
    }

    // MARK: - what loops say, on their threads

    private func loopSaid(_ event: TaskletLoop.Event) {
        switch event {
        case .opened:
            let all = state.withLock { state in
                state.opened += 1
                return state.opened == state.loops.count
            }
            if all { report(.opened(metrics: HostServices.shared.metrics)) }
        case .failed(let failure):
            fail(failure)
        case .said(let line):
            report(.log(line))
        case .finished(let chains):
            let all = state.withLock { state in
                state.finished += chains
                return chains > 0 && state.finished == state.chains.count
            }
            if all { report(.drained) }
        case .closed:
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
