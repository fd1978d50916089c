// SPDX-License-Identifier: Apache-2.0

/// All chance of a simulation: SplitMix64 from one seed.
struct Chance {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 }

    mutating func word() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }

    /// A number from 0 up to, and without, `sides`.
    mutating func below(_ sides: Int) -> Int {
        Int(truncatingIfNeeded: ((word() >> 32) &* UInt64(sides)) >> 32)
    }

    mutating func hits(perThousand: Int) -> Bool {
        perThousand > 0 && below(1_000) < perThousand
    }
}
