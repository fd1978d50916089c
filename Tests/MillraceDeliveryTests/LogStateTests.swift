// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import Testing

@testable import MillraceDelivery

/// Records in a small notation: `lead2` of turn 2, `gen3` attempt 3, `claim5.3` epoch 5 of attempt
/// 3, `done5`, `noop`, `end`, a record in quarantine by `hold7` and out by `let7`.
/// Turn and reserved numbers go on from record to record.
func records(_ words: String) -> [DecisionRecord] {
    var turn: Turn = 0
    return words.split(separator: " ").enumerated().map { at, word in
        let numbers = word.drop { $0.isLetter }.split(separator: ".").compactMap { UInt64($0) }
        let body: DecisionRecord.Body
        switch word.prefix(while: { $0.isLetter }) {
        case "lead":
            turn = numbers[0]
            body = .lead(.init(owner: "", build: ""))
        case "zombie":
            return Sample.record(.noop, slot: UInt64(at + 1), turn: numbers[0])
        case "gen": body = .generation(Sample.generation(numbers[0]))
        case "claim": body = .claim(Sample.claim(numbers[0], attempt: numbers[1]))
        case "free":
            body = .claim(Sample.claim(numbers[0], attempt: numbers[1], needsCommit: false))
        case "done": body = .done(region: 0, epoch: numbers[0])
        case "hold":
            let hash = ContentHash(low: numbers[0], high: 0)
            body = .quarantine(.init(node: "a", hash: hash, origin: "crash", reason: "SIGSEGV"))
        case "let":
            let hash = ContentHash(low: numbers[0], high: 0)
            body = .quarantine(.init(lettingGo: hash, of: "a"))
        case "end": body = .result(.finished)
        default: body = .noop
        }
        return Sample.record(body, slot: UInt64(at + 1), turn: turn)
    }
}

/// The state that a log leads to; nil where a record is refused.
func folded(_ words: String) -> LogState? {
    var state = LogState()
    for record in records(words) {
        guard (try? state.apply(record)) != nil else { return nil }
    }
    return state
}

struct LogStateTests {
    @Test func `a log is folded into its newest facts`() throws {
        let state = try #require(folded("lead1 gen1 claim1.1 done1 lead2 gen2 claim4.2"))
        #expect(state.turn == 2 && state.attempt == 2 && state.slot == 7)
        #expect(state.region(0).claim == Sample.claim(4, attempt: 2))
        #expect(state.region(0).undone?.epoch == 4)
        #expect(state.region(0).nodes == ["a", "b"])
        #expect(state.region(8).claim == nil)
    }

    @Test func `what this protocol never writes is refused`() {
        for words in [
            "lead1 lead1", "lead2 lead1", "noop", "lead2 zombie1", "lead1 gen1 gen1",
            "lead1 claim1.1", "lead1 gen1 claim1.1 claim2.1", "lead1 gen1 gen2 claim1.1",
            "lead1 gen1 claim3.1 done3 claim3.1", "lead1 gen1 claim101.1", "lead1 gen1 done1",
            "lead1 gen1 claim2.1 done1", "lead1 gen1 claim2.1 done2 done2", "lead1 end claim1.1",
            "lead1 gen1 end lead2 claim1.1", "lead1 end hold1",
        ] {
            #expect(folded(words) == nil, "\(words)")
        }
    }

    @Test func `a job that has ended begins again with the next attempt`() throws {
        let ended = "lead1 gen1 hold7 hold8 free1.1 end lead2"
        #expect(folded(ended)?.result == .finished)
        let again = try #require(folded("\(ended) let7 gen2 free2.2"))
        #expect(again.result == nil && again.region(0).claim?.epoch == 2)
        #expect(again.quarantined.map(\.hash.low) == [8])
        #expect(folded("\(ended) gen2 free2.2 end")?.result == .finished)
        let snapshot = try LogSnapshot.decoded(LogSnapshot.encoded(again), slot: again.slot)
        #expect(snapshot == again)
    }

    @Test func `a claim that needs no commit is its own end`() {
        #expect(folded("lead1 gen1 free1.1 free2.1 end lead2 noop")?.region(0).isDone == true)
    }

    @Test func `a snapshot says what its slots said`() throws {
        var full = try #require(folded("lead1 gen1 claim1.1 done1 claim2.1"))
        full.quarantined = [.init(node: "a", hash: Sample.hash, origin: "o", reason: "r")]
        full.savepoints = [.init(name: "s", manifests: ["m"])]
        for state in [full, LogState()] {
            let bytes = LogSnapshot.encoded(state)
            #expect(try LogSnapshot.decoded(bytes, slot: state.slot) == state)
            fuzz(bytes, of: state) { try LogSnapshot.decoded($0, slot: state.slot) }
        }
        #expect(
            hex(LogSnapshot.encoded(LogState()))
                == "4d524c5301000000 0000000000000000 3e0000006a7ba665 0000000000000000 "
                + "0000000000000000 0000000000000000 0000000000000000 0000000000000000 "
                + "0000000000000000 0000000000000000 000000000000")
    }
}
