// SPDX-License-Identifier: Apache-2.0
import CMillraceShims
import MillraceCore
import MillraceSystem
import Testing

struct DigestTests {
    private func hex(_ text: String) -> String { Digest.hex(Digest.sha256(Array(text.utf8))) }

    @Test func `the vectors of the standard hold`() {
        #expect(
            hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")
                == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
        #expect(
            hex(String(repeating: "a", count: 1_000_000))
                == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test func `the processor's instructions give what plain C gives`() {
        // Every length around the borders of one, two and three blocks.
        for count in 0..<200 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 151 &+ count) }
            var plain = [UInt8](repeating: 0, count: 32)
            mrshim_sha256_portable(bytes, bytes.count, &plain)
            #expect(Digest.sha256(bytes) == plain, "\(count) bytes")
        }
    }

    @Test func `checksums are those of plain C and of the core, in one piece or several`() {
        for count in 0..<100 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 151 &+ count) }
            let wanted = CRC32C.of(bytes)
            #expect(mrshim_crc32c_portable(0, bytes, bytes.count) == wanted, "\(count) bytes")
            let (first, second) = (bytes[..<(count / 3)], bytes[(count / 3)...])
            let sum = unsafe Array(first).withUnsafeBytes { unsafe Checksum.crc32c($0) }
            let all = unsafe Array(second).withUnsafeBytes {
                unsafe Checksum.crc32c($0, after: sum)
            }
            #expect(all == wanted, "\(count) bytes")
        }
    }
}
