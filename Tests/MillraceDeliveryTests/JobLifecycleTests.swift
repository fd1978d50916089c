// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import Testing

@testable import MillraceDelivery

/// Plays a story to a job of one region.
private struct RegionStory {
    var lifecycle: JobLifecycle
    var log: LogState
    var now: Int64 = 0
    private var attempt: Attempt = 0

    init(_ words: String = "lead1") {
        lifecycle = JobLifecycle(regions: [.init(region: 0, nodes: ["a", "b"])])
        log = folded(words) ?? LogState()
    }

    mutating func play(_ words: String) -> String {
        words.split(separator: " ").map { word in
            let actions = step(String(word))
            return actions.isEmpty ? "-" : actions.map(name).joined(separator: "+")
        }.joined(separator: " ")
    }

    private mutating func step(_ word: String) -> [JobLifecycle.Action] {
        switch word {
        case "begin": return send(.begin)
        case "resolved":
            let actions = send(.resolved(0, log, fresh: Sample.nonce))
            for case .append(.generation(let generation)) in actions {
                attempt = generation.attempt
            }
            return actions
        case "recorded":
            return send(.appended(.init(Sample.record(.generation(Sample.generation(attempt))))))
        case "opened": return send(.opened(0, attempt))
        case "tokens":
            let task = TaskID(node: "b", instance: 0)
            return send(
                .tokensRead(0, [Token(task: task, attempt: 1, epoch: 3, blob: [])]))
        case "committed": return send(.commitAnswered(0, attempt, [.committed]))
        case "retry": return send(.commitAnswered(0, attempt, [.retry]))
        case "lost": return send(.commitAnswered(0, attempt, [.lost]))
        case "done": return send(.appended(.init(Sample.record(.done(region: 0, epoch: 3)))))
        case "fenced": return send(.fenced(0, attempt, isDone: true))
        case "unfenced": return send(.fenced(0, attempt, isDone: false))
        case "restored": return send(.restored(0, attempt))
        case "crash": return send(failed(attempt, culprit: "b"))
        case "old": return send(failed(attempt - 1, culprit: nil))
        case "damaged": return send(.hopeless(0, Failure(.stateDamaged, "no")))
        case "stopped": return send(.stopped(0, attempt))
        case "resume": return send(.resume(0))
        case "ended": return send(.ended(0))
        case "second":
            now += 1_000_000_000
            return send(.tick)
        default: preconditionFailure("BUG: no such word: \(word)")
        }
    }

    private func failed(_ attempt: Attempt, culprit: String?) -> JobLifecycle.Event {
        .failed(0, attempt, .ours, Failure(.crash, "crashed"), culprit: culprit, chance: 0)
    }

    private mutating func send(_ event: JobLifecycle.Event) -> [JobLifecycle.Action] {
        lifecycle.handle(event, now: now)
    }

    private func name(_ action: JobLifecycle.Action) -> String {
        switch action {
        case .resolve: "resolve"
        case .append(.generation(let generation)):
            "gen\(generation.attempt)@\(generation.regions[0].restored)"
                + generation.regions[0].isolated.map { "!" + $0 }.joined()
        case .append(.done(_, let epoch)): "done\(epoch)"
        case .append: "append"
        case .open(let decision): "open\(decision.attempt)"
        case .readTokens: "read"
        case .commit: "commit"
        case .fence(_, _, let below): "fence<\(below)"
        case .restore(let decision): "restore\(decision.restore?.epoch ?? 0)"
        case .run: "run"
        case .stop: "stop"
        case .isolate(_, let node): "isolate:\(node)"
        case .suspended: "suspended"
        case .finished: "finished"
        }
    }
}

struct JobLifecycleTests {
    @Test func `a job that has nothing begins with nothing`() {
        var story = RegionStory()
        #expect(
            story.play("begin resolved recorded opened fenced restored")
                == "resolve gen1@0 open1 fence<1 restore0 run")
        #expect(story.play("ended") == "finished")
        #expect(story.lifecycle.isOver)
    }

    @Test func `what was claimed is committed before anything is fenced`() {
        var story = RegionStory("lead1 gen1 claim3.1 lead2")
        #expect(
            story.play("begin resolved recorded opened tokens committed done fenced restored")
                == "resolve gen2@3 open2 read commit done3 fence<2 restore3 run")
    }

    @Test func `a sink that cannot commit yet keeps the region where it is`() {
        var story = RegionStory("lead1 gen1 claim3.1 lead2")
        _ = story.play("begin resolved recorded opened tokens")
        #expect(story.play("retry second retry second") == "- commit - commit")
        #expect(
            story.play("committed done unfenced second fenced")
                == "done3 fence<2 - fence<2 restore3")
    }

    @Test func `a transaction that is lost suspends, until somebody has seen to it`() {
        var story = RegionStory("lead1 gen1 claim3.1 lead2")
        _ = story.play("begin resolved recorded opened tokens")
        #expect(story.play("lost stopped second resume") == "stop suspended - resolve")
    }

    @Test func `a crash isolates its node, waits, resolves and begins a new attempt`() {
        var story = RegionStory()
        _ = story.play("begin resolved recorded opened fenced restored")
        #expect(
            story.play("crash crash stopped resolved recorded")
                == "isolate:b+stop - resolve gen2@0!b open2")
        // Nothing of the first attempt is believed any more.
        #expect(story.play("old") == "-")
    }

    @Test func `each crash without progress waits longer`() {
        var story = RegionStory()
        _ = story.play("begin resolved recorded opened fenced restored")
        _ = story.play(
            "crash stopped resolved recorded opened fenced restored second crash stopped")
        #expect(story.lifecycle.phase(of: 0) == .waiting)
        #expect(story.play("second") == "resolve")
    }

    @Test func `damaged state suspends at once`() {
        var story = RegionStory()
        _ = story.play("begin resolved recorded opened")
        #expect(story.play("damaged stopped") == "stop suspended")
        #expect(story.play("crash ended") == "- -")
    }

    @Test func `numbers of attempts are not used twice, also before they are in the log`() {
        var lifecycle = JobLifecycle(
            regions: [.init(region: 0, nodes: ["a"]), .init(region: 1, nodes: ["b"])])
        _ = lifecycle.handle(.begin, now: 0)
        var seen: [DecisionRecord.Generation] = []
        for region in [RegionID(0), 1] {
            let fresh = Nonce(low: UInt64(region), high: 0)
            for case .append(.generation(let generation)) in lifecycle.handle(
                .resolved(region, LogState(), fresh: fresh), now: 0)
            {
                seen.append(generation)
            }
        }
        #expect(seen.map(\.attempt) == [1, 2])
        // Both are one life of the job.
        #expect(seen[0].lineage == seen[1].lineage)
    }
}

struct RecoveryDecisionTests {
    private let claim = Sample.claim(41, attempt: 7, region: 1)

    private var matching: DecisionRecord.Claim {
        var claim = claim
        claim.version = 3
        return claim
    }

    private func failure(_ change: (inout Manifest) -> Void) -> FailureCode? {
        var manifest = Sample.manifest
        change(&manifest)
        do throws(Failure) {
            try RecoveryDecision.check(
                manifest, hash: Sample.hash, against: matching, lineage: Sample.nonce)
            return nil
        } catch {
            return error.code
        }
    }

    @Test func `the manifest of a claim is accepted, any other is not`() {
        #expect(failure { _ in } == nil)
        #expect(failure { $0.lineage.low ^= 1 } == .otherLineage)
        #expect(failure { $0.epoch += 1 } == .stateDamaged)
        #expect(failure { $0.attempt += 1 } == .stateDamaged)
        #expect(failure { $0.region += 1 } == .stateDamaged)
        #expect(failure { $0.version += 1 } == .stateDamaged)
        #expect(failure { $0.tokens = [] } == .stateDamaged)
        #expect(throws: Failure.self) {
            try RecoveryDecision.check(
                Sample.manifest, hash: ContentHash(low: 0, high: 0), against: matching,
                lineage: Sample.nonce)
        }
    }

    @Test func `a start goes by the log alone`() throws {
        let log = try #require(folded("lead1 gen1 claim2.1 done2 claim5.1 lead2"))
        let decision = RecoveryDecision(
            region: 0, log: log, attempt: 2, fresh: Nonce(low: 9, high: 9), isolating: ["b"])
        #expect(decision.restore?.epoch == 5 && decision.commit?.claim.epoch == 5)
        #expect(decision.lineage == Sample.nonce && decision.fenceBelow == 2)
        #expect(decision.generation(nodes: ["a", "b"]).regions[0].isolated == ["b"])
    }
}
