// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceDelivery
import MillraceGraph
import MillraceWire

/// What it is set up with, what it is told, and what it answers.
extension JobCoordinator {
    package struct Options: Hashable, Sendable {
        package var checkpoints = CheckpointCoordinator.Options()
        package var budget = RestartBudget.Options()
        package var collection = SegmentCollection.Options()
        package var log = DecisionLog.Options()
        /// The job's folder, an absolute path.
        package var folder: String
        /// Another run may go on from the folder.
        package var isKept = true
        /// Records that are to be let go from quarantine: they come once more.
        package var released: Set<ReleasedRecord> = []
        /// For nonces and delays.
        package var seed: UInt64
        /// Nanoseconds since 1970 minus the monotonic clock, as of the start.
        package var wallOffset: Int64

        package init(folder: String, seed: UInt64, wallOffset: Int64) {
            self.folder = folder
            self.seed = seed
            self.wallOffset = wallOffset
        }

        /// With what the topology says about checkpoints and restarts. A run that nobody can go on
        /// from ends when its restarts are spent, or when one after the other has got nowhere.
        package init(
            plan: Plan, folder: String, isKept: Bool = true, seed: UInt64, wallOffset: Int64
        ) {
            self.init(folder: folder, seed: seed, wallOffset: wallOffset)
            self.isKept = isKept
            checkpoints.intervalNanoseconds = plan.checkpoints.every
            checkpoints.epochNanosecondsMax = plan.checkpoints.timeout
            collection.epochsRetained = plan.checkpoints.retained
            budget.delayNanosecondsMin = plan.restarts.backoffLeast
            budget.delayNanosecondsMax = plan.restarts.backoffMost
            budget.restartsMax = plan.restarts.count
            budget.windowNanoseconds = plan.restarts.per
            guard !isKept else { return }
            budget.jobRestartsMax = 0
            budget.barrenMax = plan.restarts.count
            // A reader that pauses, such as a pager, holds up barriers too: no reason to end what
            // it reads from.
            checkpoints.timeoutsCount = false
            checkpoints.restartsOnce = false
            if plan.checkpoints.timeout == PlannedCheckpoints().timeout {
                checkpoints.epochNanosecondsMax = 86_400_000_000_000
            }
        }
    }

    package enum Event: Hashable, Sendable {
        /// The log's files, as they were found.
        case logRead(snapshots: [DecisionLog.StoredFile], slots: [DecisionLog.StoredFile])
        /// Or nothing can be written there, and nobody shall wait until it can.
        case logUnreadable(Failure)
        case log(DecisionLog.Event)
        /// No two regions have one epoch.
        case manifestWritten(Epoch, ContentHash)
        case manifestFailed(Epoch, Failure)
        /// By the name that was asked for.
        case manifestRead(String, Manifest, ContentHash)
        case manifestUnreadable(String, Failure)
        /// Something cannot be written yet and is tried again: a record of the log, dead letters.
        case putOff(Failure)
        /// What the executors of the region's attempt say.
        case report(RegionID, ExecutorReport)
        /// The region's attempt failed; `culprit` is whose doing it was.
        case failed(RegionID, Failure, RestartBudget.Origin, culprit: Culprit?)
        /// So many records of a node were taken out in the life of the job, of so many that it had.
        case taken(node: String, Int, of: UInt64)
        /// No executor of the region is left.
        case gone(RegionID)
        case end(RegionID, CheckpointCoordinator.Ending)
        /// The last epochs shall be copied into this folder before the job is over.
        case savepoint(to: String)
        /// The next epochs shall be copied into this folder while the job goes on. One at a time.
        case savepointNow(to: String)
        case savepointWritten(Savepoint.Description)
        case savepointFailed(Failure)
        /// The region is told to end, or its sources have: no ordinary epoch is worth waiting for.
        case drains(RegionID)
        case tick
    }

    package enum Action: Hashable, Sendable {
        case store(StoreRequest)
        /// Executors for the region's next attempt.
        case start(RegionID)
        case kill(RegionID)
        case send(RegionID, ExecutorCommand)
        /// Records of the region flow.
        case runs(RegionID)
        case say(LogLine)
        /// What has become of the savepoint of a job that goes on.
        case savepoint(SavepointProgress)
        /// One region has nothing more to do, others may have.
        case regionOver(RegionID, Outcome)
        case over(Outcome)
    }

    /// How the work of the job, or of a region of it, ended in this process.
    package enum Outcome: Hashable, Sendable {
        /// The last epoch is done, and so is the job.
        case finished
        /// The last epoch is done; the job can go on from it.
        case kept
        /// It had ended for good before.
        case finishedBefore
        case failed(Failure)
        /// Somebody else leads: end this process at once, touch nothing.
        case superseded
    }

    /// The node whose operator ended an executor.
    package struct Culprit: Hashable, Sendable {
        package var node: String
        /// The record that it had, where it gets one at a time.
        package var stepped: ContentHash?

        package init(node: String, stepped: ContentHash? = nil) {
            self.node = node
            self.stepped = stepped
        }
    }

    /// Who waits for a manifest, and what for.
    enum Reader: Hashable, Sendable {
        case tokens(DecisionRecord.Claim)
        case state(RecoveryDecision)

        /// Of the manifest; nil: none is needed.
        var name: String? {
            switch self {
            case .tokens(let claim): claim.manifest
            case .state(let decision): decision.restore?.manifest
            }
        }
    }
}
