// SPDX-License-Identifier: Apache-2.0
// The control channel between a supervisor and an executor: a socket pair, frames of a
// little-endian u32 length and as many bytes of JSON, at most 16 MiB. The executor speaks first
// (`hello`); each side treats what it cannot read as the end of the channel. Requests are
// answered in the order load → loaded, open → opened, start → started; between the last two, where
// there are checkpoints, commit → committed, fence → fenced, restore → restored. Once it runs,
// trigger is answered by acked or declined, commit by committed; drain and stop may come at any
// time, and so may untap and tap, which is answered by tapped. End of file from the supervisor ends
// the executor.
//
// Descriptors are inherited: 3 the channel, 4 the black box, 5 the cells; where lanes leave the
// executor, 6 the memory of all wires and, from 7 on, the bell of each executor.
import MillraceCore
import MillraceDelivery
import MillraceGraph

package enum ControlChannel {
    package static let version = 3
    package static let frameBytesMax = 16 << 20
    package static let channelDescriptor: Int32 = 3
    package static let blackBoxDescriptor: Int32 = 4
    package static let cellsDescriptor: Int32 = 5
    package static let wiresDescriptor: Int32 = 6
    package static let firstBellDescriptor: Int32 = 7
}

package enum ExecutorCommand: Hashable, Codable, Sendable {
    /// Map the shared pages, load the plugins, build the tasks and lanes of one executor.
    case load(Plan, executor: Int = 0)
    /// Create every operator instance. nil: the run has no checkpoints.
    case open(AttemptIdentity?)
    /// Make visible what sinks prepared; also before they start.
    case commit(Epoch, [Token])
    /// Abort what sinks of earlier attempts left open.
    case fence
    /// Go on from there; nil: from the beginning.
    case restore(RestorePoint?)
    /// Start every instance, then run the loops.
    case start
    /// Begin an epoch at the sources. `halts`: they are not asked for more records behind it.
    case trigger(Epoch, halts: Bool)
    /// Epochs up to this one come to nothing.
    case giveUp(Epoch)
    /// The epoch is final.
    case complete(Epoch)
    /// The node gets whole batches again.
    case endSteps(node: String)
    /// The last epoch is final: destroy the instances.
    case close
    /// What the tap has sampled; begins it where it is not known. Numbers are never used again.
    case tap(Int, TapWish)
    /// Nobody wants to see more.
    case untap(Int)
    /// Ask the sources to end; everything under way still reaches the sinks.
    case drain
    /// End now; what is under way is lost.
    case stop
}

package enum ExecutorReport: Hashable, Codable, Sendable {
    case hello(version: Int, release: String, pid: Int32)
    case loaded
    case opened
    /// For each token in the order of the command; what a sink said about one that failed.
    case committed(Epoch, [CommitAnswer], said: [String])
    /// False: a sink cannot now; ask again.
    case fenced(isDone: Bool)
    case restored
    case started(metrics: [MetricCell])
    /// Everything it saved for the epoch is durable.
    case acked(EpochAck)
    /// It has no part of the epoch, for a reason in words.
    case declined(Epoch, DeclineReason, Failure?)
    /// Every source has ended, nothing is left in a lane, every `stop` has returned.
    case drained
    /// Instances are destroyed; the process ends with status 0 after this.
    case stopped
    /// An operator returned an error it cannot go on from, or the plan cannot be run. The
    /// executor stops calling plugins and waits for `stop` or the end of the channel.
    case failed(Failure)
    case log(LogLine)
    case tapped(TapPage)
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
    /// In the order of their weight, as the ABI numbers them.
    package enum Level: String, Codable, Sendable, CaseIterable, Comparable {
        case trace, debug, info, warn, error

        package var weight: Int { Self.allCases.firstIndex(of: self) ?? 0 }

        package static func < (a: Level, b: Level) -> Bool { a.weight < b.weight }
    }

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
