// SPDX-License-Identifier: Apache-2.0
import CMillraceRuntime
import Testing

/// XXH3-64 decides which task owns a key, so it may never change. The table was made with the
/// package `xxhash` of PyPI, version 4.1.0 (xxHash 0.8.4):
///
///     data = bytes((i * 131 + (i >> 8) * 7 + 17) & 255 for i in range(65536))
///     for n in lengths: print(n, hex(xxhash.xxh3_64_intdigest(data[:n])))
struct KeyHashTests {
    /// All the ways through the function, on both sides of each limit.
    static let vectors: [(length: Int, hash: UInt64)] = [
        (0, 0x2D06_8005_38D3_94C2),
        (1, 0xF319_FE2B_DFCD_FEBD),
        (2, 0x6C2C_A74C_A555_B69D),
        (3, 0xA107_BB65_B715_C89B),
        (4, 0x509F_0567_AA8A_3123),
        (5, 0x6E8B_B692_F318_05E8),
        (8, 0xB143_3DC3_9B7F_946E),
        (9, 0xFE25_4244_0B36_DDC7),
        (15, 0xED08_D99F_5F3A_0D83),
        (16, 0x7151_89FF_3DCD_CFF6),
        (17, 0x7D33_163B_8AF0_179C),
        (32, 0x909C_A0C7_65B1_753C),
        (63, 0xEED4_3E60_F328_F75C),
        (64, 0x0991_D97C_D58D_D82D),
        (65, 0x8E4F_57A1_07B1_76DB),
        (127, 0x7BC5_430C_C722_1484),
        (128, 0xEE84_7F7F_CEF4_DDBC),
        (129, 0x7E3E_7B75_0239_D4FC),
        (160, 0x0F2A_DB08_915E_A24E),
        (239, 0x1D79_1534_5124_5F8C),
        (240, 0x4408_9A14_4AAD_E02D),
        (241, 0xED93_572E_52AC_AC83),
        (255, 0xECED_E890_DD88_244B),
        (256, 0x5356_E487_4280_5B6A),
        (511, 0x005C_BF0A_FC9F_4DC5),
        (512, 0xD24B_CBD9_DFEF_EC5B),
        (513, 0x6A48_A97E_DA59_65DA),
        (1_023, 0x0473_80AA_6501_6BF5),
        (1_024, 0xF9BF_1EE0_35A0_40AC),
        (1_025, 0x70A4_4738_2D33_2CF9),
        (2_047, 0xF13A_22FF_D1CE_ACCC),
        (4_096, 0x8DE7_6FDD_779A_5067),
        (65_535, 0x9E40_611A_D614_FAA4),
    ]

    private let data: [UInt8] = (0..<65_536).map { (i: Int) -> UInt8 in
        let sum: Int = i * 131 + (i >> 8) * 7 + 17
        return UInt8(sum & 255)
    }

    @Test(arguments: vectors)
    func `the key hash is XXH3`(length: Int, hash: UInt64) {
        #expect(data.withUnsafeBytes { mrr_xxh3($0.baseAddress, UInt64(length)) } == hash)
    }

    @Test func `the hash of a key does not depend on where it lies`() {
        for (length, hash) in Self.vectors where length < 4_096 {
            for shift in 1..<16 {
                let moved = [UInt8](repeating: 0xEE, count: shift) + data.prefix(length)
                let found = moved.withUnsafeBytes {
                    mrr_host_hash($0.baseAddress.map { $0 + shift }, UInt64(length))
                }
                #expect(found == hash, "length \(length), shift \(shift)")
            }
        }
    }
}
