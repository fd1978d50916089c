// SPDX-License-Identifier: Apache-2.0
// The books of one epoch: on every lane, the records sent before its barrier are those received
// before it. Both ends count for themselves; a difference is a record lost or repeated between
// two tasks of one attempt, and the epoch must not be claimed.
import MillraceCore

package struct LaneLedger: Sendable {
    private var sent: [LaneID: UInt64] = [:]
    private var received: [LaneID: UInt64] = [:]
    private var twice: LaneID?

    package init() {}

    /// Enters what one task counted.
    package mutating func enter(_ ack: TaskAck) {
        for count in ack.sent where sent.updateValue(count.records, forKey: count.lane) != nil {
            twice = count.lane
        }
        for count in ack.received
        where received.updateValue(count.records, forKey: count.lane) != nil {
            twice = count.lane
        }
    }

    /// What is wrong with the books, which should have an entry at both ends of each of `lanes`
    /// and no other; nil if nothing is.
    package func imbalance(lanes: [LaneID]) -> Failure? {
        if let twice { return Self.bug(twice, "was counted twice at one end") }
        for lane in lanes {
            guard let out = sent[lane], let arrived = received[lane] else {
                return Self.bug(lane, "was not counted at both ends")
            }
            guard out == arrived else {
                return Self.bug(lane, "took \(out) records and gave \(arrived)")
            }
        }
        guard sent.count == lanes.count, received.count == lanes.count else {
            let strange = Set(sent.keys).union(received.keys).subtracting(lanes).min()
            return strange.map { Self.bug($0, "is not part of the plan") }
        }
        return nil
    }

    private static func bug(_ lane: LaneID, _ text: String) -> Failure {
        Failure(
            .invariantBroken, kind: .bug,
            "lane \(lane.edge) \(lane.producer)→\(lane.consumer) \(text) before the barrier")
    }
}
