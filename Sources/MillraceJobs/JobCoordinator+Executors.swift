// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceDelivery
import MillraceGraph
import MillraceWire

// MARK: - manifests

extension JobCoordinator {
    mutating func read(for reader: Reader, _ at: Int, _ now: Int64) -> [Action] {
        guard let name = reader.name else {
            return [publish([], at), .send(parts[at].region, .restore(nil))]
        }
        if let manifest = parts[at].manifest, manifest.name == name {
            return use(manifest, reader, at, now)
        }
        parts[at].reader = reader
        return [.store(.readManifest(name))]
    }

    mutating func read(
        _ name: String, _ found: Manifest, _ hash: ContentHash, _ now: Int64
    ) -> [Action] {
        guard let at = parts.firstIndex(where: { $0.reader?.name == name }),
            let reader = parts[at].reader, let decision = parts[at].decision
        else { return [] }
        parts[at].reader = nil
        do throws(Failure) {
            if let claim = decision.restore {
                try RecoveryDecision.check(
                    found, hash: hash, against: claim, lineage: decision.lineage)
            }
            try StateMapping.check(found, plan: plan)
        } catch {
            return told(life.handle(.hopeless(parts[at].region, error), now: now), now)
        }
        parts[at].manifest = found
        return use(found, reader, at, now)
    }

    mutating func unreadable(_ name: String, _ failure: Failure, _ now: Int64) -> [Action] {
        guard let at = parts.firstIndex(where: { $0.reader?.name == name }) else { return [] }
        parts[at].reader = nil
        return told(life.handle(.hopeless(parts[at].region, failure), now: now), now)
    }

    private mutating func use(
        _ manifest: Manifest, _ reader: Reader, _ at: Int, _ now: Int64
    ) -> [Action] {
        let region = parts[at].region
        switch reader {
        case .tokens:
            return told(life.handle(.tokensRead(region, manifest.tokens), now: now), now)
        case .state:
            parts[at].letters = []
            return [
                publish(manifest.letterFiles, at), .send(region, .restore(RestorePoint(manifest))),
            ]
        }
    }

    /// Dead letters of the epoch that an attempt begins with. What earlier attempts of the region
    /// left unclaimed goes; what runs in other regions may be older than this attempt, and so may
    /// be what they have claimed and not published yet.
    private func publish(_ letters: [String], _ at: Int) -> Action {
        let running = parts.indices.filter { $0 != at }.compactMap { parts[$0].decision?.attempt }
        let claimed = log.log.regions.filter { $0.region != parts[at].region }
            .compactMap { $0.claim?.attempt }
        let others = running + claimed
        return .store(
            .publishLetters(
                letters, sweepsBelow: parts[at].decision?.attempt ?? 0, sparing: others))
    }
}

// MARK: - executors

extension JobCoordinator {
    mutating func reported(_ report: ExecutorReport, _ at: Int, _ now: Int64) -> [Action] {
        let region = parts[at].region
        guard let decision = parts[at].decision, !isBetweenAttempts(region) else { return [] }
        let attempt = decision.attempt
        switch report {
        case .hello: return [.send(region, .load(self.attempt(of: region).plan))]
        case .loaded: return [.send(region, .open(identity(decision)))]
        case .opened: return told(life.handle(.opened(region, attempt), now: now), now)
        case .committed(let epoch, let answers, let said):
            return told(life.handle(.commitAnswered(region, attempt, answers), now: now), now)
                + tell(.commitAnswered(epoch, answers), at, now) + putOff(answers, said, at)
        case .fenced(let isDone):
            return told(life.handle(.fenced(region, attempt, isDone: isDone), now: now), now)
        case .restored: return told(life.handle(.restored(region, attempt), now: now), now)
        case .started: return [.runs(region)] + tell(.attemptRuns(assignment(at)), at, now)
        case .acked(let ack): return tell(.ack(ack), at, now)
        case .declined(let epoch, let reason, let failure):
            return declined(epoch, reason, failure, attempt, at, now)
        case .drained: return handle(.end(region, .endOfData), now: now)
        case .stopped, .failed, .log, .tapped: return []
        }
    }

    private func identity(_ decision: RecoveryDecision) -> AttemptIdentity {
        AttemptIdentity(
            job: plan.name, attempt: decision.attempt, lineage: decision.lineage, executor: 0,
            folder: options.folder, isKept: options.isKept, quarantine: quarantine, steps: steps)
    }

    private mutating func declined(
        _ epoch: Epoch, _ reason: DeclineReason, _ failure: Failure?, _ attempt: Attempt, _ at: Int,
        _ now: Int64
    ) -> [Action] {
        var actions: [Action] = []
        if let failure {
            actions.append(.say(LogLine(level: .warn, text: failure.text, code: failure.code)))
            if reason == .storage, isPlaceLost(at) { return [.over(.failed(placeLost(failure)))] }
        }
        // A sink without space is no more cured by a restart than the store.
        let why = failure?.code == .noSpaceLeft ? DeclineReason.storage : reason
        let executor = UInt32(self.attempt(of: parts[at].region).executors.first ?? 0)
        return actions
            + tell(.decline(executor: executor, attempt: attempt, epoch: epoch, why), at, now)
    }

    /// A sink that is to be asked again says why. That may last, where somebody can mend it.
    private mutating func putOff(
        _ answers: [CommitAnswer], _ said: [String], _ at: Int
    ) -> [Action] {
        guard let place = answers.firstIndex(of: .retry) else {
            parts[at].commitsPutOff = 0
            return []
        }
        parts[at].commitsPutOff += 1
        let words = said.indices.contains(place) ? said[place] : ""
        let code = FailureCode(text: words.prefix(6))
        let text = code == nil ? words[...] : words.dropFirst(7)
        let failure = Failure(
            code ?? .operatorFailed, "what is committed cannot be shown yet: \(text)",
            next: "mend that, then run again")
        if !options.isKept, parts[at].commitsPutOff > Self.commitsPutOffMax {
            return [.over(.failed(failure))]
        }
        return [.say(LogLine(level: .warn, text: failure.text, code: failure.code))]
    }

    /// A job that is kept waits until its disk is mended; nobody waits for another.
    private func isPlaceLost(_ at: Int) -> Bool {
        !options.isKept && parts[at].epochs.failuresInRow >= 4
    }

    private func placeLost(_ failure: Failure) -> Failure {
        Failure(
            failure.code, "no checkpoint can be written: \(failure.text)",
            next: "make room there, or set TMPDIR to another folder")
    }

    private func assignment(_ at: Int) -> CheckpointCoordinator.Assignment {
        guard let decision = parts[at].decision else {
            preconditionFailure("BUG: an attempt without its decision")
        }
        let (plan, executors) = attempt(of: decision.region)
        let own = Set(parts[at].nodes)
        let nodes = plan.nodes.filter { own.contains($0.id) }
        let tasks = nodes.flatMap { node in
            (0..<node.parallelism).map { TaskID(node: node.id, instance: UInt32($0)) }
        }
        let twoPhase = Set(nodes.filter(\.operation.isTwoPhase).map(\.id))
        var assignment = CheckpointCoordinator.Assignment(
            job: plan.name, lineage: decision.lineage, turn: log.log.turn,
            attempt: decision.attempt, version: decision.version,
            executors: executors.map { UInt32($0) },
            tasks: tasks,
            sinks: tasks.filter { twoPhase.contains($0.node) },
            lanes: plan.edges(from: own).flatMap { edge in
                plan.lanes(ofEdge: edge).map {
                    LaneID(
                        edge: plan.name(ofEdge: edge), producer: UInt32($0.producer),
                        consumer: UInt32($0.consumer))
                }
            }, restored: decision.restore)
        assignment.nodes = nodes.map {
            Manifest.Node(id: $0.id, parallelism: UInt32($0.parallelism))
        }
        return assignment
    }
}
