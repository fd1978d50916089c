// SPDX-License-Identifier: Apache-2.0
import MillraceSDK

/// The largest of what came in, given out at the end of the input.
final class Top: Transform, Stateful {
    static let info = OperatorInfo(
        "top", version: "1.0.0", title: "Top",
        """
        Emits the n largest at the end of its input, largest first; ties go by key, ascending. \
        Of JSON objects that have the number named by `by`, such as those of `count`, it ranks \
        the newest object of each key by that number and passes it on unchanged. Of any other \
        records it counts how often each key comes, or each value where there is no key, and \
        emits objects such as `{"key": "the", "count": 4}`. The first record decides which of \
        the two; if objects are ranked, a record that is none goes to the errors.
        """,
        example: "{ use: top, from: counts, with: { n: 10 } }",
        traits: [.deterministic, .resumable],
        parameters: [
            Parameter(
                "n", .int, default: "10", minimum: "1", maximum: "100000",
                "How many to emit."),
            Parameter(
                "by", .string, default: "count", minimum: "1", example: "amount",
                """
                The field of JSON objects to rank by: the name of a number at the top level. \
                Without meaning when records are counted.
                """),
        ],
        inputs: [Port("in", schema: "any", "JSON objects to rank, or records to count.")],
        outputs: [Port("out", schema: "json", "The n largest, at the end of the input.")],
        parallelismMax: 1)

    static let stateVersion = 1

    enum Mode: UInt64 { case undecided = 0, counting, ranking }

    /// The newest object of a key.
    struct Candidate {
        var rank: Rank
        var object: [UInt8]
        /// It was taken back.
        var isGone = false
    }

    let host: Host
    private let limit: Int
    let field: [UInt8]
    private var schema: UInt32 = 0
    var mode = Mode.undecided
    /// Totals when counting; positions in `candidates`, plus 1, when ranking.
    @exclusivity(unchecked) var keys = KeyTable()
    var candidates: [Candidate] = []
    private var left = Emission()

    init(_ setup: borrowing Setup) throws {
        host = setup.host
        limit = try setup.int("n")
        field = Array(try setup.string("by").utf8)
    }

    func start(_ facts: borrowing Start) throws { schema = facts.outputSchema(0) }

    func process(_ batch: borrowing Batch, _ out: borrowing Outputs) throws -> Flow {
        if mode == .undecided, batch.count > 0 {
            let rank = ObjectScanner.rank(of: field, in: batch[0].value)
            mode = rank == nil ? .counting : .ranking
        }
        for position in batch.indices {
            let record = batch[position]
            if mode == .counting {
                unsafe slot(of: record).pointee.total &+= record.isRetraction ? -1 : 1
            } else if !consider(record) {
                let name = String(decoding: field, as: UTF8.self)
                return .bad(
                    record: position, "not a JSON object with a number \"\(name)\" to rank it by")
            }
        }
        return .ok
    }

    func stop(_ out: borrowing Outputs) throws -> Stop {
        left.begin { unsafe mode == .ranking ? largestObjects() : largestTotals() }
        return left.emit { slot in
            let row = mode == .ranking ? candidates[Int(slot.total) - 1].object : slot.row
            return slot.emit(row.span, schema: schema, to: out[0])
        }
    }

    /// Takes the object of a record; false when it is none.
    private func consider(_ record: Record) -> Bool {
        guard let rank = ObjectScanner.rank(of: field, in: record.value) else { return false }
        let slot = unsafe slot(of: record)
        if unsafe slot.pointee.total == 0 {
            if record.isRetraction { return true }
            candidates.append(Candidate(rank: rank, object: []))
            unsafe slot.pointee.total = Int64(candidates.count)
        }
        let position = unsafe Int(slot.pointee.total) - 1
        let value = record.value
        if record.isRetraction {
            let same = candidates[position].object.elementsEqual(value.indices.map { value[$0] })
            if same { candidates[position].isGone = true }
            return true
        }
        candidates[position].rank = rank
        candidates[position].isGone = false
        candidates[position].object.removeAll(keepingCapacity: true)
        for index in value.indices { candidates[position].object.append(value[index]) }
        return true
    }

    /// By the key, or by the value where there is no key.
    private func slot(of record: Record) -> UnsafeMutablePointer<KeyTable.Slot> {
        let isKeyed = record.isKeyed
        let bytes = isKeyed ? record.key : record.value
        let hash = isKeyed ? record.keyHash : host.hash(bytes)
        let shape = UInt64(bytes.count) << 1 | (isKeyed ? 1 : 0)
        return unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe keys.slot(hash, bytes.baseAddress!, shape)
        }
    }

    private func largestTotals() -> [UnsafeMutablePointer<KeyTable.Slot>] {
        unsafe largest(keys.sorted()) { unsafe Rank($0.pointee.total) }
    }

    private func largestObjects() -> [UnsafeMutablePointer<KeyTable.Slot>] {
        let there = unsafe keys.sorted().filter {
            unsafe $0.pointee.total > 0 && !candidates[Int($0.pointee.total) - 1].isGone
        }
        return unsafe largest(there) { unsafe candidates[Int($0.pointee.total) - 1].rank }
    }

    private func largest(
        _ slots: [UnsafeMutablePointer<KeyTable.Slot>],
        by rank: (UnsafeMutablePointer<KeyTable.Slot>) -> Rank
    ) -> [UnsafeMutablePointer<KeyTable.Slot>] {
        let ranked = unsafe slots.map { unsafe (rank: rank($0), slot: $0) }.sorted { left, right in
            left.rank != right.rank
                ? left.rank > right.rank
                : unsafe KeyTable.precedes(left.slot.pointee, right.slot.pointee)
        }
        return unsafe ranked.prefix(limit).map { unsafe $0.slot }
    }
}
