// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceDelivery
import Testing

/// SplitMix64: the seed of a failing round repeats it.
struct Dice {
    var state: UInt64

    mutating func word() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }

    mutating func roll(_ sides: Int) -> Int { Int(word() % UInt64(sides)) }

    mutating func nonce() -> Nonce { Nonce(low: word(), high: word()) }
}

/// Damages `bytes` in every way that a disk or a bug might, and decodes what is left: each time a
/// failure has to come of it, and never the value of before under another name.
func fuzz<Value: Equatable>(
    _ bytes: [UInt8], of value: Value, rounds: Int = 2_000,
    decode: ([UInt8]) throws -> Value
) {
    var dice = Dice(state: 7)
    for length in 0..<bytes.count {
        #expect(throws: Failure.self) { try decode(Array(bytes[..<length])) }
    }
    #expect(throws: Failure.self) { try decode(bytes + [0]) }
    for bit in 0..<bytes.count * 8 {
        var damaged = bytes
        damaged[bit / 8] ^= 1 << UInt8(bit % 8)
        #expect(throws: Failure.self, "bit \(bit)") { try decode(damaged) }
    }
    for round in 0..<rounds {
        var damaged = (0..<dice.roll(200)).map { _ in UInt8(dice.roll(256)) }
        if round % 2 == 0 { damaged = Array(bytes.prefix(dice.roll(bytes.count))) + damaged }
        guard damaged != bytes else { continue }
        #expect(throws: Failure.self, "round \(round)") { try decode(damaged) }
    }
}

/// Bytes in hexadecimal, eight to a group.
func hex(_ bytes: some Sequence<UInt8>) -> String {
    var text = ""
    for (at, byte) in bytes.enumerated() {
        if at > 0, at % 8 == 0 { text += " " }
        text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
    return text
}
