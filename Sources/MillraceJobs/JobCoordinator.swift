// SPDX-License-Identifier: Apache-2.0
// A job with state, decided: its log, the life of its region and its checkpoints put together. What
// one of the three wants of another is handed on here; what they want of the world comes out as
// actions. The whole graph is one region, in one executor.
//
//     log      DecisionLog            what counts, and who leads
//     life     JobLifecycle           attempts: recover, run, fail, wait, begin again
//     epochs   CheckpointCoordinator  barriers of the running attempt, claims, commits
//
// A manifest is read for two purposes: its tokens have to be committed again, its state is what the
// attempt goes on from. It is read once and kept.
import MillraceCore
import MillraceDelivery
import MillraceGraph
import MillraceWire

package struct JobCoordinator: Sendable {
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
        case manifestWritten(Epoch, ContentHash)
        case manifestFailed(Epoch, Failure)
        case manifestRead(Manifest, ContentHash)
        case manifestUnreadable(Failure)
        /// Something cannot be written yet and is tried again: a record of the log, dead letters.
        case putOff(Failure)
        /// What the executor of the running attempt says.
        case report(ExecutorReport)
        /// The attempt failed; `culprit` is whose doing it was.
        case failed(Failure, RestartBudget.Origin, culprit: Culprit?)
        /// So many records of a node were taken out in the life of the job, of so many that it had.
        case taken(node: String, Int, of: UInt64)
        /// No executor is left.
        case gone
        case end(CheckpointCoordinator.Ending)
        /// The last epoch shall be copied into this folder before the job is over.
        case savepoint(to: String)
        /// The next epoch shall be copied into this folder while the job goes on. One at a time.
        case savepointNow(to: String)
        case savepointWritten(Savepoint.Description)
        case savepointFailed(Failure)
        /// The run is told to end, or its sources have: no ordinary epoch is worth waiting for.
        case drains
        case tick
    }

    package enum Action: Hashable, Sendable {
        case store(StoreRequest)
        /// An executor for the next attempt.
        case start
        case kill
        case send(ExecutorCommand)
        /// Records flow.
        case runs
        case say(LogLine)
        /// What has become of the savepoint of a job that goes on.
        case savepoint(SavepointProgress)
        case over(Outcome)
    }

    /// How the job's work in this process ended.
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

    static let region: RegionID = 1
    /// Some seconds.
    static let commitsPutOffMax = 5

    let plan: Plan
    let options: Options
    var log: DecisionLog
    var life: JobLifecycle
    var epochs: CheckpointCoordinator
    /// The attempt under way, from its GEN on.
    var decision: RecoveryDecision?
    /// What was read last.
    var manifest: Manifest?
    /// Who waits for a manifest.
    var reader: Reader?
    /// Files of dead letters, of manifests that are not claimed yet.
    var letters: [(epoch: Epoch, files: [String])] = []
    /// By node, from its first crash on.
    var poison: [String: PoisonTracker] = [:]
    /// Crashes that a QUAR explains, which is on its way into the log.
    var explained: [ContentHash: Int] = [:]
    /// Records of each node that were taken out, as far as they were counted.
    var taken: [String: Int] = [:]
    /// A savepoint of the last epoch that was asked for, and the end that waits for savepoints.
    var savepoint: String?
    var pendingEnding: CheckpointCoordinator.Ending?
    /// One of the job that goes on.
    var copy: SavepointCopy?
    /// Times in a row that a sink asked to be told again to commit.
    var commitsPutOff = 0
    private var random: UInt64
    /// Why the last attempt failed.
    private(set) var cause: Failure?

    enum Reader: Hashable, Sendable {
        case tokens(DecisionRecord.Claim)
        case state(RecoveryDecision)
    }

    package init(plan: Plan, options: Options) {
        self.plan = plan
        self.options = options
        random = options.seed
        log = DecisionLog(options: options.log)
        life = JobLifecycle(
            regions: [.init(region: Self.region, nodes: plan.nodes.map(\.id))],
            budget: options.budget)
        epochs = CheckpointCoordinator(region: Self.region, options: options.checkpoints)
    }

    /// The first action; everything else follows from events.
    package var begin: [Action] { [.store(.readLog)] }

    /// No attempt is under way, or it is being stopped: what its executor says does not count.
    package var isBetweenAttempts: Bool { life.attempt(of: Self.region) == nil }

    /// The plan of the attempt under way: what crashed before has an executor of its own.
    var attemptPlan: Plan { plan(isolating: decision?.isolated ?? []) }

    func plan(isolating ids: [String]) -> Plan {
        guard !ids.isEmpty else { return plan }
        let wanted = plan.isolating(plan.isolated + ids)
        return wanted.hasRoomForCrossings ? wanted : plan
    }

    /// When the next tick is due; nil: nothing waits for time.
    package var deadline: Int64? {
        [log.deadline, life.deadline, epochs.deadline].compactMap { $0 }.min()
    }

    package mutating func handle(_ event: Event, now: Int64) -> [Action] {
        switch event {
        case .logRead(let snapshots, let slots):
            let actions = told(log.handle(.read(snapshots: snapshots, slots: slots), now: now), now)
            let replays = plan.nodes.contains { ReplayFile.isSource($0.id) }
            if log.log.result != nil, !replays { return [.over(.finishedBefore)] }
            return actions + append(.lead(.init(owner: plan.job, build: Release.version)), now)
        case .logUnreadable(let failure): return [.over(.failed(failure))]
        case .log(let event):
            return told(log.handle(event, now: now), now)
        case .manifestWritten(let epoch, let hash):
            return told(epochs.handle(.manifestWritten(epoch, hash: hash), now: now), now)
        case .manifestFailed(let epoch, let failure):
            return told(epochs.handle(.manifestFailed(epoch, failure), now: now), now)
        case .manifestRead(let found, let hash): return read(found, hash, now)
        case .manifestUnreadable(let failure):
            reader = nil
            return told(life.handle(.hopeless(Self.region, failure), now: now), now)
        case .putOff(let failure):
            return [.say(LogLine(level: .warn, text: failure.text, code: failure.code))]
        case .taken(let node, let count, let records):
            return takenOut(node, count, of: records, now)
        case .report(let report): return reported(report, now)
        case .failed(let failure, let origin, let culprit):
            return failed(failure, origin, culprit, now)
        case .gone:
            guard let attempt = decision?.attempt else { return [] }
            return told(life.handle(.stopped(Self.region, attempt), now: now), now)
        case .end(let ending):
            return told(epochs.handle(.end(ending), now: now), now)
        case .savepoint(let path):
            savepoint = path
            return []
        case .savepointNow(let path): return wantCopy(to: path, now)
        case .savepointWritten(let description): return savepointWritten(description, now)
        case .savepointFailed(let failure): return savepointFailed(failure, now)
        case .drains: return copyComesTooLate()
        case .tick:
            return told(log.handle(.tick, now: now), now)
                + told(life.handle(.tick, now: now), now)
                + told(epochs.handle(.tick, now: now), now)
        }
    }

    /// A number that nobody else has.
    mutating func nonce() -> Nonce { Nonce(low: chance(), high: chance()) }

    /// SplitMix64 by Sebastiano Vigna.
    private mutating func chance() -> UInt64 {
        random &+= 0x9E37_79B9_7F4A_7C15
        var mixed = random
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func append(_ body: DecisionRecord.Body, _ now: Int64) -> [Action] {
        let wish = DecisionLog.Wish(
            body, nonce: nonce(), wallNanoseconds: now + options.wallOffset)
        return told(log.handle(.append(wish), now: now), now)
    }

    private mutating func failed(
        _ failure: Failure, _ origin: RestartBudget.Origin, _ culprit: Culprit?, _ now: Int64
    ) -> [Action] {
        guard let attempt = decision?.attempt else { return [] }
        cause = failure
        // A job that is kept outlives whoever kills its executors; a run of a moment does not.
        let origin = options.isKept ? origin : .ours
        let actions = told(epochs.handle(.attemptEnded, now: now), now) + copyWaits(now)
        return actions
            + told(
                life.handle(
                    .failed(
                        Self.region, attempt, origin, failure, culprit: culprit?.node,
                        chance: chance()), now: now), now)
            + (culprit.map { crashed($0, failure, now) } ?? [])
    }

    /// The failure to end with: the reason for giving up, and what happened last. A run that nobody
    /// can mend and resume ends with what happened: that restarts did not help is a remark.
    func verdict(_ suspension: Failure) -> Failure {
        guard var cause, [.restartsSpent, .limitReached].contains(suspension.code) else {
            return suspension
        }
        guard !options.isKept else {
            return Failure(
                suspension.code, node: cause.node,
                "\(suspension.text); the last time: \(cause.code): \(cause.text)",
                next: suspension.next)
        }
        let isStorm = suspension.code == .limitReached
        cause.text +=
            isStorm ? "; \(suspension.text)" : "; going back to the last checkpoint did not help"
        return cause
    }
}
