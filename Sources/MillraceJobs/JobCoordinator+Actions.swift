// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceDelivery
import MillraceGraph
import MillraceWire

// MARK: - what the three machines want

extension JobCoordinator {
    /// Tells the epochs of one region.
    mutating func tell(
        _ event: CheckpointCoordinator.Event, _ at: Int, _ now: Int64
    ) -> [Action] {
        told(parts[at].epochs.handle(event, now: now), at, now)
    }

    /// Tells those of all: whom it does not concern has no use for it.
    mutating func all(_ event: CheckpointCoordinator.Event, _ now: Int64) -> [Action] {
        parts.indices.flatMap { tell(event, $0, now) }
    }

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
            case .epoch(let region, let epoch):
                all += tell(.epochTaken(epoch), place(of: region), now)
            case .abandoned: preconditionFailure("BUG: nothing of ours is abandoned")
            case .appended(let appended): all += self.appended(appended, now)
            }
        }
        return all + resolved(now)
    }

    /// Regions that wait for their last record to be resolved may go on now.
    private mutating func resolved(_ now: Int64) -> [Action] {
        guard log.leads else { return [] }
        return parts.indices.flatMap { at -> [Action] in
            let region = parts[at].region
            guard case .resolving = life.state(of: region), !log.isBusy(with: region) else {
                return []
            }
            return told(life.handle(.resolved(region, log.log, fresh: nonce()), now: now), now)
        }
    }

    private mutating func appended(
        _ appended: DecisionLog.Appended, _ now: Int64
    ) -> [Action] {
        switch appended.record.body {
        case .lead: return release(now) + told(life.handle(.begin, now: now), now)
        case .result: return [.over(.finished)]
        case .claim(let claim):
            let at = place(of: claim.region)
            return publishLetters(claim.epoch, at) + tell(.appended(appended), at, now)
                + told(life.handle(.appended(appended), now: now), now)
        case .quarantine(let record): return quarantined(record, appended, now)
        case .done(let region, _):
            return tell(.appended(appended), place(of: region), now)
                + told(life.handle(.appended(appended), now: now), now)
        case .savepoint: return allEnd(now)
        case .generation, .noop:
            return told(life.handle(.appended(appended), now: now), now)
        }
    }

    mutating func told(_ actions: [JobLifecycle.Action], _ now: Int64) -> [Action] {
        var all: [Action] = []
        for action in actions {
            switch action {
            case .resolve(let region):
                guard !log.isBusy(with: region) else { continue }
                all += told(
                    life.handle(.resolved(region, log.log, fresh: nonce()), now: now), now)
            case .append(let body): all += append(body, now)
            case .open(let decision):
                parts[place(of: decision.region)].decision = decision
                parts[place(of: decision.region)].drains = false
                all.append(.start(decision.region))
            case .readTokens(let region, let claim):
                all += read(for: .tokens(claim), place(of: region), now)
            case .commit(let permit, let tokens):
                all.append(.send(permit.claim.region, .commit(permit.claim.epoch, tokens)))
            case .fence(let region, _, _): all.append(.send(region, .fence))
            case .restore(let decision):
                all += read(for: .state(decision), place(of: decision.region), now)
            case .run(let decision): all.append(.send(decision.region, .start))
            case .stop(let region, _):
                all += attemptEnded(place(of: region), now)
                all.append(.kill(region))
            case .isolate(let region, let node): all += isolates(node, place(of: region))
            case .suspended(let region, let failure):
                all.append(.over(.failed(verdict(failure, place(of: region)))))
            case .finished: break  // `lastEpochDone` knows, and may have to wait.
            }
        }
        return all
    }

    private mutating func attemptEnded(_ at: Int, _ now: Int64) -> [Action] {
        tell(.attemptEnded, at, now) + copyWaits(at, now)
    }

    private func isolates(_ node: String, _ at: Int) -> [Action] {
        let before = parts[at].decision?.isolated ?? []
        guard !plan(isolating: before).isolated.contains(node),
            plan(isolating: before + [node]).isolated.contains(node)
        else { return [] }
        let text = "\(node) crashed and now runs in a process of its own"
        return [.say(LogLine(level: .warn, node: node, text: text, code: .isolated))]
    }

    /// The last one ends the job, once that is in the log.
    mutating func finished(_ region: RegionID, _ now: Int64) -> [Action] {
        let isLast = parts.allSatisfy { $0.ending == .endOfData && $0.isOver }
        return isLast ? append(.result(.finished), now) : [.regionOver(region, .finished)]
    }

    mutating func told(
        _ actions: [CheckpointCoordinator.Action], _ at: Int, _ now: Int64
    ) -> [Action] {
        let region = parts[at].region
        var all: [Action] = []
        for action in actions {
            switch action {
            case .takeEpoch:
                let noop = DecisionLog.Wish(
                    .noop, nonce: nonce(), wallNanoseconds: now + options.wallOffset)
                all += told(log.handle(.takeEpoch(region, orAppend: noop), now: now), now)
            case .trigger(let epoch, let ending):
                all.append(.send(region, .trigger(epoch, halts: ending == .keepState)))
                all += copyBegins(with: epoch, at)
            case .abort(let epoch): all.append(.send(region, .giveUp(epoch)))
            case .writeManifest(var manifest):
                manifest.wallNanoseconds = now + options.wallOffset
                parts[at].letters.append((manifest.epoch, manifest.letterFiles))
                all.append(.store(.writeManifest(manifest)))
            case .append(let body): all += append(body, now)
            case .commit(let permit, let tokens):
                all.append(.send(region, .commit(permit.claim.epoch, tokens)))
            case .complete(let epoch): all += epochDone(epoch, at, now)
            case .ended(let ending): all += lastEpochDone(ending, at, now)
            case .report(let epoch, let failure):
                all.append(.say(LogLine(level: .warn, text: failure.text, code: failure.code)))
                all += copyFails(of: epoch, at, failure)
            case .degraded(let failure):
                all.append(.say(LogLine(level: .warn, text: failure.text, code: failure.code)))
            case .restart(let failure):
                all += handle(.failed(region, failure, .ours, culprit: nil), now: now)
            case .suspend(let failure):
                all += told(life.handle(.hopeless(region, failure), now: now), now)
            }
        }
        return all
    }

    /// The epoch is claimed and committed.
    private mutating func epochDone(_ epoch: Epoch, _ at: Int, _ now: Int64) -> [Action] {
        let region = parts[at].region
        var all = copyIsDue(of: epoch, at)
        let referred = Dictionary(
            parts.compactMap { part in part.epochs.oldestReferred.map { (part.region, $0) } },
            uniquingKeysWith: min)
        let unused = StoreRequest.collect(logWithCopy, referred: referred, options.collection)
        all += [.send(region, .complete(epoch)), .store(unused)]
        all += told(life.handle(.epochDone(region), now: now), now)
        return all + epochPassed(at, now)
    }
}
