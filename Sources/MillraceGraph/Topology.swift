// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// A value with its place in the file.
package struct Marked<Value: Hashable & Sendable>: Hashable, Sendable {
    package var value: Value
    package var mark: Mark

    package init(_ value: Value, at mark: Mark) {
        self.value = value
        self.mark = mark
    }
}

/// The graph as it was written: the shape of the file is right, names are not resolved yet.
package struct Topology: Hashable, Sendable {
    package var name: Marked<String>?
    package var description: String?
    package var plugins: [PluginRequest] = []
    package var defaults = TopologyDefaults()
    package var nodes: [TopologyNode] = []
    package var arena: Marked<Int64>?
    package var threads: Marked<Int>?
    package var pinned = false
    package var idle = Plan.Idle.adaptive
    /// Of `dead_letter.limit`.
    package var lettersPerMinute: Int?
    /// Nil without the key: a file that has it wants checkpoints even where no folder is named.
    package var checkpoints: PlannedCheckpoints?
    package var restarts: PlannedRestarts?

    package init() {}
}

/// An entry of `plugins`: an installed plugin, pinned to a range of versions, or a file.
package struct PluginRequest: Hashable, Sendable {
    package enum Target: Hashable, Sendable {
        /// `fraud@^1.2`; the range is nil when none is given.
        case installed(name: String, range: String?)
        /// A path that has a `/` or ends in `.so`.
        case file(path: String)
    }

    package var target: Target
    package var mark: Mark

    package init(_ target: Target, at mark: Mark) {
        self.target = target
        self.mark = mark
    }
}

/// Where an operator runs.
package enum Isolation: String, Sendable {
    /// In the process that runs the other operators.
    case executor
    /// In one of its own.
    case process
}

/// What nodes and edges get that do not say themselves.
package struct TopologyDefaults: Hashable, Sendable {
    package var parallelism: Int?
    package var queue: Int?
    package var watchdog = TopologyWatchdog()
    package var onError: ErrorReaction?
    package var isolation: Isolation?

    package init() {}
}

/// Nanoseconds; nil where nothing is said.
package struct TopologyWatchdog: Hashable, Sendable {
    package var soft: Int64?
    package var hard: Int64?

    package init() {}
}

package struct TopologyNode: Hashable, Sendable {
    package var id: Marked<String>
    /// With `@RANGE`, if that was written.
    package var use: Marked<String>
    /// Of a `use` that names a C function instead of an operator.
    package var function: TopologyFunction?
    package var with: [TreeMember] = []
    package var from: [TopologyEdge] = []
    /// Of the `from` key; nil without one.
    package var fromMark: Mark?
    /// Each edge could be read.
    package var fromIsWhole = true
    package var parallelism: Marked<Int>?
    package var outputMemory: Marked<Int64>?
    package var watchdog = TopologyWatchdog()
    package var loop: Marked<Int>?
    package var onError: ErrorReaction?
    package var isolation: Isolation?
    /// Bytes that each task may take.
    package var memory: Marked<Int64>?
    package var eventTime: TopologyEventTime?
    package var description: String?

    package init(id: Marked<String>, use: Marked<String>) {
        self.id = id
        self.use = use
    }
}

package struct TopologyEdge: Hashable, Sendable {
    /// Of the producer.
    package var node: String
    package var port: String?
    /// Input port of the consumer, for operators that have several.
    package var input: Marked<String>?
    package var mark: Mark
    package var partition: Marked<TopologyPartition>?
    /// Paths of fields, each a text.
    package var key: [TreeValue] = []
    package var queue: Marked<Int>?

    package init(node: String, port: String?, mark: Mark) {
        self.node = node
        self.port = port
        self.mark = mark
    }
}

package enum TopologyPartition: Hashable, Sendable {
    case builtIn(PlannedEdge.Partition)
    /// A partitioner plugin with its parameters.
    case custom(use: Marked<String>, with: [TreeMember])
}
