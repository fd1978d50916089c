// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// A checked topology, ready to run: what the supervisor sends to an executor.
///
/// Nodes are in topological order; an edge names its ends by position in `nodes`. Tasks are not
/// listed: node *n* has `parallelism` tasks, and the task numbers of a plan count through all
/// nodes in order (`firstTask`).
package struct Plan: Hashable, Codable, Sendable {
    /// How a loop without work waits.
    package enum Idle: String, Codable, Sendable {
        /// Spin a few microseconds, then sleep.
        case adaptive
        /// Never sleep: for measurements, on a core of its own.
        case spin
    }

    package var job: String
    package var name: String
    package var nodes: [PlannedNode]
    package var edges: [PlannedEdge]
    /// Loop threads; operators that block have further threads of their own.
    package var threads: Int
    /// Bind loop *i* to the *i*-th processor that is allowed.
    package var pinned: Bool
    package var idle: Idle
    /// Size limit of the arena in bytes.
    package var arenaBytes: UInt64
    /// Dead letters of one node within a minute; one more ends the run.
    package var lettersPerMinute: Int
    package var checkpoints: PlannedCheckpoints
    package var restarts: PlannedRestarts
    /// Executors that nodes share: one for each region. Those of isolated nodes come behind them.
    package internal(set) var sharedExecutors = 1

    package init(
        job: String, name: String, nodes: [PlannedNode], edges: [PlannedEdge], threads: Int,
        pinned: Bool = false, idle: Idle = .adaptive,
        arenaBytes: UInt64 = Limits.arenaBytesDefault,
        lettersPerMinute: Int = Limits.lettersPerMinuteDefault,
        checkpoints: PlannedCheckpoints = PlannedCheckpoints(),
        restarts: PlannedRestarts = PlannedRestarts()
    ) {
        self.job = job
        self.name = name
        self.nodes = nodes
        self.edges = edges
        self.threads = threads
        self.pinned = pinned
        self.idle = idle
        self.arenaBytes = arenaBytes
        self.lettersPerMinute = lettersPerMinute
        self.checkpoints = checkpoints
        self.restarts = restarts
    }

    package var taskCount: Int { nodes.reduce(0) { $0 + $1.parallelism } }

    /// The number of the node's first task.
    package func firstTask(of node: Int) -> Int {
        nodes[..<node].reduce(0) { $0 + $1.parallelism }
    }
}

/// One operator of a plan, with everything an executor needs to make its tasks.
package struct PlannedNode: Hashable, Codable, Sendable {
    package var id: String
    package var operation: OperatorDescription
    package var plugin: PluginReference
    /// Parameters after checking: typed, defaults filled in, durations in nanoseconds, sizes in
    /// bytes, rates per second.
    package var config: JSON
    /// Names of top-level parameters whose values must not be shown.
    package var secrets: [String]
    package var parallelism: Int
    /// Quota of each output port of each task, in bytes.
    package var outputMemory: UInt64
    /// A call longer than this is reported.
    package var watchdogSoft: Int64
    /// A call longer than this is ended with its process.
    package var watchdogHard: Int64
    /// The loop all its tasks run on; nil: the executor spreads them.
    package var loop: Int?
    /// What follows when the operator refuses a record.
    package var onError: ErrorReaction
    /// The executor its tasks live in; see `Plan+Executors`.
    package var executor = 0
    /// Bytes that the operator may take for each task; nil: as many as there are. Only with an
    /// executor of its own.
    package var memory: Int64?
    /// Of a source: its records get a time; nil: what the source gives them is kept.
    package var eventTime: PlannedEventTime?

    package init(
        id: String, operation: OperatorDescription, plugin: PluginReference, config: JSON,
        secrets: [String] = [], parallelism: Int = 1,
        outputMemory: UInt64 = UInt64(Limits.quotaBlocksDefault * Limits.blockBytes),
        watchdogSoft: Int64 = Limits.watchdogSoftNanoseconds,
        watchdogHard: Int64 = Limits.watchdogHardNanoseconds, loop: Int? = nil,
        onError: ErrorReaction = .deadLetter, memory: Int64? = nil,
        eventTime: PlannedEventTime? = nil
    ) {
        self.id = id
        self.operation = operation
        self.plugin = plugin
        self.config = config
        self.secrets = secrets
        self.parallelism = parallelism
        self.outputMemory = outputMemory
        self.watchdogSoft = watchdogSoft
        self.watchdogHard = watchdogHard
        self.loop = loop
        self.onError = onError
        self.memory = memory
        self.eventTime = eventTime
    }
}

/// What follows when an operator refuses a record.
package enum ErrorReaction: String, Codable, Sendable {
    case deadLetter = "dead_letter"
    /// It is counted, no more.
    case drop
    /// The run ends.
    case fail
}

extension PlannedNode {
    /// The output port that dead letters of the node go to; nil: nobody reads it.
    package var errorsPort: Int? { operation.outputs.firstIndex { $0.name == ErrorsPort.name } }

    /// It calls a function of a C library.
    package var isFunction: Bool { operation.id == CFunction.operation }

    /// What messages call it: `fail 1.0.0`, or `libm.so.6!sqrt`.
    package var operationName: String {
        isFunction ? operation.title : "\(operation.id) \(operation.version)"
    }
}

/// One edge of a plan: a lane for each pair of tasks that it connects, or none when it is fused.
package struct PlannedEdge: Hashable, Codable, Sendable {
    package enum Partition: String, Codable, Sendable {
        /// Task *i* to task *i*; parallelism is equal.
        case forward
        case roundRobin = "round_robin"
        /// By key group.
        case hash
        /// Every record to every task.
        case broadcast
        /// To the task whose lane is emptiest.
        case leastLoaded = "least_loaded"
        /// A partitioner plugin chooses.
        case custom
    }

    package struct Partitioner: Hashable, Codable, Sendable {
        package var operation: OperatorDescription
        package var plugin: PluginReference
        package var config: JSON
        package init(operation: OperatorDescription, plugin: PluginReference, config: JSON) {
            self.operation = operation
            self.plugin = plugin
            self.config = config
        }
    }

    package var from: Int
    package var outputPort: Int
    package var to: Int
    package var inputPort: Int
    package var partition: Partition
    package var partitioner: Partitioner?
    /// Slots of each lane, a power of two.
    package var queue: Int
    /// The consumer is called directly after the producer: no lane.
    package var fused: Bool

    package init(
        from: Int, outputPort: Int = 0, to: Int, inputPort: Int = 0, partition: Partition,
        partitioner: Partitioner? = nil, queue: Int = Limits.queueDefault, fused: Bool = false
    ) {
        self.from = from
        self.outputPort = outputPort
        self.to = to
        self.inputPort = inputPort
        self.partition = partition
        self.partitioner = partitioner
        self.queue = queue
        self.fused = fused
    }
}
