// SPDX-License-Identifier: Apache-2.0
// Dead letters of epochs, and records that kill their operator. Which batch a dead executor had
// cannot be read, so what crashes have in common is found in single steps: `PoisonTracker`.
import MillraceCore
import MillraceDelivery
import MillraceWire

extension JobCoordinator {
    /// A record in quarantine that its node is to get again.
    package struct ReleasedRecord: Hashable, Sendable {
        package var node: String
        package var hash: ContentHash

        package init(node: String, hash: ContentHash) {
            self.node = node
            self.hash = hash
        }
    }

    /// The epoch is claimed, and with it what earlier ones that came to nothing left behind.
    mutating func publishLetters(_ epoch: Epoch, _ at: Int) -> [Action] {
        let files = parts[at].letters.last { $0.epoch == epoch }?.files ?? []
        parts[at].letters.removeAll { $0.epoch <= epoch }
        return files.isEmpty ? [] : [.store(.publishLetters(files, sweepsBelow: 0, sparing: []))]
    }

    // MARK: - poison

    /// Three epochs are too few where steps are as long as the way to the record: the batches that
    /// the crashes were in are not known, so nothing else ends the steps.
    private static let tracking: PoisonTracker.Options = {
        var options = PoisonTracker.Options()
        options.epochsOfStepping = 10
        return options
    }()

    /// Records that no operator may see again.
    var quarantine: [QuarantinedRecord] {
        log.log.quarantined.map {
            QuarantinedRecord(node: $0.node, hash: $0.hash, reason: $0.reason)
        }
    }

    /// What is sent back to its node is no longer taken out before it. In the log before the first
    /// attempt, which therefore knows it.
    mutating func release(_ now: Int64) -> [Action] {
        let held = Set(log.log.quarantined.map { ReleasedRecord(node: $0.node, hash: $0.hash) })
        return options.released.filter(held.contains).flatMap { record in
            append(.quarantine(.init(lettingGo: record.hash, of: record.node)), now)
        }
    }

    /// Nodes that get one record at a time in the next attempt.
    var steps: [String] { poison.filter(\.value.isStepping).map(\.key).sorted() }

    mutating func crashed(_ culprit: Culprit, _ failure: Failure, _ now: Int64) -> [Action] {
        let crash = PoisonTracker.Crash(batch: nil, stamped: culprit.stepped)
        return track(.crashed(crash), of: culprit.node, failure, now)
    }

    mutating func epochPassed(_ at: Int, _ now: Int64) -> [Action] {
        let own = parts[at].nodes.filter { poison[$0] != nil }.sorted()
        return own.flatMap { track(.epochDone, of: $0, nil, now) }
    }

    /// nil: the topology does not have it any more; quarantine outlives that.
    private func region(of node: String) -> RegionID? {
        parts.first { $0.nodes.contains(node) }?.region
    }

    /// What is replayed is not counted again: `count` goes on from the checkpoint.
    mutating func takenOut(
        _ node: String, _ count: Int, of records: UInt64, _ now: Int64
    ) -> [Action] {
        let more = count - taken[node, default: 0]
        guard more > 0, let region = region(of: node), !isBetweenAttempts(region) else {
            return []
        }
        taken[node] = count
        return track(.taken(more, of: records), of: node, nil, now)
    }

    private mutating func track(
        _ event: PoisonTracker.Event, of node: String, _ cause: Failure?, _ now: Int64
    ) -> [Action] {
        guard let region = region(of: node) else { return [] }
        var tracker = poison[node] ?? PoisonTracker(node: node, options: Self.tracking)
        let actions = tracker.handle(event, now: now)
        poison[node] = tracker
        var all: [Action] = []
        for action in actions {
            switch action {
            case .isolate: break
            case .beginSteps:
                all.append(
                    .say(
                        LogLine(
                            level: .warn, node: node,
                            text: "crashed twice within few checkpoints: it gets one record at a "
                                + "time, to find the one that does it")))
            case .endSteps where isBetweenAttempts(region): break
            case .endSteps: all.append(.send(region, .endSteps(node: node)))
            case .quarantine(let hash, let crashes):
                explained[hash] = crashes
                all += append(
                    .quarantine(
                        .init(
                            node: node, hash: hash, origin: "crash",
                            reason: Self.reason(cause, crashes))), now)
            case .suspend(let failure):
                all += told(life.handle(.hopeless(region, failure), now: now), now)
            }
        }
        return all
    }

    private static func reason(_ cause: Failure?, _ crashes: Int) -> String {
        let text = cause.map { "\($0.text)" } ?? "the operator ended its process"
        return String("\(text); \(crashes) crashes in all".prefix(4_096))
    }

    /// It is in the log: its crashes are no fault of the operator's.
    mutating func quarantined(
        _ record: DecisionRecord.Quarantine, _ appended: DecisionLog.Appended, _ now: Int64
    ) -> [Action] {
        if record.letsGo { return told(life.handle(.appended(appended), now: now), now) }
        let crashes = explained.removeValue(forKey: record.hash) ?? 0
        let line = LogLine(
            level: .warn, node: record.node,
            text: "a record that crashed it \(crashes) times is a dead letter from now on",
            code: .crash)
        var all: [Action] = [.say(line)]
        if let region = region(of: record.node) {
            all += told(life.handle(.forgiven(region, crashes: crashes), now: now), now)
        }
        return all + told(life.handle(.appended(appended), now: now), now)
    }
}
