// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// What it is set up with, what it is told, and what it answers.
extension CheckpointCoordinator {
    package struct Options: Hashable, Sendable {
        package var intervalNanoseconds: Int64 = 1_000_000_000
        package var epochNanosecondsMax: Int64 = 60_000_000_000
        package var failuresUntilRestart = 5
        /// After that the job goes on as it is; else it is restarted after as many again.
        package var restartsOnce = true
        /// Epochs that nobody answers in time are a reason for a restart, too.
        package var timeoutsCount = true
        package var failuresUntilDegraded = 20

        package init() {}
    }

    /// One attempt of the region, and whose word an epoch of it needs.
    package struct Assignment: Hashable, Sendable {
        package var job: String
        package var lineage: Nonce
        package var turn: Turn
        package var attempt: Attempt
        package var version: UInt64
        package var executors: [UInt32]
        package var tasks: [TaskID]
        /// Tasks whose acknowledgement has to carry tokens.
        package var sinks: [TaskID]
        package var lanes: [LaneID]
        package var plugins: [Manifest.Plugin] = []
        package var nodes: [Manifest.Node] = []
        /// The claim that the attempt was restored from.
        package var restored: DecisionRecord.Claim?

        package init(
            job: String, lineage: Nonce, turn: Turn, attempt: Attempt, version: UInt64,
            executors: [UInt32], tasks: [TaskID], sinks: [TaskID], lanes: [LaneID],
            restored: DecisionRecord.Claim?
        ) {
            self.job = job
            self.lineage = lineage
            self.turn = turn
            self.attempt = attempt
            self.version = version
            self.executors = executors
            self.tasks = tasks
            self.sinks = sinks
            self.lanes = lanes
            self.restored = restored
        }
    }

    /// Why a region's last epoch is taken.
    package enum Ending: String, Hashable, Sendable {
        /// All sources have said that nothing more will come.
        case endOfData
        /// The run ends, the data does not: windows and timers stay in the state.
        case keepState
    }

    package enum Event: Hashable, Sendable {
        /// The attempt's tasks run.
        case attemptRuns(Assignment)
        /// The attempt is over, whatever the cause. Nothing of it can be sent any more.
        case attemptEnded
        case epochTaken(Epoch)
        case ack(EpochAck)
        case decline(executor: UInt32, attempt: Attempt, epoch: Epoch, DeclineReason)
        case manifestWritten(Epoch, hash: ContentHash)
        case manifestFailed(Epoch, Failure)
        /// A record of this region was appended by us.
        case appended(DecisionLog.Appended)
        /// The claim that was sent is certain not to be in the log.
        case claimAbandoned
        /// What the sinks answered, for each token that was sent.
        case commitAnswered(Epoch, [CommitAnswer])
        /// No epoch begins while the gate is closed: the disk is full, or a limit is near.
        case gate(isOpen: Bool)
        /// An epoch that begins from now on is wanted as soon as may be: for a savepoint.
        case hurry
        case end(Ending)
        case tick
    }

    package enum Action: Hashable, Sendable {
        case takeEpoch
        case trigger(Epoch, Ending?)
        case abort(Epoch)
        /// Write it durably under its name, with wall clock and durations filled in.
        case writeManifest(Manifest)
        case append(DecisionRecord.Body)
        case commit(CommitPermit, [Token])
        case complete(Epoch)
        /// The last epoch of the region is done.
        case ended(Ending)
        /// The epoch was given up.
        case report(Epoch, Failure)
        /// Too many epochs failed in a row.
        case restart(Failure)
        case degraded(Failure)
        case suspend(Failure)
    }
}
