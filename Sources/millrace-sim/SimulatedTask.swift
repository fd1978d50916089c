// SPDX-License-Identifier: Apache-2.0
// Three kinds of tasks: sources that count up and replay by position, an operator that counts by
// key, two-phase sinks. Lanes are queues; a barrier goes to all outputs in one step and finds room
// in a full lane.
import MillraceCore
import MillraceDelivery

/// A lane, with the counts of both of its ends.
final class SimulatedLane {
    enum Item {
        case record(Record)
        case barrier(Epoch)
    }

    let id: LaneID
    private(set) var items: [Item] = []
    private(set) var sent = 0
    private(set) var received = 0
    private(set) var records = 0

    init(_ id: LaneID) { self.id = id }

    func send(_ record: Record) {
        items.append(.record(record))
        records += 1
        sent += 1
    }

    func send(barrier epoch: Epoch) { items.append(.barrier(epoch)) }

    func take() -> Item {
        let item = items.removeFirst()
        if case .record = item {
            records -= 1
            received += 1
        }
        return item
    }

    /// A fault of the host: a record is gone, or is there twice. False where there is none.
    func lie() -> Bool {
        for at in items.indices {
            guard case .record(let record) = items[at] else { continue }
            if record.sequence % 2 == 0 {
                items.remove(at: at)
                records -= 1
            } else {
                items.insert(.record(record), at: at)
                records += 1
            }
            return true
        }
        return false
    }
}

/// State of a task that is saved as it is, or not at all where nothing changed.
struct SavedPiece {
    var kind: Piece.Kind
    var keyGroup: UInt16?
    var bytes: [UInt8]
    /// Where it lies already, in an epoch that is complete.
    var reference: (file: FileEntry, offset: UInt64)?
}

/// What a task hands over when it freezes.
struct Image {
    var task: TaskID
    var pieces: [SavedPiece]
    var tokens: [Token]?
    var sent: [LaneCount]
    var received: [LaneCount]
    /// The complete epoch that its references are of.
    var base: Epoch
}

final class SimulatedTask {
    enum Kind { case source, count, sink }

    let id: TaskID
    let kind: Kind
    let executor: Int
    var inputs: [SimulatedLane] = []
    var outputs: [SimulatedLane] = []

    /// Epochs up to this one are over for the task: frozen, given up or aborted.
    private(set) var passed: Epoch = 0
    private(set) var aligning: Epoch?
    private var isBlocked: [Bool] = []

    /// A source: the next record. A trigger that it has not seen to yet.
    var position = 0
    var trigger: Epoch?
    /// The counts by key, and at which freeze each changed last.
    var counts: [Int: Int] = [:]
    private var changedAt: [Int: Int] = [:]
    private var freezes = 0
    private var freezeOf: [Epoch: Int] = [:]
    /// Where the pieces of the newest complete epoch lie, and which freeze that was.
    var complete: [Int: (file: FileEntry, offset: UInt64)] = [:]
    private var completeFreeze = 0
    var completeEpoch: Epoch = 0
    /// A sink: records since the last prepare, and tokens not complete yet.
    private(set) var open: [Record] = []
    private(set) var held: [Token] = []

    init(_ id: TaskID, _ kind: Kind, executor: Int) {
        self.id = id
        self.kind = kind
        self.executor = executor
    }

    func wire() { isBlocked = Array(repeating: false, count: inputs.count) }

    func isReadable(_ input: Int) -> Bool { !isBlocked[input] && !inputs[input].items.isEmpty }

    func add(_ record: Record) { open.append(record) }

    /// Counts a record by its key.
    func count(_ record: Record) -> Record {
        var counted = record
        counts[record.key, default: 0] += 1
        changedAt[record.key] = freezes + 1
        counted.count = counts[record.key] ?? 0
        return counted
    }

    enum Alignment { case waiting, aligned, superseded(Epoch) }

    /// A barrier was read from an input.
    func barrier(_ epoch: Epoch, at input: Int) -> Alignment {
        guard epoch > passed, epoch >= aligning ?? 0 else { return .waiting }
        let old = aligning
        if let old, epoch > old { giveUp(old) }
        aligning = epoch
        isBlocked[input] = true
        if isBlocked.allSatisfy({ $0 }) { return .aligned }
        return old.map { epoch > $0 ? .superseded($0) : .waiting } ?? .waiting
    }

    func giveUp(_ epoch: Epoch) {
        passed = max(passed, epoch)
        guard let aligning, aligning <= passed else { return }
        self.aligning = nil
        for input in isBlocked.indices { isBlocked[input] = false }
    }

    /// The barrier's one step; nil where the outside does not prepare.
    func freeze(
        _ epoch: Epoch, attempt: Attempt, rules: ProtocolRules, prepare: ([Record]) -> Bool
    ) -> Image? {
        if kind == .sink {
            guard prepare(open) else {
                giveUp(epoch)
                return nil
            }
            held.append(Token(task: id, attempt: attempt, epoch: epoch, blob: []))
            open = []
        }
        freezes += 1
        freezeOf[epoch] = freezes
        let received = inputs.map { LaneCount(lane: $0.id, records: UInt64($0.received)) }
        let sent = outputs.map { LaneCount(lane: $0.id, records: UInt64($0.sent)) }
        giveUp(epoch)
        for lane in outputs { lane.send(barrier: epoch) }
        return Image(
            task: id, pieces: pieces(rules), tokens: kind == .sink ? held : nil, sent: sent,
            received: received, base: completeEpoch)
    }

    private func pieces(_ rules: ProtocolRules) -> [SavedPiece] {
        switch kind {
        case .source: return [SavedPiece(kind: .position, bytes: position.piece)]
        case .sink: return []
        case .count:
            // An increment leaves out what a complete epoch has. A freeze alone is no proof.
            let clean = rules.keep(.incrementsAgainstComplete) ? completeFreeze : freezes - 1
            return counts.sorted { $0.key < $1.key }.map { key, count in
                var piece = SavedPiece(
                    kind: .state, keyGroup: UInt16(key), bytes: count.piece)
                if changedAt[key] ?? 0 <= clean { piece.reference = complete[key] }
                return piece
            }
        }
    }

    /// The epoch is done: its tokens are no longer held, its pieces are what increments build on.
    func completed(_ epoch: Epoch, pieces: [Int: (file: FileEntry, offset: UInt64)]) {
        held.removeAll { $0.epoch <= epoch }
        guard let freeze = freezeOf[epoch] else { return }
        complete = pieces
        completeEpoch = epoch
        completeFreeze = freeze
    }
}
