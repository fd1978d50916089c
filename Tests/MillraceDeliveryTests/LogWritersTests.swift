// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import Testing

@testable import MillraceDelivery

/// Two coordinators over one store that answers late, twice, or not at all. What one of them has
/// concluded stays true for every later reader:
///     mine        the record is in the log
///     abandoned   it is not, and never will be
///     L5          nothing of the older coordinator stands behind the younger one's LEAD
private struct LogWriters {
    struct Request {
        var writer: Int
        var slot: UInt64
        var nonce: Nonce
        var bytes: [UInt8]
    }

    private var dice: Dice
    private var now: Int64 = 0
    private var slots: [UInt64: [UInt8]] = [:]
    private var snapshots: [UInt64: [UInt8]] = [:]
    private var requests: [Request] = []
    private var logs: [DecisionLog] = []
    private var looks: [Int] = []
    private var history: [UInt64: DecisionRecord] = [:]
    private var wrong: String?
    private var abandoned: Set<Nonce> = []
    private var lastSent: [Nonce?] = [nil, nil]

    init(seed: UInt64) { dice = Dice(state: seed) }

    /// What is not true any more; nil if all is.
    mutating func run(steps: Int, rules: ProtocolRules = ProtocolRules()) -> String? {
        for _ in 0..<steps where wrong == nil {
            if logs.count < 2, dice.roll(logs.isEmpty ? 1 : 40) == 0 { start(rules) }
            step()
        }
        return wrong
    }

    private mutating func start(_ rules: ProtocolRules) {
        var options = DecisionLog.Options()
        options.slotsPerSnapshot = 2
        options.backoffNanosecondsMin = 1
        options.backoffNanosecondsMax = 4
        logs.append(DecisionLog(options: options, rules: rules))
        let files = { (files: [UInt64: [UInt8]]) in
            files.map { DecisionLog.StoredFile(number: $0.key, bytes: $0.value) }
        }
        send(logs.count - 1, .read(snapshots: files(snapshots), slots: files(slots)))
        send(logs.count - 1, .append(wish(.lead(.init(owner: "", build: "")))))
    }

    private mutating func wish(_ body: DecisionRecord.Body) -> DecisionLog.Wish {
        .init(body, nonce: dice.nonce(), wallNanoseconds: 0)
    }

    private mutating func step() {
        now += 1
        let writer = dice.roll(logs.count)
        switch dice.roll(8) {
        case 0: send(writer, .append(wish(.noop)))
        case 1:
            guard let nonce = lastSent[writer], dice.roll(4) == 0 else { return }
            send(writer, .abandon(nonce, noop: wish(.noop)))
        case 2...3: send(writer, .tick)
        case 4:
            guard let at = looks.indices.randomPlace(&dice) else { return }
            let asker = looks.remove(at: at)
            send(asker, .snapshotsSeen(newest: snapshots.keys.max()))
        default: answer()
        }
    }

    /// A request reaches the store, or a copy of it, or none; its answer its writer, or not.
    private mutating func answer() {
        guard let at = requests.indices.randomPlace(&dice) else { return }
        let request = requests[at]
        if dice.roll(4) > 0 { requests.remove(at: at) }
        if dice.roll(5) == 0 {
            return send(request.writer, .unknown(slot: request.slot, nonce: request.nonce))
        }
        let found = slots[request.slot]
        slots[request.slot] = found ?? request.bytes
        created(request)
        if dice.roll(4) == 0 { return }
        if let found {
            send(request.writer, .exists(slot: request.slot, bytes: found))
        } else {
            send(request.writer, .created(slot: request.slot, nonce: request.nonce))
        }
    }

    private mutating func send(_ writer: Int, _ event: DecisionLog.Event) {
        for action in logs[writer].handle(event, now: now) {
            switch action {
            case .create(let slot, let nonce, let bytes):
                lastSent[writer] = nonce
                requests.append(
                    Request(writer: writer, slot: slot, nonce: nonce, bytes: bytes))
            case .lookForSnapshots: looks.append(writer)
            case .appended(let appended): concluded(mine: appended.record)
            case .abandoned(let nonce): concluded(abandoned: nonce)
            case .writeSnapshot(let slot, let bytes):
                snapshots[slot] = bytes
                send(writer, .snapshotWritten(slot: slot))
            case .delete(let through):
                for slot in slots.keys where slot <= through { slots[slot] = nil }
                for slot in snapshots.keys where slot < through { snapshots[slot] = nil }
            case .epoch, .stepDown, .stop: break
            }
        }
    }

    /// A slot came to be for the first time. One that is deleted and comes again is no part of the
    /// log: a snapshot says what it held.
    private mutating func created(_ request: Request) {
        guard history[request.slot] == nil,
            let record = try? DecisionRecord(request.bytes, slot: request.slot)
        else { return }
        if record.turn < history[request.slot - 1]?.turn ?? 0 { wrong = "behind a takeover" }
        history[request.slot] = record
        if abandoned.contains(record.nonce) { wrong = "abandoned, and in the log" }
    }

    private mutating func concluded(mine record: DecisionRecord) {
        if history[record.slot] != record { wrong = "mine, and not in the log" }
    }

    private mutating func concluded(abandoned nonce: Nonce) {
        abandoned.insert(nonce)
        let isThere = history.values.contains { $0.nonce == nonce }
        if isThere { wrong = "abandoned, and in the log" }
    }
}

extension Range<Int> {
    /// One of them by chance; nil where there is none.
    fileprivate func randomPlace(_ dice: inout Dice) -> Int? {
        isEmpty ? nil : lowerBound + dice.roll(count)
    }
}

struct LogWritersTests {
    @Test func `what a writer has concluded stays true`() {
        for seed in 0..<300 {
            var writers = LogWriters(seed: UInt64(seed))
            let wrong = writers.run(steps: 200)
            #expect(wrong == nil, "seed \(seed)")
        }
    }

    @Test(arguments: [ProtocolRules.Rule.nonceTellsMine, .snapshotAfterCreate])
    func `canary: without the rule a writer believes what is not so`(
        _ rule: ProtocolRules.Rule
    ) {
        let isNoticed = (0..<3_000).contains { seed in
            var writers = LogWriters(seed: UInt64(seed))
            return writers.run(steps: 200, rules: ProtocolRules(breaking: rule)) != nil
        }
        #expect(isNoticed)
    }
}
