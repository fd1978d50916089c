// SPDX-License-Identifier: Apache-2.0
// The shell around the machines of the product, as thin as the one in the product: it carries out
// their actions and brings them what came of it. Nothing is decided here.
import MillraceCore
import MillraceDelivery

final class SimulatedSupervisor {
    enum Request {
        case create(slot: UInt64, nonce: Nonce, bytes: [UInt8])
        case look
        case snapshot(slot: UInt64, bytes: [UInt8])
        case delete(through: UInt64)
        case manifest(Manifest)
    }

    enum Call {
        case commit(RegionID, Attempt, Epoch, [Token], isReplay: Bool)
        case fence(RegionID, Attempt, below: Attempt)
    }

    enum Work {
        case log(DecisionLog.Event)
        case region(JobLifecycle.Event)
        case checkpoint(RegionID, CheckpointCoordinator.Event)
    }

    let world: World
    var isAlive = true
    private(set) var log: DecisionLog
    private(set) var lifecycle: JobLifecycle
    private(set) var coordinators: [CheckpointCoordinator]
    var attempts: [SimulatedAttempt?]
    var requests: [Request] = []
    var calls: [Call] = []
    private var work: [Work] = []
    private var isWorking = false
    private var unresolved: [RegionID] = []
    private var endings: [CheckpointCoordinator.Ending] = []
    private var sourcesEnded: [Int]

    init(_ world: World) {
        self.world = world
        let count = world.scenario.regions
        log = DecisionLog(options: world.scenario.log, rules: world.rules)
        lifecycle = JobLifecycle(
            regions: (0..<count).map {
                .init(region: RegionID($0), nodes: ["in", "count", "out"])
            },
            rules: world.rules)
        coordinators = (0..<count).map {
            CheckpointCoordinator(
                region: RegionID($0), options: world.scenario.checkpoint, rules: world.rules)
        }
        attempts = Array(repeating: nil, count: count)
        sourcesEnded = Array(repeating: 0, count: count)
        let read = DecisionLog.Event.read(
            snapshots: world.store.logSnapshots, slots: world.store.logSlots)
        handle(.log(read))
        handle(.log(.append(wish(.lead(.init(owner: "sim", build: "1"))))))
    }

    var deadline: Int64? {
        ([log.deadline, lifecycle.deadline] + coordinators.map(\.deadline)).compactMap { $0 }.min()
    }

    /// True while everything that was sent has been answered.
    var isQuiet: Bool {
        requests.isEmpty && calls.isEmpty
            && coordinators.allSatisfy { $0.barrierPhase != .collecting }
            && attempts.allSatisfy {
                $0?.executors.allSatisfy { $0.commands.isEmpty && $0.reports.isEmpty } ?? true
            }
    }

    func handle(_ first: Work) {
        work.append(first)
        guard !isWorking else { return }
        isWorking = true
        var at = 0
        while at < work.count, isAlive {
            let next = work[at]
            at += 1
            switch next {
            case .log(let event): step(event)
            case .region(let event): step(event)
            case .checkpoint(let region, let event): step(region, event)
            }
        }
        work.removeAll(keepingCapacity: true)
        isWorking = false
    }

    func tick() {
        if let at = log.deadline, at <= world.now { handle(.log(.tick)) }
        if let at = lifecycle.deadline, at <= world.now { handle(.region(.tick)) }
        for region in coordinators.indices {
            guard let at = coordinators[region].deadline, at <= world.now else { continue }
            handle(.checkpoint(RegionID(region), .tick))
        }
    }

    private func wish(_ body: DecisionRecord.Body) -> DecisionLog.Wish {
        DecisionLog.Wish(body, nonce: world.nonce(), wallNanoseconds: world.now)
    }

    private func append(_ body: DecisionRecord.Body) {
        work.append(.log(.append(wish(body))))
    }
}

extension SimulatedSupervisor {
    private func step(_ event: DecisionLog.Event) {
        let before = log.phase
        let actions = log.handle(event, now: world.now)
        world.coverage.saw(.log, before.rawValue, log.phase.rawValue)
        for action in actions { carryOut(action) }
        for region in unresolved where !log.isBusy(with: region) {
            unresolved.removeAll { $0 == region }
            work.append(.region(.resolved(region, log.log, fresh: world.nonce())))
        }
    }

    private func carryOut(_ action: DecisionLog.Action) {
        switch action {
        case .create(let slot, let nonce, let bytes):
            requests.append(.create(slot: slot, nonce: nonce, bytes: bytes))
        case .lookForSnapshots: requests.append(.look)
        case .appended(let appended): self.appended(appended)
        case .abandoned:
            for region in coordinators.indices {
                work.append(.checkpoint(RegionID(region), .claimAbandoned))
            }
        case .epoch(let region, let epoch):
            work.append(.checkpoint(region, .epochTaken(epoch)))
        case .writeSnapshot(let slot, let bytes):
            requests.append(.snapshot(slot: slot, bytes: bytes))
        case .delete(let slot): requests.append(.delete(through: slot))
        case .stepDown: isAlive = false
        case .stop(let failure):
            isAlive = false
            if world.flips == 0 { world.checker.fail("the log is refused: \(failure.text)") }
        }
    }

    private func appended(_ appended: DecisionLog.Appended) {
        switch appended.record.body {
        case .lead:
            guard log.log.result == nil else {
                isAlive = false
                world.isFinished = true
                return
            }
            work.append(.region(.begin))
        case .generation: work.append(.region(.appended(appended)))
        case .claim(let claim):
            work.append(.checkpoint(claim.region, .appended(appended)))
        case .done(let region, _):
            work.append(.checkpoint(region, .appended(appended)))
            work.append(.region(.appended(appended)))
        case .result:
            isAlive = false
            world.isFinished = true
        case .quarantine, .savepoint, .noop: break
        }
    }
}

extension SimulatedSupervisor {
    private func step(_ region: RegionID, _ event: CheckpointCoordinator.Event) {
        let at = Int(region)
        let before = (coordinators[at].barrierPhase, coordinators[at].commitPhase)
        let actions = coordinators[at].handle(event, now: world.now)
        let after = (coordinators[at].barrierPhase, coordinators[at].commitPhase)
        world.coverage.saw(.barrier, before.0.rawValue, after.0.rawValue)
        world.coverage.saw(.commit, before.1.rawValue, after.1.rawValue)
        for action in actions { carryOut(action, region) }
    }

    private func carryOut(_ action: CheckpointCoordinator.Action, _ region: RegionID) {
        switch action {
        case .takeEpoch: work.append(.log(.takeEpoch(region, orAppend: wish(.noop))))
        case .trigger(let epoch, _): command(region, .trigger(epoch))
        case .abort(let epoch): command(region, .abort(epoch))
        case .writeManifest(let manifest): requests.append(.manifest(manifest))
        case .append(let body): append(body)
        case .commit(let permit, let tokens):
            guard let attempt = attempts[Int(region)] else { return }
            calls.append(
                .commit(region, attempt.number, permit.claim.epoch, tokens, isReplay: false))
        case .complete(let epoch):
            command(region, .complete(epoch))
            work.append(.region(.epochDone(region)))
            collect()
        case .ended(let ending):
            endings.append(ending)
            work.append(.region(.ended(region)))
        case .report, .degraded: break
        case .restart(let failure): fail(region, .ours, failure)
        case .suspend(let failure): work.append(.region(.hopeless(region, failure)))
        }
    }

    private func command(_ region: RegionID, _ command: SimulatedAttempt.Command) {
        guard let attempt = attempts[Int(region)] else { return }
        for executor in attempt.executors.indices {
            attempt.executors[executor].commands.append(command)
        }
    }

    func fail(_ region: RegionID, _ origin: RestartBudget.Origin, _ failure: Failure) {
        guard let attempt = attempts[Int(region)] else { return }
        handle(
            .region(
                .failed(
                    region, attempt.number, origin, failure, culprit: nil,
                    chance: world.chance.word())))
    }

    /// Looks for files that nobody needs, now and then.
    private func collect() {
        guard world.chance.below(3) == 0 else { return }
        let store = world.store
        let manifests = store.files.keys.filter { $0.hasPrefix("manifests/") }.sorted().map {
            SegmentCollection.Found(
                name: $0, manifest: store.files[$0].flatMap { try? ManifestCodec.decoded($0) })
        }
        let segments = store.files.keys.filter { $0.hasPrefix("state/") }.sorted().map {
            SegmentCollection.Segment(name: $0, attempt: 0, ageNanoseconds: 0)
        }
        var referred: [RegionID: Epoch] = [:]
        for coordinator in coordinators {
            referred[coordinator.region] = coordinator.oldestReferred
        }
        let names = try? SegmentCollection.deletable(
            manifests: manifests, segments: segments, log: log.log,
            referred: referred, options: world.scenario.collection, rules: world.rules)
        for name in names ?? [] { store.delete(file: name) }
        world.checker.collected(store)
    }
}

extension SimulatedSupervisor {
    private func step(_ event: JobLifecycle.Event) {
        let before = coordinators.indices.map { lifecycle.phase(of: RegionID($0)) }
        let actions = lifecycle.handle(event, now: world.now)
        for region in coordinators.indices {
            let after = lifecycle.phase(of: RegionID(region))
            world.coverage.saw(.region, before[region].rawValue, after.rawValue)
        }
        for action in actions { carryOut(action) }
    }

    private func carryOut(_ action: JobLifecycle.Action) {
        switch action {
        case .resolve(let region):
            guard log.isBusy(with: region) else {
                work.append(.region(.resolved(region, log.log, fresh: world.nonce())))
                return
            }
            unresolved.append(region)
        case .append(let body): append(body)
        case .open(let decision):
            let attempt = SimulatedAttempt(decision, world.scenario)
            attempt.executors[0].reports.append(.opened)
            attempts[Int(decision.region)] = attempt
            sourcesEnded[Int(decision.region)] = 0
        case .readTokens(let region, let claim):
            guard let manifest = manifest(of: claim, region) else { return }
            work.append(.region(.tokensRead(region, manifest.tokens)))
        case .commit(let permit, let tokens):
            let region = permit.claim.region
            guard let attempt = attempts[Int(region)] else { return }
            calls.append(
                .commit(region, attempt.number, permit.claim.epoch, tokens, isReplay: true))
        case .fence(let region, let attempt, let below):
            calls.append(.fence(region, attempt, below: below))
        case .restore(let decision): restore(decision)
        case .run(let decision):
            attempts[Int(decision.region)]?.isRunning = true
            guard let attempt = attempts[Int(decision.region)] else { return }
            let assignment = attempt.assignment(turn: log.log.turn)
            work.append(.checkpoint(decision.region, .attemptRuns(assignment)))
        case .stop(let region, let attempt):
            end(region)
            work.append(.region(.stopped(region, attempt)))
        case .isolate: break
        case .suspended(_, let failure):
            if failure.code != .restartsSpent, world.flips == 0 {
                world.checker.fail("suspended: \(failure.text)")
            }
        case .finished(let region):
            end(region)
            finishJob()
        }
    }

    /// Nothing of the attempt is left but what it sent to the outside.
    private func end(_ region: RegionID) {
        attempts[Int(region)] = nil
        work.append(.checkpoint(region, .attemptEnded))
        for call in calls {
            switch call {
            case .commit(region, _, _, let tokens, _): world.late.append(.commit(region, tokens))
            case .fence(region, _, let below): world.late.append(.fence(region, below: below))
            case .commit, .fence: break
            }
        }
        calls.removeAll {
            switch $0 {
            case .commit(let of, _, _, _, _), .fence(let of, _, _): of == region
            }
        }
    }

    private func finishJob() {
        guard endings.count == coordinators.count else { return }
        if endings.allSatisfy({ $0 == .endOfData }) {
            append(.result(.finished))
        } else {
            isAlive = false
        }
    }

    private func manifest(of claim: DecisionRecord.Claim, _ region: RegionID) -> Manifest? {
        do throws(Failure) {
            guard let bytes = world.store.files[claim.manifest] else {
                throw Failure(.stateDamaged, "\(claim.manifest) is missing")
            }
            let manifest = try ManifestCodec.decoded(bytes)
            try RecoveryDecision.check(
                manifest, hash: ContentHash(of: bytes), against: claim,
                lineage: log.log.lineage ?? manifest.lineage)
            return manifest
        } catch {
            work.append(.region(.hopeless(region, error)))
            return nil
        }
    }

    private func restore(_ decision: RecoveryDecision) {
        guard let attempt = attempts[Int(decision.region)] else { return }
        if let claim = decision.restore {
            guard let manifest = manifest(of: claim, decision.region) else { return }
            guard attempt.restore(manifest, world.store) else {
                let failure = Failure(.stateDamaged, "a piece of epoch \(claim.epoch) is damaged")
                return work.append(.region(.hopeless(decision.region, failure)))
            }
        }
        attempt.executors[0].reports.append(.restored)
    }

    /// The next report of an executor reaches the machines.
    func deliverReport(_ region: RegionID, _ executor: Int) {
        guard let attempt = attempts[Int(region)], !attempt.executors[executor].reports.isEmpty
        else { return }
        switch attempt.executors[executor].reports.removeFirst() {
        case .opened: handle(.region(.opened(region, attempt.number)))
        case .restored: handle(.region(.restored(region, attempt.number)))
        case .ack(let ack): handle(.checkpoint(region, .ack(ack)))
        case .decline(let epoch, let reason):
            handle(
                .checkpoint(
                    region,
                    .decline(
                        executor: UInt32(executor), attempt: attempt.number, epoch: epoch, reason)))
        case .sourcesEnded:
            sourcesEnded[Int(region)] += 1
            guard sourcesEnded[Int(region)] == attempt.executors.count else { return }
            handle(.checkpoint(region, .end(.endOfData)))
        }
    }
}
