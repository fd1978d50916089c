// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import Testing

struct ContentHashTests {
    /// The bytes that the reference implementation's own check hashes.
    private static let sample: [UInt8] = {
        var state: UInt64 = 2_654_435_761
        return (0..<2_400).map { _ in
            defer { state = state &* 11_400_714_785_074_694_797 }
            return UInt8(truncatingIfNeeded: state >> 56)
        }
    }()

    /// From the reference implementation: length, low and high half.
    private static let vectors: [(Int, UInt64, UInt64)] = [
        (0, 0x6001_C324_468D_497F, 0x99AA_06D3_0147_98D8),
        (1, 0xC44B_DFF4_074E_ECDB, 0xA6CD_5E93_9200_0F6A),
        (6, 0x3E70_39BD_DA43_CFC6, 0x082A_FE0B_8162_D12A),
        (12, 0x061A_1927_13F6_9AD9, 0x6E3E_FD8F_C780_2B18),
        (24, 0x1E70_44D2_8B1B_901D, 0x0CE9_66E4_678D_3761),
        (48, 0xF942_219A_ED80_F67B, 0xA002_AC4E_5478_227E),
        (81, 0x5E8B_AFB9_F95F_B803, 0x4952_F581_81AB_0042),
        (222, 0xF1AE_BD59_7CEC_6B3A, 0x337E_0964_1B94_8717),
        (403, 0xCDEB_804D_65C6_DEA4, 0x1B6D_E21E_332D_D73D),
        (512, 0x617E_4959_9013_CB6B, 0x18D2_D110_DCC9_BCA1),
        (2_048, 0xDD59_E2C3_A5F0_38E0, 0xF736_557F_D470_73A5),
        (2_367, 0xCB37_AEB9_E5D3_61ED, 0xE89C_0F6F_F369_B427),
    ]

    @Test func `hashes are those of the reference implementation`() {
        for (length, low, high) in Self.vectors {
            let hash = ContentHash(of: Self.sample[..<length])
            #expect(hash == ContentHash(low: low, high: high), "\(length) bytes")
        }
    }

    @Test func `content in parts has the hash of the whole`() {
        // Every length, in parts of all sizes, around the borders of stripes and blocks.
        var dice = Dice(state: 3)
        for length in 0...2_400 {
            var hasher = ContentHasher()
            var at = 0
            while at < length {
                let part = min(1 + dice.roll(300), length - at)
                hasher.add(Array(Self.sample[at..<at + part]))
                at += part
            }
            #expect(hasher.finish() == ContentHash(of: Self.sample[..<length]), "\(length) bytes")
        }
    }

    @Test func `the checksum is Castagnoli's, in one piece or in two`() {
        let digits = Array("123456789".utf8)
        #expect(CRC32C.of(digits) == 0xE306_9283)
        #expect(CRC32C.of([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(CRC32C.of(Array(0..<32)) == 0x46DD_794E)
        for cut in 0...9 {
            #expect(CRC32C.of(digits[cut...], after: CRC32C.of(digits[..<cut])) == 0xE306_9283)
        }
    }
}
