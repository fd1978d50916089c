// SPDX-License-Identifier: Apache-2.0
// The control channel between a supervisor and an executor: a socket pair, frames of a
// little-endian u32 length and as many bytes of JSON, at most 16 MiB. The executor speaks first
// (`hello`); each side treats what it cannot read as the end of the channel. Requests are
// answered in the order load → loaded, open → opened, start → started; drain and stop may come
// at any time. End of file from the supervisor ends the executor.
//
// Descriptors are inherited: 3 the channel, 4 the black box, 5 the cells.
import MillraceCore
import MillraceGraph

package enum ControlChannel {
    package static let version = 1
    package static let frameBytesMax = 16 << 20
    package static let channelDescriptor: Int32 = 3
    package static let blackBoxDescriptor: Int32 = 4
    package static let cellsDescriptor: Int32 = 5
}

package enum ExecutorCommand: Hashable, Codable, Sendable {
    /// Map the shared pages, load the plugins, build tasks and lanes.
    case load(Plan)
    /// Create and start every operator instance.
    case open
    /// Run the loops.
    case start
    /// Ask the sources to end; everything under way still reaches the sinks.
    case drain
    /// End now; what is under way is lost.
    case stop
}

package enum ExecutorReport: Hashable, Codable, Sendable {
    case hello(version: Int, release: String, pid: Int32)
    case loaded
    case opened(metrics: [MetricCell])
    case started
    /// Every source has ended, nothing is left in a lane, every `stop` has returned.
    case drained
    /// Instances are destroyed; the process ends with status 0 after this.
    case stopped
    /// An operator returned an error it cannot go on from, or the plan cannot be run. The
    /// executor stops calling plugins and waits for `stop` or the end of the channel.
    case failed(Failure)
    case log(LogLine)
}

/// A counter or gauge that an operator made: where it lies in the cells page of its task.
package struct MetricCell: Hashable, Codable, Sendable {
    package enum Kind: String, Codable, Sendable { case counter, gauge, histogram }
    /// Number of the task in the plan.
    package var task: Int
    package var kind: Kind
    package var name: String
    package var unit: String
    package var help: String
    /// Counter, gauge: cell 0..<64 of the task. Histogram: number of the histogram page.
    package var index: Int

    package init(task: Int, kind: Kind, name: String, unit: String, help: String, index: Int) {
        self.task = task
        self.kind = kind
        self.name = name
        self.unit = unit
        self.help = help
        self.index = index
    }
}

package struct LogLine: Hashable, Codable, Sendable {
    package enum Level: String, Codable, Sendable { case trace, debug, info, warn, error }
    package var level: Level
    /// Empty: the executor itself.
    package var node: String
    package var instance: Int
    package var text: String
    package var code: FailureCode?

    package init(
        level: Level, node: String = "", instance: Int = 0, text: String, code: FailureCode? = nil
    ) {
        self.level = level
        self.node = node
        self.instance = instance
        self.text = text
        self.code = code
    }
}
