// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import Testing

@testable import MillraceDelivery

struct SegmentFormatTests {
    private static let origin = SegmentFormat.Origin(
        job: "orders", attempt: 7, epoch: 41, executor: 2)
    private static let pieces = [
        Piece(
            task: TaskID(node: "count", instance: 1), kind: .state, keyGroup: 5, file: 0,
            offset: 0, length: 4, hash: ContentHash(of: [1, 2, 3, 4]))
    ]

    private func stream(_ bytes: [UInt8]) throws -> [UInt8] {
        try SegmentFormat.stream(of: bytes) { packed, size in
            packed.count == 1 ? Array(repeating: packed[packed.startIndex], count: size) : nil
        }
    }

    @Test func `a segment has the bytes that its layout says`() {
        let bytes = SegmentFormat.encoded(
            Self.origin, stream: [1, 2, 3, 4], pieces: Self.pieces, compress: { _ in nil })
        #expect(
            hex(bytes)
                == "4d52534701000000 9d9b78ccb97a04d3 5141028b275f7eb4 0700000000000000 "
                + "2900000000000000 0200000000000000 0000000000000000 0000000000000000 "
                + "0400000004000000 00000000f48c3029 0102030401000000 0500636f756e7401 "
                + "0000000101050001 0000000000000000 0000000000000004 0000000000000086 "
                + "5b95d9a053765367 357a599948a04954 000000000000003b 00000000000000f8 "
                + "ad79cef67ff96b7a d1446ce4e9ab6a00 000000000000006f 3932784753524d")
    }

    @Test func `streams of all lengths come back, packed or not`() throws {
        // The sample's codec packs a run of one byte into that byte.
        for length in [0, 1, 65_535, 65_536, 65_537, 200_000] {
            let random = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31 &>> 3) }
            let run = [UInt8](repeating: 9, count: length)
            for (stream, packs) in [(random, false), (run, true)] {
                let bytes = SegmentFormat.encoded(Self.origin, stream: stream, pieces: []) {
                    packs ? [$0[$0.startIndex]] : nil
                }
                #expect(try self.stream(bytes) == stream, "\(length) bytes")
            }
        }
    }

    @Test func `a segment tells what it is of, and which pieces lie in it`() throws {
        let bytes = SegmentFormat.encoded(
            Self.origin, stream: [1, 2, 3, 4], pieces: Self.pieces, compress: { _ in nil })
        let index = try SegmentFormat.index(of: bytes)
        #expect(index.attempt == 7 && index.epoch == 41 && index.executor == 2)
        #expect(index.pieces == Self.pieces)
        fuzz(bytes, of: Self.pieces) { try SegmentFormat.index(of: $0).pieces }
    }

    @Test func `damage of any kind is a failure`() {
        let stream: [UInt8] = [1, 2, 3, 4]
        let bytes = SegmentFormat.encoded(
            Self.origin, stream: stream, pieces: Self.pieces, compress: { _ in nil })
        fuzz(bytes, of: stream) { try self.stream($0) }
    }
}
