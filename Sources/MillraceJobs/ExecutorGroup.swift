// SPDX-License-Identifier: Apache-2.0
// The executors of one attempt of a region, which live and die together: to the run they are one.
//
// A command goes to each that it concerns. A report is passed on once it is true for all of them
// (`ReportMerger`). When one ends before it was told to, or not as it should, it is the guilty one,
// and the others are killed: what they know has no meaning without it.
import MillraceCore
import MillraceDelivery
import MillraceGraph
import MillraceSystem
import MillraceWire
import Synchronization

package final class ExecutorGroup: Sendable {
    private struct Endings {
        var mayEnd = false
        /// Executors that are gone.
        var gone: Set<Int> = []
        var guilty: Int?
        var exit: ChildProcess.Exit?
    }

    /// In the order of `executors`.
    package let parts: [ExecutorProcess]
    /// Their numbers in the plan.
    package let executors: [Int]
    package let plan: Plan
    /// By task of the plan; nil: it is not one of ours.
    private let partOfTask: [Int?]
    /// By node.
    private let homes: [String: Int]
    private let merger: SharedMerger
    private let endings = Mutex(Endings())

    /// Starts these of the executors that `plan` has, which share no lane with the others. The
    /// calling thread must outlive them: they die with it. `onEvent` is called on several threads.
    package init(
        executable: String, arguments: [String], plan: Plan, executors: [Int],
        onEvent: @escaping @Sendable (ExecutorProcess.Event) -> Void
    ) throws(SystemError) {
        self.plan = plan
        self.executors = executors
        let own = plan.nodes.map { executors.firstIndex(of: $0.executor) }
        partOfTask = zip(plan.nodes, own).flatMap { node, part in
            Array(repeating: part, count: node.parallelism)
        }
        homes = Dictionary(
            zip(plan.nodes, own).compactMap { node, part in part.map { (node.id, $0) } },
            uniquingKeysWith: min)
        let merger = SharedMerger(executors: executors.count)
        self.merger = merger
        let wires = try Wires(plan, executors)
        var parts: [ExecutorProcess] = []
        do throws(SystemError) {
            for place in executors.indices {
                parts.append(
                    try ExecutorProcess(
                        executable: executable, arguments: arguments, tasks: plan.taskCount,
                        descriptors: wires.descriptors
                    ) { event in
                        if let event = merger.take(event, from: place) { onEvent(event) }
                    })
            }
        } catch {
            for part in parts { part.end() }
            throw error
        }
        self.parts = parts
    }

    /// Tasks of the plan that live here.
    package var tasks: [Int] { partOfTask.indices.filter { partOfTask[$0] != nil } }

    package func has(_ node: String) -> Bool { homes[node] != nil }

    /// False when one does not take it: it is gone, or does not read.
    package func send(_ command: ExecutorCommand) -> Bool {
        if case .stop = command { endings.withLock { $0.mayEnd = true } }
        if case .commit(let epoch, let tokens) = command { return commit(epoch, tokens) }
        if case .tap(_, let wish) = command {
            return parts[homes[wish.node] ?? 0].send(command)
        }
        var isTaken = true
        for (number, part) in zip(executors, parts) {
            let one: ExecutorCommand
            switch command {
            case .load(let plan, _): one = .load(plan, executor: number)
            case .open(var identity):
                identity?.executor = UInt32(number)
                one = .open(identity)
            default: one = command
            }
            isTaken = part.send(one) && isTaken
        }
        return isTaken
    }

    private func commit(_ epoch: Epoch, _ tokens: [Token]) -> Bool {
        let owners = tokens.map { homes[$0.task.node] ?? 0 }
        merger.commit(epoch, owners: owners)
        var isTaken = true
        for (number, part) in parts.enumerated() {
            let own = tokens.indices.filter { owners[$0] == number }.map { tokens[$0] }
            guard !own.isEmpty || (tokens.isEmpty && number == 0) else { continue }
            isTaken = part.send(.commit(epoch, own)) && isTaken
        }
        return isTaken
    }

    package func kill() { for part in parts { part.kill() } }

    /// The executor at this place may have ended. nil: not all are gone yet; else the guilty one,
    /// or the first, and how it ended. Clean: each was told to end, and did.
    package func ended(_ place: Int) -> (part: Int, exit: ChildProcess.Exit, isClean: Bool)? {
        guard let exit = parts[place].child.poll() else { return nil }
        let kills = endings.withLock { endings -> Bool in
            endings.gone.insert(place)
            guard !endings.mayEnd || exit != .exited(code: 0) else {
                if endings.exit == nil { endings.exit = exit }
                return false
            }
            guard endings.guilty == nil else { return false }
            endings.guilty = place
            endings.exit = exit
            return true
        }
        if kills { kill() }
        return endings.withLock { endings in
            guard endings.gone.count == parts.count, let exit = endings.exit else { return nil }
            return (endings.guilty ?? 0, exit, endings.guilty == nil)
        }
    }

    /// Kills those that still run, waits for their ends, and for the last event of each.
    package func end() { for part in parts { part.end() } }

    package var pid: Int32 { parts[0].child.pid }

    // MARK: - what the pages say

    /// The tasks that are inside their plugin just now.
    package func calls() -> [Watchdog.Call] {
        parts.enumerated().flatMap { place, part in
            part.calls().filter { partOfTask[$0.task] == place }
        }
    }

    /// When the control thread that is furthest behind turned last; monotonic ns, 0: never.
    package var heartbeat: Int64 { parts.map { $0.process()?.heartbeat ?? 0 }.min() ?? 0 }

    package func box(of task: Int) -> BlackBoxPage? { home(of: task).box(of: task) }
    package func cells(of task: Int) -> CellsPage { home(of: task).cells(of: task) }

    package func counters(of task: Int) -> (
        recordsIn: UInt64, queue: UInt64, quarantined: UInt64, restored: UInt64
    ) { home(of: task).counters(of: task) }

    package func histogram(of cell: MetricCell) -> Histogram? {
        guard partOfTask.indices.contains(cell.task), let part = partOfTask[cell.task] else {
            return nil
        }
        return parts[part].histogram(cell.index)
    }

    private func home(of task: Int) -> ExecutorProcess {
        guard let part = partOfTask[task] else {
            preconditionFailure("BUG: task \(task) lives in another region")
        }
        return parts[part]
    }

    private final class SharedMerger: Sendable {
        private let state: Mutex<ReportMerger>

        init(executors: Int) { state = Mutex(ReportMerger(executors: executors)) }

        func commit(_ epoch: Epoch, owners: [Int]) {
            state.withLock { $0.commit(epoch, owners: owners) }
        }

        func take(_ event: ExecutorProcess.Event, from executor: Int) -> ExecutorProcess.Event? {
            guard case .report(let report) = event else { return event }
            return state.withLock { $0.take(report, from: executor) }.map { .report($0) }
        }
    }

    /// What all executors inherit beside their own pages: the wires of the plan, and a bell for
    /// each of its executors. Those of other regions are none of ours, so one stands for all.
    private struct Wires {
        let pages: SharedPages?
        /// By number of the executor.
        let bells: [Bell]

        init(_ plan: Plan, _ executors: [Int]) throws(SystemError) {
            guard plan.crossingBytes > 0 else {
                (pages, bells) = (nil, [])
                return
            }
            pages = try SharedPages(name: "millrace-wires", count: plan.crossingBytes)
            var bells = Array(repeating: try Bell(), count: plan.executorCount)
            for number in executors { bells[number] = try Bell() }
            self.bells = bells
        }

        var descriptors: [(from: Int32, to: Int32)] {
            guard let pages else { return [] }
            return [(pages.descriptor, ControlChannel.wiresDescriptor)]
                + bells.enumerated().map {
                    ($1.descriptor, ControlChannel.firstBellDescriptor + Int32($0))
                }
        }
    }
}
