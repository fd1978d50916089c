// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import Testing

@testable import MillraceDelivery

/// Plays a story to a log and writes down what it does. Answers name the record that was last sent.
private struct LogStory {
    var log: DecisionLog
    var now: Int64 = 0
    private var last: (slot: UInt64, nonce: Nonce, bytes: [UInt8]) = (0, Sample.nonce, [])
    private var wishes: UInt64 = 0

    init(_ words: String, reserved: UInt64 = 100, slotsPerSnapshot: UInt64 = 1_000) {
        var options = DecisionLog.Options()
        options.epochsReserved = reserved
        options.slotsPerSnapshot = slotsPerSnapshot
        log = DecisionLog(options: options)
        let slots = records(words).map { record in
            // Sound by construction: samples are small.
            DecisionLog.StoredFile(number: record.slot, bytes: (try? record.encoded()) ?? [])
        }
        _ = log.handle(.read(snapshots: [], slots: slots), now: 0)
    }

    mutating func play(_ words: String) -> String {
        words.split(separator: " ").map { word in
            let actions = step(String(word))
            return actions.isEmpty ? "-" : actions.map(name).joined(separator: "+")
        }.joined(separator: " ")
    }

    mutating func wish(_ body: DecisionRecord.Body) -> DecisionLog.Wish {
        wishes += 1
        return .init(body, nonce: Nonce(low: wishes, high: 1), wallNanoseconds: 0)
    }

    private mutating func step(_ word: String) -> [DecisionLog.Action] {
        let actions: [DecisionLog.Action]
        switch word {
        case "lead": actions = send(.append(wish(.lead(.init(owner: "", build: "")))))
        case "gen": actions = send(.append(wish(.generation(Sample.generation(9)))))
        case "noop": actions = send(.append(wish(.noop)))
        case "epoch": actions = send(.takeEpoch(0, orAppend: wish(.noop)))
        case "created": actions = send(.created(slot: last.slot, nonce: last.nonce))
        case "mine": actions = send(.exists(slot: last.slot, bytes: last.bytes))
        case "unknown": actions = send(.unknown(slot: last.slot, nonce: last.nonce))
        case "none": actions = send(.snapshotsSeen(newest: nil))
        case "covered": actions = send(.snapshotsSeen(newest: last.slot))
        case "stands": actions = send(.snapshotWritten(slot: log.log.slot))
        case "100ms":
            now += 100_000_000
            actions = send(.tick)
        case "abandon":
            actions = send(.abandon(last.nonce, noop: wish(.noop)))
        case "ok":
            actions = step("created") + step("none")
        default:
            // `theirs:noop`: the slot holds a record of the words behind the colon.
            let theirs = records("lead1 " + word.drop { $0 != ":" }.dropFirst())
            var record = theirs[theirs.count - 1]
            record.slot = last.slot
            record.nonce = Nonce(low: 0, high: 7)
            record.epochsUpTo = 1_000
            actions = send(.exists(slot: last.slot, bytes: (try? record.encoded()) ?? []))
        }
        return actions
    }

    private mutating func send(_ event: DecisionLog.Event) -> [DecisionLog.Action] {
        let actions = log.handle(event, now: now)
        for case .create(let slot, let nonce, let bytes) in actions { last = (slot, nonce, bytes) }
        return actions
    }

    private func name(_ action: DecisionLog.Action) -> String {
        switch action {
        case .create(let slot, _, _): "create\(slot)"
        case .lookForSnapshots: "look"
        case .appended: "mine"
        case .abandoned: "abandoned"
        case .epoch(let region, let epoch): "epoch\(epoch)of\(region)"
        case .writeSnapshot(let slot, _): "snapshot\(slot)"
        case .delete(let slot): "delete\(slot)"
        case .stepDown: "exit"
        case .stop: "stop"
        }
    }
}

struct DecisionLogTests {
    @Test func `a record is ours once the slot holds it and no snapshot covers it`() {
        var story = LogStory("")
        #expect(story.play("lead created none") == "create1 look mine")
        #expect(story.log.leads)
        #expect(story.play("gen created covered noop") == "create2 look exit -")
    }

    @Test func `after an unknown answer the same bytes go to the same slot`() {
        var story = LogStory("lead1")
        #expect(story.play("lead unknown 100ms mine none") == "create2 - create2 look mine")
        #expect(
            story.play("gen unknown 100ms unknown 100ms 100ms") == "create3 - create3 - - create3")
    }

    @Test func `a slot that another took is read, and one goes on behind it`() {
        // Before our own LEAD a foreign one is only read: ours will have a higher turn.
        var story = LogStory("lead1")
        #expect(story.play("lead theirs:noop ok") == "create2 create3 look+mine")
        var second = LogStory("lead1")
        #expect(second.play("lead theirs:lead2 ok") == "create2 create3 look+mine")
        #expect(second.log.log.turn == 3)
    }

    @Test func `behind a foreign lead this process ends`() {
        var story = LogStory("lead1")
        #expect(story.play("lead ok gen theirs:lead3 noop") == "create2 look+mine create3 exit -")
    }

    @Test func `an abandoned record counts if it got there first`() {
        var gone = LogStory("lead1")
        #expect(gone.play("lead ok gen unknown abandon") == "create2 look+mine create3 - create3")
        #expect(gone.play("created none") == "look abandoned")
        var there = LogStory("lead1")
        _ = there.play("lead ok gen")
        let sent = there.log
        guard case .creating(let pending) = sent.state else { return #expect(Bool(false)) }
        #expect(there.play("unknown abandon") == "- create3")
        // The slot holds the first of the two.
        let exists = DecisionLog.Event.exists(slot: 3, bytes: pending.bytes)
        #expect(there.log.handle(exists, now: 0) == [.lookForSnapshots])
        #expect(there.play("none") == "mine")
    }

    @Test func `an answer to the abandoned request is not taken for one to the new one`() {
        var story = LogStory("lead1")
        _ = story.play("lead ok gen")
        guard case .creating(let first) = story.log.state else { return #expect(Bool(false)) }
        _ = story.play("abandon")
        let late = DecisionLog.Event.created(slot: 3, nonce: first.record.nonce)
        #expect(story.log.handle(late, now: 0) == [.lookForSnapshots])
        #expect(story.play("none") == "mine")
    }

    @Test func `numbers are given out up to what is reserved, then a record sets more aside`() {
        var story = LogStory("", reserved: 2)
        #expect(story.play("lead ok epoch epoch") == "create1 look+mine epoch1of0 epoch2of0")
        #expect(story.play("epoch ok epoch") == "create2 look+mine+epoch3of0 epoch4of0")
    }

    @Test func `whoever waits for a number gets one, also when a record sets aside only one`() {
        var story = LogStory("", reserved: 1)
        #expect(story.play("lead ok epoch epoch epoch") == "create1 look+mine epoch1of0 create2 -")
        #expect(story.play("ok ok") == "look+mine+epoch2of0+create3 look+mine+epoch3of0")
    }

    @Test func `a new coordinator begins behind all numbers of the old one`() {
        var story = LogStory("lead1 noop")
        #expect(story.play("lead ok epoch") == "create3 look+mine epoch101of0")
    }

    @Test func `slots are deleted when two snapshots stand, up to the older one`() {
        var story = LogStory("", slotsPerSnapshot: 2)
        #expect(story.play("lead ok noop ok") == "create1 look+mine create2 look+mine+snapshot2")
        #expect(
            story.play("stands noop ok noop ok")
                == "- create3 look+mine create4 look+mine+snapshot4")
        #expect(story.play("stands") == "delete2")
    }

    @Test func `a gap in the log and a damaged record stop the reader`() throws {
        let files = try records("lead1 gen1 noop").map {
            DecisionLog.StoredFile(number: $0.slot, bytes: try $0.encoded())
        }
        let replay = { (files: [DecisionLog.StoredFile]) in
            try DecisionLog.replay(snapshots: [], slots: files).0.slot
        }
        #expect(try replay(files) == 3)
        #expect(try replay(Array(files.prefix(2))) == 2)
        #expect(throws: Failure.self) { try replay([files[0], files[2]]) }
        var damaged = files
        damaged[1].bytes[70] ^= 1
        #expect(throws: Failure.self) { try replay(damaged) }
    }

    @Test func `a damaged snapshot is replaced by the older one and the slots behind it`() throws {
        let all = try records("lead1 gen1 noop noop").map {
            DecisionLog.StoredFile(number: $0.slot, bytes: try $0.encoded())
        }
        let older = try #require(folded("lead1 gen1"))
        let newer = try #require(folded("lead1 gen1 noop"))
        var snapshots = [older, newer].map {
            DecisionLog.StoredFile(number: $0.slot, bytes: LogSnapshot.encoded($0))
        }
        let slots = Array(all[2...])
        #expect(
            try DecisionLog.replay(snapshots: snapshots, slots: slots) == (
                #require(folded("lead1 gen1 noop noop")), 3
            ))
        snapshots[1].bytes[30] ^= 1
        #expect(try DecisionLog.replay(snapshots: snapshots, slots: slots).0.slot == 4)
        snapshots[0].bytes[30] ^= 1
        #expect(throws: Failure.self) {
            try DecisionLog.replay(snapshots: snapshots, slots: slots)
        }
    }
}
