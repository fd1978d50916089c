// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import Testing

@testable import MillraceDelivery

/// Letters on their way back, as a file.
struct ReplayFileTests {
    private func record(_ key: [UInt8]?, _ value: [UInt8], _ time: Int64?) -> ReplayFile.Record {
        ReplayFile.Record(
            key: key, value: value, time: time,
            place: .init(file: "1-2-0-a.ndjson", line: ContentHash(of: value)))
    }

    private var sample: ReplayFile {
        ReplayFile(
            node: "parse", input: nil,
            records: [
                record(nil, Array("one".utf8), nil), record([], [], 0),
                record([0xFF, 0], Array(repeating: 7, count: 70_000), -5),
            ])
    }

    @Test func `it reads back the same`() throws {
        var file = sample
        #expect(try ReplayFile(file.bytes) == file)
        file.input = "left"
        #expect(try ReplayFile(file.bytes) == file)
        #expect(UInt64(file.bytes.count) == file.end + 4)
        #expect(file.payloadBytesMax == 70_002)
    }

    @Test func `a position says what is left`() throws {
        let file = sample
        let second = file.first + 20 + 3 + 2 + 14 + 16
        #expect([0, file.first, second, file.end].map(file.left) == [3, 3, 2, 0])
    }

    @Test func `a changed or shortened file is refused`() throws {
        let bytes = sample.bytes
        for at in [0, 4, 12, 20, 40, bytes.count - 1] {
            var wrong = bytes
            wrong[at] ^= 1
            #expect(throws: Failure.self, "byte \(at)") { try ReplayFile(wrong) }
        }
        for count in [0, 3, 4, 16, bytes.count - 1] {
            #expect(throws: Failure.self, "\(count) bytes") {
                try ReplayFile(Array(bytes[..<count]))
            }
        }
    }

    @Test func `no user can call a node as its source is called`() {
        #expect(sample.source("5f3a0c12") == "parse.replay-5f3a0c12")
        #expect(ReplayFile.isSource("parse.replay-5f3a0c12") && !ReplayFile.isSource("replay"))
    }
}
