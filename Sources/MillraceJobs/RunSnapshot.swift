// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph
import MillraceWire

/// What a person is shown of a state of `RunMachine`.
package enum RunPhase: Hashable, Sendable {
    case starting
    case running
    /// An attempt failed, the next one goes on from the last checkpoint.
    case recovering(Failure)
    /// `deadline` in nanoseconds since 1970.
    case draining(DrainCause, deadline: Int64)
    case stopped(DrainCause)
    case failed(Failure)
}

/// A run as of one instant.
package struct RunSnapshot: Sendable {
    package var phase: RunPhase
    /// Of the last change of phase, in nanoseconds since 1970.
    package var since: Int64
    /// Monotonic nanoseconds.
    package var instant: Int64
    /// Since the executor runs, in nanoseconds; stands still once the run is over.
    package var running: Int64
    /// The first of them; nil: there has been none.
    package var executor: Int32?
    /// By task of the plan.
    package var tasks: [TaskSample]
    /// By node of the plan.
    package var nodes: [NodeSample]
    /// Records out of the sources.
    package var recordsIn: UInt64
    /// Records into the sinks.
    package var recordsOut: UInt64
}

/// The counters of one task.
package struct TaskSample: Sendable {
    package var cells: CellsPage
    /// Nanoseconds, with the interval it is in now.
    package var times: CellsPage.Times
    /// How long the call under way lasts, in nanoseconds; 0 outside of calls.
    package var callAge: Int64

    /// Before anything ran.
    package static let zero = TaskSample(
        cells: CellsPage(), times: CellsPage.Times(), callAge: 0)
}

/// What the pages of a region's executors say.
struct RegionLook: Sendable {
    var pid: Int32
    /// By task of the plan; those of the region.
    var tasks: [Int: TaskSample] = [:]
    var metrics: [MetricSample] = []
}

/// A counter, gauge or histogram that an operator made.
package struct MetricSample: Sendable {
    package var cell: MetricCell
    package var value: UInt64
    package var histogram: Histogram?
}

/// The counters of all tasks of a node.
package struct NodeSample: Sendable {
    package var id: String
    package var tasks: Int
    package var recordsIn: UInt64 = 0
    package var recordsOut: UInt64 = 0
    package var calls: UInt64 = 0
    package var slowCalls: UInt64 = 0
    package var unused: UInt64 = 0
    package var refused: UInt64 = 0
    package var retries: UInt64 = 0
    /// Nanoseconds, summed over its tasks.
    package var times = CellsPage.Times()
    package var queue: UInt64 = 0
    package var queueCapacity: UInt64 = 0
    /// Age of sampled records, in nanoseconds.
    package var latency = Histogram()
    /// The lowest of its tasks that go on.
    package var watermark: Int64?
    package var finished = true
    package var metrics: [MetricSample] = []

    package var p50: UInt64? { latency.quantile(0.5) }
    package var p99: UInt64? { latency.quantile(0.99) }

    init(_ node: PlannedNode, tasks: ArraySlice<TaskSample>, metrics: [MetricSample]) {
        id = node.id
        self.tasks = node.parallelism
        self.metrics = metrics
        for task in tasks {
            let cells = task.cells
            // Pages of a dead executor may hold anything, so no sum may trap.
            recordsIn &+= cells.recordsIn
            recordsOut &+= cells.recordsOut
            calls &+= cells.calls
            slowCalls &+= cells.slowCalls
            unused &+= cells.unused
            refused &+= cells.refused
            retries &+= cells.retries
            times.starved &+= task.times.starved
            times.busy &+= task.times.busy
            times.blocked &+= task.times.blocked
            queue &+= cells.queue
            queueCapacity &+= cells.queueCapacity
            latency.add(cells.latency)
            guard !cells.finished else { continue }
            finished = false
            watermark = min(watermark ?? .max, cells.watermark)
        }
    }
}

extension RunSnapshot {
    init(
        plan: Plan, phase: RunPhase, since: Int64, instant: Int64, running: Int64,
        executor: Int32?, tasks: [TaskSample], metrics: [MetricSample]
    ) {
        self.phase = phase
        self.since = since
        self.instant = instant
        self.running = running
        self.executor = executor
        self.tasks = tasks
        nodes = []
        recordsIn = 0
        recordsOut = 0
        // By task, or ten thousand nodes with a metric each would be looked through for each node.
        let metricsByTask = Dictionary(grouping: metrics, by: \.cell.task)
        var first = 0
        for node in plan.nodes {
            let range = first..<first + node.parallelism
            first = range.upperBound
            let sample = NodeSample(
                node, tasks: tasks[range], metrics: range.flatMap { metricsByTask[$0] ?? [] })
            nodes.append(sample)
            switch node.operation.kind {
            case .source: recordsIn &+= sample.recordsOut
            case .sink: recordsOut &+= sample.recordsIn
            case .transform, .partitioner: break
            }
        }
    }
}
