// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceDelivery
import MillraceGraph
import MillraceWire

/// Why a run drains.
package enum DrainCause: String, Hashable, Sendable {
    case sourcesEnded, interrupted, timeElapsed, limitReached, asked
}

/// What a run is told, and what it answers.
extension RunMachine {
    package struct Options: Hashable, Sendable {
        package var drainTimeout: Int64
        /// Drain after so many nanoseconds of running; nil: never.
        package var duration: Int64?
        /// Drain once the sinks took so many records; nil: never.
        package var limit: UInt64?
        /// A run that is told to end keeps its state, for the next one to go on from: the data has
        /// not ended.
        package var keepsState: Bool

        package init(
            drainTimeout: Int64 = Limits.drainNanoseconds, duration: Int64? = nil,
            limit: UInt64? = nil, keepsState: Bool = false
        ) {
            self.drainTimeout = drainTimeout
            self.duration = duration
            self.limit = limit
            self.keepsState = keepsState
        }
    }

    /// Why it failed, and the exit code of the command.
    package struct Ending: Hashable, Sendable {
        package var failure: Failure
        package var exitCode: Int32

        init(_ failure: Failure, exitCode: Int32? = nil) {
            self.failure = failure
            self.exitCode = exitCode ?? failure.code.exitCode
        }
    }

    /// How somebody wants the run to end.
    package struct StopWish: Hashable, Sendable {
        /// Without draining.
        package var now: Bool
        /// The folder of a savepoint to write; only with a `JobCoordinator`.
        package var savepoint: String?
        /// Nanoseconds that draining may take; nil: as the run was told.
        package var drainTimeout: Int64?

        package init(now: Bool = false, savepoint: String? = nil, drainTimeout: Int64? = nil) {
            self.now = now
            self.savepoint = savepoint
            self.drainTimeout = drainTimeout
        }
    }

    /// To drain, said before records flow.
    package struct EarlyWish: Hashable, Sendable {
        package var cause: DrainCause
        /// By then the run ends, whether or not it could drain.
        package var until: Int64
    }

    /// Records that wait before a node.
    package struct Backlog: Hashable, Sendable {
        package var node: String
        package var records: UInt64

        package init(node: String, records: UInt64) {
            self.node = node
            self.records = records
        }
    }

    /// Records that were taken out before an operator saw them, and all that it had, in the life of
    /// the job.
    package struct Taken: Hashable, Sendable {
        package var node: String
        package var count: Int
        package var records: UInt64
    }

    /// What the shared pages of a part say, every 100 ms.
    package struct Observation: Hashable, Sendable {
        package var region = RunMachine.whole
        package var calls: [Watchdog.Call]
        package var heartbeat: Int64
        /// Records that the sinks took.
        package var delivered: UInt64
        package var backlog: [Backlog]
        /// Nodes that records were taken out of.
        package var taken: [Taken] = []

        package init(
            calls: [Watchdog.Call] = [], heartbeat: Int64 = 0, delivered: UInt64 = 0,
            backlog: [Backlog] = []
        ) {
            self.calls = calls
            self.heartbeat = heartbeat
            self.delivered = delivered
            self.backlog = backlog
        }
    }

    package enum Event: Hashable, Sendable {
        case report(ExecutorReport, RegionID = RunMachine.whole)
        /// The executor closed the channel, or something came through it that is no message.
        case channelEnded(Failure?, RegionID = RunMachine.whole)
        /// What the shared pages say at the end of the data or of the executor.
        case counted(Observation)
        /// The executor is gone; the verdict is told unless it ended as it should.
        /// `stepped`: the record that the guilty operator had, where it gets one at a time.
        case exited(
            clean: Bool, verdict: Failure, origin: RestartBudget.Origin = .ours,
            stepped: ContentHash? = nil, region: RegionID = RunMachine.whole)
        /// What the job's store says.
        case stored(JobCoordinator.Event)
        /// INT, TERM or HUP came.
        case signal(Int32)
        case stopRequested(StopWish)
        /// A savepoint of the running job, into this folder; only with a `JobCoordinator`.
        case savepointRequested(String)
        /// Of each part that has an executor.
        case tick([Observation])
    }

    package enum Action: Hashable, Sendable {
        /// These executors of this plan, for the region.
        case start(Plan, executors: [Int], RegionID)
        case store(StoreRequest)
        case send(ExecutorCommand, RegionID)
        case kill(RegionID)
        /// End this process at once, touch nothing: somebody else has the job.
        case stepDown
        case log(LogLine)
        case savepoint(SavepointProgress)
    }
}
