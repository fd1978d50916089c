// SPDX-License-Identifier: Apache-2.0
import MillraceSDK

/// Totals per key, given out at the end of the input.
final class Count: Transform, Stateful {
    static let info = OperatorInfo(
        "count", version: "1.0.0", title: "Count",
        """
        Counts records per key. At the end of its input it emits one JSON object for each key, \
        such as `{"key": "the", "count": 4}`, by key bytes ascending, each with that key. Records \
        without a key are counted together, under `null`. A record that takes an earlier one \
        back counts down.
        """,
        example: "{ use: count, from: words }",
        traits: [.deterministic, .resumable],
        inputs: [Port("in", schema: "any", "Records to count by their keys.")],
        outputs: [Port("out", schema: "json", "One object per key, at the end of the input.")])

    static let stateVersion = 1

    // Unchecked: the host's calls of one instance never overlap, and a check costs as much as
    // counting a record.
    @exclusivity(unchecked) private var totals = KeyTable()
    private let host: Host
    private let keys: Gauge
    private var schema: UInt32 = 0
    private var left = Emission()

    init(_ setup: borrowing Setup) throws {
        host = setup.host
        keys = setup.gauge("keys", unit: "keys", "Different keys seen so far.")
    }

    func start(_ facts: borrowing Start) throws { schema = facts.outputSchema(0) }

    func process(_ batch: borrowing Batch, _ out: borrowing Outputs) throws -> Flow {
        unsafe batch.withUnsafeBatch { unsafe totals.add($0) }
        keys.value = Int64(totals.count)
        return .ok
    }

    func stop(_ out: borrowing Outputs) throws -> Stop {
        left.begin { unsafe totals.sorted() }
        return left.emit { slot in
            slot.emit(slot.row.span, schema: schema, to: out[0])
        }
    }

    func save(epoch: UInt64, to writer: borrowing StateWriter) throws {
        try totals.save(to: writer, byGroup: true)
    }

    func restore(_ piece: StatePiece, from reader: borrowing StateReader) throws {
        try totals.restore(from: reader, by: host) { known, saved in known &+ saved }
    }
}
