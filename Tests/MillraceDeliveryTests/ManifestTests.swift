// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import Testing

@testable import MillraceDelivery

struct ManifestTests {
    @Test func `a manifest has the bytes that its layout says, and is read again`() throws {
        let bytes = ManifestCodec.encoded(Sample.manifest)
        #expect(try ManifestCodec.decoded(bytes) == Sample.manifest)
        #expect(
            hex(bytes.prefix(64))
                == "4d524d4601000000 0100000000040000 0001020304050607 08090a0b0c0d0e0f "
                + "0700000000000000 2900000000000000 0300000000000000 0200000000000000")
        #expect(bytes.count == 648)
        #expect(
            ContentHash(of: bytes) == ContentHash(low: 0x3935C4C98AE1164F, high: 0xF76B3F3375426749)
        )
        #expect(Sample.manifest.name == "manifests/1-41-7.mrm")
    }

    @Test func `damage of any kind is a failure`() {
        let manifest = Sample.manifest
        fuzz(ManifestCodec.encoded(manifest), of: manifest) { try ManifestCodec.decoded($0) }
    }

    @Test func `names that lead out of the folder and pieces outside their file are refused`() {
        func refused(_ change: (inout Manifest) -> Void) -> Bool {
            var manifest = Sample.manifest
            change(&manifest)
            return (try? ManifestCodec.decoded(ManifestCodec.encoded(manifest))) == nil
        }
        #expect(!refused { _ in })
        for name in ["/etc/passwd", "a/../../b", "..", "", "a//b", "./a"] {
            #expect(refused { $0.files[0].name = name }, "\(name)")
        }
        #expect(refused { $0.pieces[0].file = 1 })
        #expect(refused { $0.pieces[0].offset = .max })
        #expect(refused { $0.pieces[0].keyGroup = 1_024 })
    }

    @Test func `a section that is not known is skipped unless it must be understood`() throws {
        for (flags, isRead) in [(UInt32(0), true), (1, false)] {
            var writer = ByteWriter()
            let whole = ManifestCodec.encoded(Sample.manifest)
            let footer = try FileFooter.checked(
                whole, of: "manifest", magic: Array("FMRM".utf8))
            writer.raw(whole[..<footer.upperBound])
            writer.raw("NEWS".utf8)
            writer.u32(flags)
            writer.u64(2)
            writer.raw([1, 2])
            writer.footer(index: footer.lowerBound, magic: Array("FMRM".utf8))
            if isRead {
                #expect(try ManifestCodec.decoded(writer.bytes) == Sample.manifest)
            } else {
                let failure = #expect(throws: Failure.self) {
                    try ManifestCodec.decoded(writer.bytes)
                }
                #expect(failure?.code == .stateVersion)
            }
        }
    }
}
