// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceDelivery
import MillraceGraph
import MillraceWire

// MARK: - what the three machines want

extension JobCoordinator {
    mutating func told(_ actions: [DecisionLog.Action], _ now: Int64) -> [Action] {
        var all: [Action] = []
        for action in actions {
            switch action {
            case .create(let slot, let nonce, let bytes):
                all.append(.store(.createSlot(slot, nonce, bytes)))
            case .lookForSnapshots: all.append(.store(.lookForSnapshots))
            case .writeSnapshot(let slot, let bytes):
                all.append(.store(.writeSnapshot(slot, bytes)))
            case .delete(let slot): all.append(.store(.deleteLog(through: slot)))
            case .stepDown: all.append(.over(.superseded))
            case .stop(let failure): all.append(.over(.failed(failure)))
            case .epoch(_, let epoch):
                all += told(epochs.handle(.epochTaken(epoch), now: now), now)
            case .abandoned:
                all += told(epochs.handle(.claimAbandoned, now: now), now) + copyWaits(now)
            case .appended(let appended): all += self.appended(appended, now)
            }
        }
        // A region that waits for its last record to be resolved may go on now.
        if case .resolving = life.state(of: Self.region), !log.isBusy(with: Self.region), log.leads
        {
            all += told(
                life.handle(.resolved(Self.region, log.log, fresh: nonce()), now: now), now)
        }
        return all
    }

    private mutating func appended(
        _ appended: DecisionLog.Appended, _ now: Int64
    ) -> [Action] {
        switch appended.record.body {
        case .lead: return release(now) + told(life.handle(.begin, now: now), now)
        case .result: return [.over(.finished)]
        case .claim(let claim):
            return publishLetters(claim.epoch)
                + told(epochs.handle(.appended(appended), now: now), now)
                + told(life.handle(.appended(appended), now: now), now)
        case .quarantine(let record): return quarantined(record, appended, now)
        case .done:
            return told(epochs.handle(.appended(appended), now: now), now)
                + told(life.handle(.appended(appended), now: now), now)
        case .savepoint:
            guard let ending = pendingEnding else { return [] }
            return ended(ending, now)
        case .generation, .noop:
            return told(life.handle(.appended(appended), now: now), now)
        }
    }

    mutating func ended(
        _ ending: CheckpointCoordinator.Ending, _ now: Int64
    ) -> [Action] {
        pendingEnding = nil
        switch ending {
        case .endOfData: return told(life.handle(.ended(Self.region), now: now), now)
        case .keepState: return [.over(.kept)]
        }
    }

    mutating func told(_ actions: [JobLifecycle.Action], _ now: Int64) -> [Action] {
        var all: [Action] = []
        for action in actions {
            switch action {
            case .resolve:
                guard !log.isBusy(with: Self.region) else { continue }
                all += told(
                    life.handle(.resolved(Self.region, log.log, fresh: nonce()), now: now), now)
            case .append(let body): all += append(body, now)
            case .open(let decision):
                self.decision = decision
                all.append(.start)
            case .readTokens(_, let claim): all += read(for: .tokens(claim), now)
            case .commit(let permit, let tokens):
                all.append(.send(.commit(permit.claim.epoch, tokens)))
            case .fence: all.append(.send(.fence))
            case .restore(let decision): all += read(for: .state(decision), now)
            case .run: all.append(.send(.start))
            case .stop: all.append(.kill)
            case .isolate(_, let node):
                let next = plan(isolating: (decision?.isolated ?? []) + [node])
                guard !attemptPlan.isolated.contains(node), next.isolated.contains(node) else {
                    continue
                }
                let text = "\(node) crashed and now runs in a process of its own"
                all.append(.say(LogLine(level: .warn, node: node, text: text, code: .isolated)))
            case .suspended(_, let failure): all.append(.over(.failed(verdict(failure))))
            case .finished: all += append(.result(.finished), now)
            }
        }
        return all
    }

    mutating func told(_ actions: [CheckpointCoordinator.Action], _ now: Int64) -> [Action] {
        var all: [Action] = []
        for action in actions {
            switch action {
            case .takeEpoch:
                let noop = DecisionLog.Wish(
                    .noop, nonce: nonce(), wallNanoseconds: now + options.wallOffset)
                all += told(
                    log.handle(.takeEpoch(Self.region, orAppend: noop), now: now), now)
            case .trigger(let epoch, let ending):
                all.append(.send(.trigger(epoch, halts: ending == .keepState)))
                all += copyBegins(with: epoch)
            case .abort(let epoch): all.append(.send(.giveUp(epoch)))
            case .writeManifest(var manifest):
                manifest.wallNanoseconds = now + options.wallOffset
                letters.append((manifest.epoch, manifest.letterFiles))
                all.append(.store(.writeManifest(manifest)))
            case .append(let body): all += append(body, now)
            case .commit(let permit, let tokens):
                all.append(.send(.commit(permit.claim.epoch, tokens)))
            case .complete(let epoch):
                all += copyIsDue(of: epoch)
                let referred = epochs.oldestReferred.map { [Self.region: $0] } ?? [:]
                let unused = StoreRequest.collect(
                    logWithCopy, referred: referred, options.collection)
                all += [.send(.complete(epoch)), .store(unused)]
                all += told(life.handle(.epochDone(Self.region), now: now), now)
                all += epochPassed(now)
            case .ended(let ending): all += lastEpochDone(ending, now)
            case .report(let epoch, let failure):
                all.append(.say(LogLine(level: .warn, text: failure.text, code: failure.code)))
                all += copyFails(of: epoch, failure)
            case .degraded(let failure):
                all.append(.say(LogLine(level: .warn, text: failure.text, code: failure.code)))
            case .restart(let failure):
                all += handle(.failed(failure, .ours, culprit: nil), now: now)
            case .suspend(let failure):
                all += told(life.handle(.hopeless(Self.region, failure), now: now), now)
            }
        }
        return all
    }
}

// MARK: - manifests

extension JobCoordinator {
    private mutating func read(for reader: Reader, _ now: Int64) -> [Action] {
        let claim: DecisionRecord.Claim
        switch reader {
        case .tokens(let wanted): claim = wanted
        case .state(let decision):
            guard let restore = decision.restore else {
                return [
                    .store(.publishLetters([], sweepsBelow: decision.attempt)),
                    .send(.restore(nil)),
                ]
            }
            claim = restore
        }
        if let manifest, manifest.name == claim.manifest { return use(manifest, reader, now) }
        self.reader = reader
        return [.store(.readManifest(claim.manifest))]
    }

    mutating func read(_ found: Manifest, _ hash: ContentHash, _ now: Int64) -> [Action] {
        guard let reader, let decision else { return [] }
        self.reader = nil
        do throws(Failure) {
            if let claim = decision.restore {
                try RecoveryDecision.check(
                    found, hash: hash, against: claim, lineage: decision.lineage)
            }
            try StateMapping.check(found, plan: plan)
        } catch {
            return told(life.handle(.hopeless(Self.region, error), now: now), now)
        }
        manifest = found
        return use(found, reader, now)
    }

    private mutating func use(
        _ manifest: Manifest, _ reader: Reader, _ now: Int64
    ) -> [Action] {
        switch reader {
        case .tokens:
            return told(life.handle(.tokensRead(Self.region, manifest.tokens), now: now), now)
        case .state(let decision):
            letters = []
            return [
                .store(.publishLetters(manifest.letterFiles, sweepsBelow: decision.attempt)),
                .send(.restore(RestorePoint(manifest))),
            ]
        }
    }
}

// MARK: - the executor

extension JobCoordinator {
    mutating func reported(_ report: ExecutorReport, _ now: Int64) -> [Action] {
        guard let decision, !isBetweenAttempts else { return [] }
        let attempt = decision.attempt
        switch report {
        case .hello: return [.send(.load(attemptPlan))]
        case .loaded:
            return [
                .send(
                    .open(
                        AttemptIdentity(
                            job: plan.name, attempt: attempt, lineage: decision.lineage,
                            executor: 0, folder: options.folder, isKept: options.isKept,
                            quarantine: quarantine,
                            steps: steps)))
            ]
        case .opened: return told(life.handle(.opened(Self.region, attempt), now: now), now)
        case .committed(let epoch, let answers, let said):
            return told(
                life.handle(.commitAnswered(Self.region, attempt, answers), now: now), now)
                + told(epochs.handle(.commitAnswered(epoch, answers), now: now), now)
                + putOff(answers, said)
        case .fenced(let isDone):
            return told(
                life.handle(.fenced(Self.region, attempt, isDone: isDone), now: now), now)
        case .restored: return told(life.handle(.restored(Self.region, attempt), now: now), now)
        case .started:
            return [.runs]
                + told(epochs.handle(.attemptRuns(assignment(decision)), now: now), now)
        case .acked(let ack): return told(epochs.handle(.ack(ack), now: now), now)
        case .declined(let epoch, let reason, let failure):
            var actions: [Action] = []
            if let failure {
                actions.append(.say(LogLine(level: .warn, text: failure.text, code: failure.code)))
                if reason == .storage, isPlaceLost { return [.over(.failed(placeLost(failure)))] }
            }
            // A sink without space is no more cured by a restart than the store.
            let why = failure?.code == .noSpaceLeft ? DeclineReason.storage : reason
            return actions
                + told(
                    epochs.handle(
                        .decline(executor: 0, attempt: attempt, epoch: epoch, why), now: now), now)
        case .drained: return handle(.end(.endOfData), now: now)
        case .stopped, .failed, .log, .tapped: return []
        }
    }

    /// A sink that is to be asked again says why. That may last, where somebody can mend it.
    private mutating func putOff(_ answers: [CommitAnswer], _ said: [String]) -> [Action] {
        guard let place = answers.firstIndex(of: .retry) else {
            commitsPutOff = 0
            return []
        }
        commitsPutOff += 1
        let words = said.indices.contains(place) ? said[place] : ""
        let code = FailureCode(text: words.prefix(6))
        let text = code == nil ? words[...] : words.dropFirst(7)
        let failure = Failure(
            code ?? .operatorFailed, "what is committed cannot be shown yet: \(text)",
            next: "mend that, then run again")
        if !options.isKept, commitsPutOff > Self.commitsPutOffMax {
            return [.over(.failed(failure))]
        }
        return [.say(LogLine(level: .warn, text: failure.text, code: failure.code))]
    }

    /// A job that is kept waits until its disk is mended; nobody waits for another.
    private var isPlaceLost: Bool { !options.isKept && epochs.failuresInRow >= 4 }

    private func placeLost(_ failure: Failure) -> Failure {
        Failure(
            failure.code, "no checkpoint can be written: \(failure.text)",
            next: "make room there, or set TMPDIR to another folder")
    }

    private func assignment(_ decision: RecoveryDecision) -> CheckpointCoordinator.Assignment {
        let plan = attemptPlan
        let tasks = plan.nodes.flatMap { node in
            (0..<node.parallelism).map { TaskID(node: node.id, instance: UInt32($0)) }
        }
        let twoPhase = Set(plan.nodes.filter(\.operation.isTwoPhase).map(\.id))
        var assignment = CheckpointCoordinator.Assignment(
            job: plan.name, lineage: decision.lineage, turn: log.log.turn,
            attempt: decision.attempt, version: decision.version,
            executors: (0..<plan.executorCount).map { UInt32($0) },
            tasks: tasks,
            sinks: tasks.filter { twoPhase.contains($0.node) },
            lanes: plan.edges.indices.flatMap { edge in
                plan.lanes(ofEdge: edge).map {
                    LaneID(
                        edge: plan.name(ofEdge: edge), producer: UInt32($0.producer),
                        consumer: UInt32($0.consumer))
                }
            }, restored: decision.restore)
        assignment.nodes = plan.nodes.map {
            Manifest.Node(id: $0.id, parallelism: UInt32($0.parallelism))
        }
        return assignment
    }
}
