// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceFlow
import MillraceGraph
import MillraceHost
import MillraceSystem
import MillraceWire
import Synchronization

/// A loop and its thread: makes the instances of its chains, steps them, destroys them. All
/// plugin calls of a chain are made here, so an operator that blocks has one thread for all of
/// them.
///
///   OPENING  instances are created and started; then `opened`
///   READY    waits for `go`
///   RUNNING  turns, until every chain has ended or `halt`
///   CLOSING  instances are destroyed, unless a call failed or was given up
final class TaskletLoop: Sendable {
    /// What happens on the loop, told on its own thread.
    enum Event: Sendable {
        case opened
        case failed(Failure)
        case said(LogLine)
        /// So many more of its chains have finished.
        case finished(Int)
        /// Its instances are destroyed; nothing more will happen on it.
        case closed
    }

    private let number: Int
    private let handle: LoopHandle
    private let sleeper: LoopSleeper
    private let spins: Bool
    private let cpu: Int?
    private let chains: [TaskletChain]
    private let pages: TaskPages
    private let report: @Sendable (Event) -> Void
    private let command = Atomic<Int>(Command.open.rawValue)
    private let started = Gate()

    private enum Command: Int { case open, go, halt }

    init(
        number: Int, handle: LoopHandle, chains: [TaskletChain], idle: Plan.Idle, cpu: Int?,
        pages: TaskPages, report: @escaping @Sendable (Event) -> Void
    ) throws(Failure) {
        self.number = number
        self.handle = handle
        self.chains = chains
        self.cpu = cpu
        self.pages = pages
        self.report = report
        spins = idle == .spin
        sleeper = try LoopSleeper(handle)
    }

    /// Starts the thread; it opens the instances at once.
    func begin() throws(Failure) -> PinnedThread {
        do {
            return try PinnedThread(name: "loop \(number)", cpu: cpu, stackBytes: 4 << 20) {
                self.body()
            }
        } catch {
            throw error.failure(.outOfMemory, next: "run fewer tasks, or raise the thread limit")
        }
    }

    /// Any thread: instances may run now.
    func go() {
        // A halt that came first stands.
        _ = command.compareExchange(
            expected: Command.open.rawValue, desired: Command.go.rawValue, ordering: .releasing)
        started.open()
    }

    /// Any thread: no further call.
    func halt() {
        command.store(Command.halt.rawValue, ordering: .releasing)
        started.open()
        handle.poke()
    }

    private func body() {
        do {
            try Fault.register(loop: handle)
            for chain in chains {
                for member in chain.members {
                    pages.setThread(CurrentThread.id, of: member.task.number)
                }
            }
            for chain in chains { try chain.open(on: handle) }
            for chain in chains {
                for descriptor in chain.descriptors(on: handle) {
                    try sleeper.watch(descriptor, chain: chain.handle)
                }
            }
        } catch {
            report(.failed(error))
            return
        }
        report(.opened)
        started.pass()
        for chain in chains { chain.handle.join(handle) }
        let failed = run()
        guard !failed, command.load(ordering: .acquiring) != Command.halt.rawValue else { return }
        for chain in chains { chain.close(on: handle) }
        report(.closed)
    }

    /// Turns until every chain has ended. True: a call failed.
    private func run() -> Bool {
        var left = chains.count
        while left > 0, command.load(ordering: .relaxed) != Command.halt.rawValue {
            let now = MonotonicClock.now()
            let turn = handle.turn(now: now)
            if turn.ended {
                var finished = 0
                while let chain = handle.nextEnded() {
                    left -= 1
                    finished += 1
                    if chain.hasFailed {
                        report(.failed(failure(of: chain)))
                        return true
                    }
                }
                report(.finished(finished))
            }
            if turn.noted { tellPutOff() }
            sleeper.look(now: now)
            if turn.moved || turn.active || turn.ended || spins { continue }
            sleeper.sleep(until: turn.due)
        }
        return false
    }

    private func tellPutOff() {
        while let (handle, member) = self.handle.nextPutOff() {
            report(.said(chain(handle).putOff(member)))
        }
    }

    private func failure(of handle: ChainHandle) -> Failure { chain(handle).failure() }

    private func chain(_ handle: ChainHandle) -> TaskletChain {
        guard let chain = chains.first(where: { $0.handle == handle }) else {
            preconditionFailure("BUG: a chain of another loop")
        }
        return chain
    }
}
