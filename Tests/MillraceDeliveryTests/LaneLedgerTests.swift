// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceDelivery
import Testing

struct LaneLedgerTests {
    private static let lanes = [0, 1].map { LaneID(edge: "a>b", producer: 0, consumer: $0) }

    /// The ledger of what was sent and received on two lanes; nil: not counted.
    private func failure(sent: [UInt64?], received: [UInt64?], twice: Bool = false) -> Failure? {
        var ledger = LaneLedger()
        func counts(_ values: [UInt64?]) -> [LaneCount] {
            zip(Self.lanes, values).compactMap { lane, value in
                value.map { LaneCount(lane: lane, records: $0) }
            }
        }
        let from = TaskID(node: "a", instance: 0)
        let to = TaskID(node: "b", instance: 0)
        for _ in 0..<(twice ? 2 : 1) {
            ledger.enter(TaskAck(task: from, pieces: [], sent: counts(sent)))
        }
        ledger.enter(TaskAck(task: to, pieces: [], received: counts(received)))
        return ledger.imbalance(lanes: Self.lanes)
    }

    @Test func `books balance when both ends of every lane count the same`() {
        #expect(failure(sent: [3, 0], received: [3, 0]) == nil)
    }

    @Test func `a record that is gone, one that is there twice and a missing end are found`() {
        #expect(failure(sent: [3, 1], received: [3, 0])?.kind == .bug)
        #expect(failure(sent: [3, 1], received: [4, 1]) != nil)
        #expect(failure(sent: [3, nil], received: [3, nil]) != nil)
        #expect(failure(sent: [3, 1], received: [3, nil]) != nil)
        #expect(failure(sent: [3, 1], received: [3, 1], twice: true) != nil)
    }
}
