// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceFlow
import MillraceGraph
import MillraceHost
import MillraceSystem
import MillraceWire
import Synchronization

/// A loop and its thread: makes the instances of its chains, steps them, destroys them. All
/// plugin calls of a chain but those in the background are made here, so an operator that blocks
/// has one thread for all of them.
///
///   SETUP    takes steps, one after the other: open, fence, restore, start; each is answered
///   RUNNING  after `go`: turns, until every chain has ended or `halt`; where there are checkpoints
///            also after that, because barriers come behind the end of the data, until `close`
///   CLOSING  instances are destroyed, unless a call failed or was given up
final class TaskletLoop: Sendable {
    /// What is done before records flow.
    enum Step: Sendable {
        /// Create the instances; nil: there are no checkpoints.
        case open(SinkWriter?)
        case fence
        case restore(RestoredState)
        case start
        /// The thread takes no further step: records flow.
        case go
    }

    /// What happens on the loop, told on its own thread.
    enum Event: Sendable {
        case opened
        /// False: a sink cannot now.
        case fenced(Bool)
        case restored
        case started
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
    private let wireEnds: [WireEnd]
    /// Rings when something comes by a wire, or when there is room.
    private let bell: Bell?
    private let pages: TaskPages
    private let report: @Sendable (Event) -> Void
    private let command = Atomic<Int>(Command.go.rawValue)
    private let steps = Mailbox<Step>()

    /// How often the wall clock is looked at.
    private static let wallNanoseconds: Int64 = 100_000_000

    private enum Command: Int { case go, close, halt }

    init(
        number: Int, handle: LoopHandle, chains: [TaskletChain], wireEnds: [WireEnd], bell: Bell?,
        idle: Plan.Idle, cpu: Int?, pages: TaskPages, report: @escaping @Sendable (Event) -> Void
    ) throws(Failure) {
        self.number = number
        self.handle = handle
        self.chains = chains
        self.wireEnds = wireEnds
        self.bell = bell
        self.cpu = cpu
        self.pages = pages
        self.report = report
        spins = idle == .spin
        sleeper = try LoopSleeper(handle)
    }

    /// Starts the thread.
    func begin() throws(Failure) -> PinnedThread {
        do {
            return try PinnedThread(name: "loop \(number)", cpu: cpu, stackBytes: 4 << 20) {
                self.body()
            }
        } catch {
            throw error.failure(.outOfMemory, next: "run fewer tasks, or raise the thread limit")
        }
    }

    /// Before it begins: what its chains are at barriers goes there.
    func freeze(into checkpoints: Checkpoints) {
        for chain in chains {
            chain.handle.onBarrier(ChainBarrier(chain, loop: handle, checkpoints: checkpoints))
        }
    }

    /// Any thread: the next step.
    func take(_ step: Step) { steps.post(step) }

    /// Any thread: the last barrier is through, instances may go.
    func close() { say(.close) }

    /// Any thread: no further call.
    func halt() {
        say(.halt)
        steps.post(.go)
    }

    private func say(_ word: Command) {
        // A halt stands. Both orders are store, then look: at `command` here, at the sleeper there.
        if word == .halt {
            command.store(word.rawValue, ordering: .sequentiallyConsistent)
        } else {
            _ = command.compareExchange(
                expected: Command.go.rawValue, desired: word.rawValue,
                ordering: .sequentiallyConsistent)
        }
        handle.poke()
    }

    private func body() {
        let lingers: Bool
        do {
            try Fault.register(loop: handle)
            for chain in chains {
                for member in chain.members {
                    pages.setThread(CurrentThread.id, of: member.task.number)
                }
            }
            lingers = try setUp()
        } catch {
            report(.failed(error))
            return
        }
        for chain in chains { chain.handle.join(handle) }
        for end in wireEnds { end.handle.join(handle) }
        let failed = run(lingers)
        guard !failed, command.load(ordering: .acquiring) != Command.halt.rawValue else { return }
        for chain in chains { chain.close(on: handle) }
        report(.closed)
    }

    /// True: there are checkpoints, so barriers come behind the end of the data.
    private func setUp() throws(Failure) -> Bool {
        var lingers = false
        while true {
            switch steps.take() {
            case .open(let writer):
                lingers = writer != nil
                for chain in chains { try chain.open(writer, on: handle) }
                report(.opened)
            case .fence:
                var isDone = true
                for chain in chains {
                    let fenced = try chain.fence(on: handle)
                    isDone = isDone && fenced
                }
                report(.fenced(isDone))
            case .restore(let state):
                for chain in chains { try chain.restore(state, on: handle) }
                for end in wireEnds { end.restore(state) }
                report(.restored)
            case .start:
                for chain in chains { try chain.start(on: handle) }
                for chain in chains {
                    for descriptor in chain.descriptors(on: handle) {
                        try sleeper.watch(descriptor, chains: [chain.handle])
                    }
                }
                if let bell {
                    try sleeper.watch(bell.descriptor, chains: wireEnds.map(\.handle))
                }
                report(.started)
            case .go:
                return lingers
            }
        }
    }

    /// Turns until there is nothing left to do. True: a call failed.
    private func run(_ lingers: Bool) -> Bool {
        var left = chains.count + wireEnds.count
        var wallAt = Int64.min
        while true {
            let word = command.load(ordering: .relaxed)
            if word == Command.halt.rawValue { return false }
            if left == 0, !lingers || word == Command.close.rawValue { return false }
            let now = MonotonicClock.now()
            if now >= wallAt {
                handle.wall(offset: WallClock.now() - now)
                wallAt = now + Self.wallNanoseconds
            }
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
            sleeper.sleep(until: turn.due) {
                command.load(ordering: .sequentiallyConsistent) != word
            }
        }
    }

    private func tellPutOff() {
        while let (handle, member) = self.handle.nextPutOff() {
            report(.said(chain(handle).putOff(member)))
        }
    }

    private func failure(of handle: ChainHandle) -> Failure {
        wireEnds.first { $0.handle == handle }?.failure() ?? chain(handle).failure()
    }

    private func chain(_ handle: ChainHandle) -> TaskletChain {
        guard let chain = chains.first(where: { $0.handle == handle }) else {
            preconditionFailure("BUG: a chain of another loop")
        }
        return chain
    }
}
