// SPDX-License-Identifier: Apache-2.0
// A job with state, decided: its log, the life of its regions and their checkpoints put together.
// What one of them wants of another is handed on here; what they want of the world comes out as
// actions. A region is a connected part of the graph, in executors of its own: the others do not
// notice when it fails.
//
//     log      DecisionLog            what counts, and who leads
//     life     JobLifecycle           attempts of each region: recover, run, fail, wait, again
//     epochs   CheckpointCoordinator  one for each region: barriers of the running attempt, claims,
//                                     commits
//
// A manifest is read for two purposes: its tokens have to be committed again, its state is what the
// attempt goes on from. It is read once and kept.
import MillraceCore
import MillraceDelivery
import MillraceGraph
import MillraceWire

package struct JobCoordinator: Sendable {
    /// A region, with the attempt under way.
    struct Part: Sendable {
        let region: RegionID
        let nodes: [String]
        var epochs: CheckpointCoordinator
        /// The attempt under way, from its GEN on.
        var decision: RecoveryDecision?
        /// What was read last.
        var manifest: Manifest?
        /// Who waits for a manifest.
        var reader: Reader?
        /// Files of dead letters, of manifests that are not claimed yet.
        var letters: [(epoch: Epoch, files: [String])] = []
        /// Times in a row that a sink asked to be told again to commit.
        var commitsPutOff = 0
        /// Why the last attempt failed.
        var cause: Failure?
        /// It is told to end, or its sources have ended.
        var drains = false
        /// Its last epoch is done: the end waits for savepoints, if for anything.
        var ending: CheckpointCoordinator.Ending?
        var isOver = false
    }

    /// Some seconds.
    static let commitsPutOffMax = 5

    let plan: Plan
    let options: Options
    var log: DecisionLog
    var life: JobLifecycle
    var parts: [Part]
    /// By node, from its first crash on.
    var poison: [String: PoisonTracker] = [:]
    /// Crashes that a QUAR explains, which is on its way into the log.
    var explained: [ContentHash: Int] = [:]
    /// Records of each node that were taken out, as far as they were counted.
    var taken: [String: Int] = [:]
    /// A savepoint of the last epochs that was asked for.
    var savepoint: String?
    /// One of the job that goes on.
    var copy: SavepointCopy?
    private var random: UInt64

    /// `regions`: see `Regions.plans`; nil: those of a job whose log is empty.
    package init(plan: Plan, regions: [JobLifecycle.RegionPlan]? = nil, options: Options) {
        let regions = regions ?? Self.regions(of: plan)
        self.plan = plan.separated(into: regions.map(\.nodes))
        self.options = options
        random = options.seed
        log = DecisionLog(options: options.log)
        life = JobLifecycle(regions: regions, budget: options.budget)
        parts = regions.map {
            Part(
                region: $0.region, nodes: $0.nodes,
                epochs: CheckpointCoordinator(region: $0.region, options: options.checkpoints))
        }
    }

    /// The first action; everything else follows from events.
    package var begin: [Action] { [.store(.readLog)] }

    package var regions: [RegionID] { parts.map(\.region) }

    func place(of region: RegionID) -> Int {
        guard let at = parts.firstIndex(where: { $0.region == region }) else {
            preconditionFailure("BUG: no region \(region) in this job")
        }
        return at
    }

    /// No attempt is under way, or it is being stopped: what its executors say does not count.
    package func isBetweenAttempts(_ region: RegionID) -> Bool {
        life.attempt(of: region) == nil
    }

    /// Why the region's last attempt failed.
    package func cause(of region: RegionID) -> Failure? { parts[place(of: region)].cause }

    /// The plan of the attempt under way, in which what crashed before has an executor of its own,
    /// and the executors of the region.
    func attempt(of region: RegionID) -> (plan: Plan, executors: [Int]) {
        let part = parts[place(of: region)]
        let plan = plan(isolating: part.decision?.isolated ?? [])
        return (plan, plan.executors(of: part.nodes))
    }

    func plan(isolating ids: [String]) -> Plan {
        guard !ids.isEmpty else { return plan }
        let wanted = plan.isolating(plan.isolated + ids)
        return wanted.hasRoomForCrossings ? wanted : plan
    }

    /// When the next tick is due; nil: nothing waits for time.
    package var deadline: Int64? {
        ([log.deadline, life.deadline] + parts.map(\.epochs.deadline)).compactMap { $0 }.min()
    }

    package mutating func handle(_ event: Event, now: Int64) -> [Action] {
        switch event {
        case .logRead(let snapshots, let slots): return logRead(snapshots, slots, now)
        case .logUnreadable(let failure): return [.over(.failed(failure))]
        case .log(let event): return told(log.handle(event, now: now), now)
        case .manifestWritten(let epoch, let hash):
            return all(.manifestWritten(epoch, hash: hash), now)
        case .manifestFailed(let epoch, let failure):
            return all(.manifestFailed(epoch, failure), now)
        case .manifestRead(let name, let found, let hash): return read(name, found, hash, now)
        case .manifestUnreadable(let name, let failure): return unreadable(name, failure, now)
        case .putOff(let failure):
            return [.say(LogLine(level: .warn, text: failure.text, code: failure.code))]
        case .taken(let node, let count, let records):
            return takenOut(node, count, of: records, now)
        case .report(let region, let report): return reported(report, place(of: region), now)
        case .failed(let region, let failure, let origin, let culprit):
            return failed(failure, origin, culprit, place(of: region), now)
        case .gone(let region):
            guard let attempt = parts[place(of: region)].decision?.attempt else { return [] }
            return told(life.handle(.stopped(region, attempt), now: now), now)
        case .end(let region, let ending): return tell(.end(ending), place(of: region), now)
        case .savepoint(let path):
            savepoint = path
            return []
        case .savepointNow(let path): return wantCopy(to: path, now)
        case .savepointWritten(let description): return savepointWritten(description, now)
        case .savepointFailed(let failure): return savepointFailed(failure, now)
        case .drains(let region): return drains(place(of: region))
        case .tick:
            return told(log.handle(.tick, now: now), now)
                + told(life.handle(.tick, now: now), now) + all(.tick, now)
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

    private mutating func logRead(
        _ snapshots: [DecisionLog.StoredFile], _ slots: [DecisionLog.StoredFile], _ now: Int64
    ) -> [Action] {
        let actions = told(log.handle(.read(snapshots: snapshots, slots: slots), now: now), now)
        if Self.hasFinished(log.log, plan) { return [.over(.finishedBefore)] }
        guard log.log.slot == 0 || areRegionsOfLog else {
            let text = "the decision log has changed since its regions were read"
            return [.over(.failed(Failure(.storeFailed, text, next: "run it again")))]
        }
        return actions + append(.lead(.init(owner: plan.job, build: Release.version)), now)
    }

    private var areRegionsOfLog: Bool {
        guard let found = try? Self.regions(of: plan, log: log.log) else { return false }
        return found.map(\.region) == parts.map(\.region)
    }

    private mutating func failed(
        _ failure: Failure, _ origin: RestartBudget.Origin, _ culprit: Culprit?, _ at: Int,
        _ now: Int64
    ) -> [Action] {
        guard let attempt = parts[at].decision?.attempt else { return [] }
        parts[at].cause = failure
        // A job that is kept outlives whoever kills its executors; a run of a moment does not.
        let origin = options.isKept ? origin : .ours
        let actions = life.handle(
            .failed(
                parts[at].region, attempt, origin, failure, culprit: culprit?.node,
                chance: chance()), now: now)
        for case .stop(let region, _) in actions { parts[place(of: region)].cause = failure }
        return told(actions, now)
            + (culprit.map { crashed($0, failure, now) } ?? [])
    }
}

extension JobCoordinator {
    /// There is nothing left to do, unless dead letters are given back.
    static func hasFinished(_ log: LogState, _ plan: Plan) -> Bool {
        log.result != nil && !plan.nodes.contains { ReplayFile.isSource($0.id) }
    }

    static func regions(of plan: Plan, log: LogState) throws(Failure) -> [JobLifecycle.RegionPlan] {
        try Regions.plans(nodes: plan.nodes.map(\.id), edges: plan.connections, log: log)
    }

    private static func regions(of plan: Plan) -> [JobLifecycle.RegionPlan] {
        do throws(Failure) {
            return try regions(of: plan, log: LogState())
        } catch {
            preconditionFailure("BUG: an empty log has no state to lose: \(error.text)")
        }
    }

    /// The failure to end with: the reason for giving up, and what happened last. A run that nobody
    /// can mend and resume ends with what happened: that restarts did not help is a remark.
    func verdict(_ suspension: Failure, _ at: Int) -> Failure {
        guard var cause = parts[at].cause,
            [.restartsSpent, .limitReached].contains(suspension.code)
        else { return suspension }
        guard !options.isKept else {
            return Failure(
                suspension.code, node: cause.node,
                "\(suspension.text); the last time: \(cause.code): \(cause.text)",
                next: cause.next ?? suspension.next)
        }
        let isStorm = suspension.code == .limitReached
        cause.text +=
            isStorm ? "; \(suspension.text)" : "; going back to the last checkpoint did not help"
        return cause
    }
}
