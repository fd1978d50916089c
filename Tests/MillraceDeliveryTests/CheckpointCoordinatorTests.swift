// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import Testing

@testable import MillraceDelivery

/// Plays a story to the checkpoints of a region with two executors: a source on the first, a sink
/// on the second, one lane between them.
private struct EpochStory {
    var coordinator: CheckpointCoordinator
    var now: Int64 = 0
    private var epoch: Epoch = 0
    private static let lane = LaneID(edge: "a>b", producer: 0, consumer: 0)
    private static let tasks = [TaskID(node: "a", instance: 0), TaskID(node: "b", instance: 0)]

    init(restored: Epoch? = nil) {
        coordinator = CheckpointCoordinator(region: 0)
        let assignment = CheckpointCoordinator.Assignment(
            job: "j", lineage: Sample.nonce, turn: 1, attempt: 1, version: 1, executors: [0, 1],
            tasks: Self.tasks, sinks: [Self.tasks[1]], lanes: [Self.lane],
            restored: restored.map { Sample.claim($0, attempt: 1) })
        _ = coordinator.handle(.attemptRuns(assignment), now: 0)
    }

    mutating func play(_ words: String) -> String {
        words.split(separator: " ").map { word in
            let actions = step(String(word))
            return actions.isEmpty ? "-" : actions.map(name).joined(separator: "+")
        }.joined(separator: " ")
    }

    static func ack(
        _ executor: UInt32, _ epoch: Epoch, attempt: Attempt = 1, records: UInt64 = 5,
        tokens: [Epoch]? = nil
    ) -> EpochAck {
        let count = [LaneCount(lane: lane, records: records)]
        let task = tasks[Int(executor)]
        let held = (tokens ?? [epoch]).map {
            Token(task: task, attempt: attempt, epoch: $0, blob: [])
        }
        let ack =
            executor == 0
            ? TaskAck(task: task, pieces: [], sent: count)
            : TaskAck(task: task, pieces: [], tokens: held, received: count)
        return EpochAck(
            executor: executor, attempt: attempt, epoch: epoch, base: 0, files: [], tasks: [ack])
    }

    mutating func send(_ event: CheckpointCoordinator.Event) -> [CheckpointCoordinator.Action] {
        coordinator.handle(event, now: now)
    }

    /// Numbers in a word: `ack1`, `ack1:3,5` with tokens of these epochs, `take7`.
    private mutating func step(_ word: String) -> [CheckpointCoordinator.Action] {
        let numbers = word.drop { $0.isLetter }.split { !$0.isNumber }.compactMap { UInt64($0) }
        switch word.prefix(while: { $0.isLetter }) {
        case "take":
            epoch = numbers[0]
            return send(.epochTaken(epoch))
        case "ack":
            let tokens = word.contains(":") ? Array(numbers.dropFirst()) : nil
            return send(.ack(Self.ack(UInt32(numbers[0]), epoch, tokens: tokens)))
        case "stranger": return send(.ack(Self.ack(1, epoch, attempt: 9)))
        case "lied": return send(.ack(Self.ack(1, epoch, records: 4)))
        case "decline":
            return send(.decline(executor: 1, attempt: 1, epoch: epoch, .pluginError))
        case "full": return send(.decline(executor: 1, attempt: 1, epoch: epoch, .storage))
        case "written": return send(.manifestWritten(numbers[0], hash: Sample.hash))
        case "failed":
            return send(.manifestFailed(numbers[0], Failure(.storeFailed, "full")))
        case "won":
            let claim = Sample.claim(numbers[0], attempt: 1, needsCommit: numbers.count == 1)
            return send(.appended(.init(Sample.record(.claim(claim)))))
        case "done":
            return send(.appended(.init(Sample.record(.done(region: 0, epoch: numbers[0])))))
        case "gone": return send(.claimAbandoned)
        case "answers":
            let answers = word.drop { $0 != ":" }.dropFirst().split(separator: ",").compactMap {
                CommitAnswer(rawValue: String($0))
            }
            return send(.commitAnswered(numbers[0], answers))
        case "second": now += 1_000_000_000
        case "minute": now += 60_000_000_000
        case "shut": return send(.gate(isOpen: false))
        case "open": return send(.gate(isOpen: true))
        case "hurry": return send(.hurry)
        case "end": return send(.end(.endOfData))
        case "keep": return send(.end(.keepState))
        case "died": return send(.attemptEnded)
        default: preconditionFailure("BUG: no such word: \(word)")
        }
        return send(.tick)
    }

    private func name(_ action: CheckpointCoordinator.Action) -> String {
        switch action {
        case .takeEpoch: "take"
        case .trigger(let epoch, let ending): "trigger\(epoch)\(ending.map { "\($0)" } ?? "")"
        case .abort(let epoch): "abort\(epoch)"
        case .writeManifest(let manifest):
            "write\(manifest.epoch):\(manifest.tokens.map { "\($0.epoch)" }.joined(separator: ","))"
        case .append(.claim(let claim)): "claim\(claim.epoch)\(claim.needsCommit ? "" : "free")"
        case .append(.done(_, let epoch)): "done\(epoch)"
        case .append: "append"
        case .commit(_, let tokens):
            "commit:\(tokens.map { "\($0.epoch)" }.joined(separator: ","))"
        case .complete(let epoch): "complete\(epoch)"
        case .ended(let ending): "ended:\(ending)"
        case .report: "report"
        case .restart: "restart"
        case .degraded: "degraded"
        case .suspend: "suspend"
        }
    }
}

struct CheckpointCoordinatorTests {
    @Test func `an epoch goes from trigger to complete`() {
        var story = EpochStory()
        #expect(
            story.play("take1 ack0 ack1 written1 won1 answers1:committed done1 second")
                == "trigger1 - write1:1 claim1 commit:1 done1 complete1 take")
    }

    @Test func `the next epoch travels while the one before is committed, and waits for its DONE`()
    {
        var story = EpochStory()
        _ = story.play("take1 ack0 ack1 written1 won1 second")
        #expect(
            story.play("take2 ack0 ack1:1,2 written2 second second")
                == "trigger2 - write2:2 - - -")
        #expect(story.play("answers1:already done1") == "done1 complete1+claim2")
    }

    @Test func `who is in a hurry gets the next barrier at once, also behind one under way`() {
        var story = EpochStory()
        #expect(story.play("take1 hurry ack0 ack1 written1") == "trigger1 - - write1:1 claim1+take")
        #expect(story.play("take2 ack0 ack1:1,2 written2") == "trigger2 - write2:2 -")
        #expect(story.play("won1 answers1:committed done1") == "commit:1 done1 complete1+claim2")
        #expect(
            story.play("hurry take3 hurry decline open") == "take trigger3 - abort3+report take")
        #expect(story.play("take4 decline open") == "trigger4 abort4+report -")
    }

    @Test func `tokens of an epoch that was given up are claimed with the next one`() {
        var story = EpochStory()
        #expect(story.play("take1 ack0 decline second") == "trigger1 - abort1+report take")
        #expect(
            story.play("take2 ack0 ack1:1,2 written2 won2")
                == "trigger2 - write2:1,2 claim2 commit:1,2")
    }

    @Test func `an epoch without tokens is done with its claim`() {
        var story = EpochStory()
        #expect(
            story.play("take1 ack0 ack1: written1") == "trigger1 - write1: claim1free")
        let claim = Sample.claim(1, needsCommit: false)
        let won = story.send(.appended(.init(Sample.record(.claim(claim)))))
        #expect(won == [.complete(1)])
    }

    @Test func `time-outs, declines and failed manifests give an epoch up, a claim is never`() {
        var story = EpochStory()
        #expect(story.play("take1 ack0 minute") == "trigger1 - abort1+report")
        #expect(
            story.play("second take2 ack0 ack1 failed2") == "take trigger2 - write2:2 abort2+report"
        )
        #expect(story.play("second take3 ack0 ack1 written3") == "take trigger3 - write3:3 claim3")
        #expect(story.play("decline minute") == "- take")
        #expect(story.coordinator.commitPhase == .claiming)
    }

    @Test func `answers of others and of the past change nothing`() {
        var story = EpochStory()
        #expect(story.play("take1 ack0 ack0 stranger ack1") == "trigger1 - - - write1:1")
        #expect(story.play("written9 won1 answers1:committed done1") == "- - - -")
    }

    @Test func `counts that differ give the epoch up and the attempt with it`() {
        var story = EpochStory()
        #expect(story.play("take1 ack0 lied") == "trigger1 - abort1+report+restart")
    }

    @Test func `a sink without its list of tokens is refused`() {
        var story = EpochStory()
        _ = story.play("take1 ack0")
        var ack = EpochStory.ack(1, 1)
        ack.tasks[0].tokens = nil
        #expect(story.send(.ack(ack)).contains(.abort(1)))
    }

    @Test func `the fifth failure in a row restarts, the twentieth is told, a success resets`() {
        var story = EpochStory()
        var seen = ""
        for epoch in 1...20 { seen += story.play("take\(epoch) decline second") + " " }
        #expect(seen.components(of: "restart") == 1 && seen.components(of: "degraded") == 1)
        #expect(story.coordinator.failuresInRow == 20)
        _ = story.play("take21 ack0 ack1 written21")
        #expect(story.coordinator.failuresInRow == 0)
    }

    @Test func `a full disk restarts nothing, however long it is full`() {
        var story = EpochStory()
        var seen = ""
        for epoch in 1...20 {
            let word = epoch % 2 == 0 ? "full" : "ack0 ack1 failed\(epoch)"
            seen += story.play("take\(epoch) \(word) second") + " "
        }
        #expect(seen.components(of: "restart") == 0 && seen.components(of: "degraded") == 1)
        #expect(story.play("take21 decline second").components(of: "restart") == 0)
    }

    @Test func `a sink that says retry is asked again, later and later`() {
        var story = EpochStory()
        _ = story.play("take1 ack0 ack1 written1 won1")
        #expect(
            story.play("shut answers1:retry second answers1:retry second")
                == "- - commit:1 - commit:1")
        #expect(story.play("answers1:lost") == "suspend")
    }

    @Test func `no epoch begins behind a closed gate, and one begins at once when hurried`() {
        var story = EpochStory()
        _ = story.play("take1 decline")
        #expect(story.play("shut second hurry open") == "- - - take")
        _ = story.play("take2 decline")
        #expect(story.play("hurry") == "take")
    }

    @Test func `the last epoch ends the attempt, whatever failed before it`() {
        var story = EpochStory()
        #expect(story.play("take1 end decline") == "trigger1 - abort1+report")
        #expect(
            story.play("hurry take2 ack0 ack1:1,2 written2")
                == "take trigger2endOfData - write2:1,2 claim2")
        #expect(
            story.play("won2 answers2:committed,committed done2")
                == "commit:1,2 done2 complete2+ended:endOfData")
        #expect(story.play("second hurry") == "- -")
    }

    @Test func `a claim that is not in the log leaves its tokens to the next one`() {
        var story = EpochStory()
        _ = story.play("take1 ack0 ack1 written1 second take2 ack0 ack1:1,2")
        // The epoch sealed behind it names it as its parent, so that goes too.
        #expect(story.play("gone") == "abort1+abort2+take")
        #expect(story.play("take3 ack0 ack1:1,2,3") == "trigger3 - write3:1,2,3")
    }

    @Test func `a claim is resolved after the attempt is gone, and commits nothing then`() {
        var story = EpochStory()
        _ = story.play("take1 ack0 ack1 written1")
        #expect(story.play("died won1") == "- -")
        #expect(story.coordinator.commitPhase == .free)
    }

    @Test func `the end of data is of one attempt, a wish to keep the state of all`() {
        for (word, ending) in [("end", ""), ("keep", "keepState")] {
            var story = EpochStory()
            _ = story.play("take1 \(word) died")
            let assignment = CheckpointCoordinator.Assignment(
                job: "j", lineage: Sample.nonce, turn: 1, attempt: 2, version: 1, executors: [0],
                tasks: [], sinks: [], lanes: [], restored: nil)
            #expect(story.send(.attemptRuns(assignment)) == [.takeEpoch])
            #expect(story.play("take2") == "trigger2\(ending)")
        }
    }

    @Test func `files stay as far back as an executor's increments may reach`() {
        var story = EpochStory(restored: 4)
        #expect(story.coordinator.oldestReferred == 4)
        _ = story.play("take5")
        for (executor, base) in [(UInt32(0), Epoch(7)), (1, 6)] {
            var ack = EpochStory.ack(executor, 5)
            ack.base = base
            _ = story.send(.ack(ack))
        }
        #expect(story.coordinator.oldestReferred == 6)
        _ = story.play("died")
        #expect(story.coordinator.oldestReferred == nil)
    }
}

extension String {
    /// How often a word is part of the text.
    fileprivate func components(of word: String) -> Int {
        split(whereSeparator: { " +".contains($0) }).count { $0 == word }
    }
}
