// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import Testing

@testable import MillraceDelivery

struct DecisionRecordTests {
    /// The bytes behind the head, for each kind in the order of the kinds.
    private static let bodies = [
        "0600686f73742031 0300302e31",
        "0700000000000000 0200000000010203 0405060708090a0b 0c0d0e0f03000000 "
            + "0000000001000000 0100000002000000 0100610100620100 0000010062280000 0000000000",
        "0100000029000000 0000000007000000 0000000001000000 0000000014006d61 "
            + "6e6966657374732f 312d34312d372e6d 726d101112131415 161718191a1b1c1d 1e1f01",
        "0100000029000000 00000000",
        "0100611011121314 15161718191a1b1c 1d1e1f0400696e23 3007005349475345 4756",
        "06006265666f7265 0100000014006d61 6e6966657374732f 312d34312d372e6d 726d", "01", "",
    ]

    @Test func `each kind has the bytes that its layout says`() throws {
        for (body, wanted) in zip(Sample.bodies, Self.bodies) {
            let bytes = try Sample.record(body).encoded()
            #expect(hex(bytes[64...]) == wanted, "kind \(body.kind)")
        }
        let noop = try Sample.record(.noop).encoded()
        #expect(
            hex(noop) == "4d524c4701000800 0900000000000000 0001020304050607 08090a0b0c0d0e0f "
                + "0200000000000000 6400000000000000 ffffffffffffffff 00000000eb312bba")
    }

    @Test func `what was written is read again`() throws {
        for body in Sample.bodies {
            let record = Sample.record(body)
            #expect(try DecisionRecord(try record.encoded(), slot: 9) == record)
        }
    }

    @Test func `damage of any kind is a failure`() throws {
        for body in Sample.bodies {
            let record = Sample.record(body)
            fuzz(try record.encoded(), of: record, rounds: 200) {
                try DecisionRecord($0, slot: 9)
            }
        }
    }

    @Test func `a record in another slot than its own is refused`() throws {
        let bytes = try Sample.record(.noop, slot: 9).encoded()
        #expect(throws: Failure.self) { try DecisionRecord(bytes, slot: 10) }
    }

    @Test func `a newer version is told apart from damage`() throws {
        var bytes = try Sample.record(.noop).encoded()
        bytes[4] = 2
        let failure = #expect(throws: Failure.self) { try DecisionRecord(bytes, slot: 9) }
        #expect(failure?.code == .stateVersion)
    }

    @Test func `a body over the limit is refused before it is written`() {
        let names = Array(repeating: String(repeating: "m", count: 1_000), count: 70)
        let record = Sample.record(.savepoint(name: "big", manifests: names))
        #expect(throws: Failure.self) { try record.encoded() }
    }
}
