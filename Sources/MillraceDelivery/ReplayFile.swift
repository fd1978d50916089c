// SPDX-License-Identifier: Apache-2.0
// Dead letters on their way back into their job: `dlq/replay/<8 hexadecimal digits>`, one file for
// each node that they go to, little endian. Read by us and by the operator `dlq.source`.
//
//     "MRRP" · version u32, 1 · count u32 · where the first record lies u32
//     node text · input text, empty: the only one it has
//
//     records, each:  bytes that follow u32 · bytes of the key u32, 2^32 - 1: none · of the value
//                     u32 · event time i64, none: -2^63 · key · value
//                     file of the letter text · hash of its line 16 B
//
//     CRC-32C of everything before u32
//
// The file is created whole and never changed. While it is there, its letters are not open: they
// stand in their own files still, but whoever reads those leaves them out. So creating it is what
// sends them back, removing it before a run has begun with it takes that back, and a kill at any
// moment leaves one or the other.
//
// A run puts a source before the node for each file that it finds at its start (`Plan.replaying`).
// The position of that source is part of the checkpoint; once a claimed epoch has it at the end,
// the letters are removed from their own files, then this file. Its name is never used again as
// long as a checkpoint may know it.
import MillraceCore

package struct ReplayFile: Hashable, Sendable {
    package struct Record: Hashable, Sendable {
        /// nil: it has none.
        package var key: [UInt8]?
        package var value: [UInt8]
        /// Nanoseconds since 1970.
        package var time: Int64?
        /// The letter's own file, without its folder, and the hash of its line there.
        package var place: Place

        package init(key: [UInt8]?, value: [UInt8], time: Int64?, place: Place) {
            self.key = key
            self.value = value
            self.time = time
            self.place = place
        }

        /// What quarantine knows it by.
        package var hash: ContentHash { ContentHash(of: (key ?? []) + value) }
    }

    package struct Place: Hashable, Sendable {
        package var file: String
        package var line: ContentHash

        package init(file: String, line: ContentHash) {
            self.file = file
            self.line = line
        }
    }

    /// The node that they go to, and its input port; nil: the only one.
    package var node: String
    package var input: String?
    package var records: [Record]

    package init(node: String, input: String?, records: [Record]) {
        self.node = node
        self.input = input
        self.records = records
    }
}

extension ReplayFile {
    private static let magic: [UInt8] = Array("MRRP".utf8)
    private static let version: UInt32 = 1
    private static let headBytes = 16
    private static let noKey = UInt32.max

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: Int(end) + 4)
        writer.raw(Self.magic)
        writer.u32(Self.version)
        writer.count(records.count)
        writer.u32(UInt32(first))
        writer.text(node)
        writer.text(input ?? "")
        for record in records {
            writer.u32(UInt32(record.bytes - 4))
            writer.u32(record.key.map { UInt32($0.count) } ?? Self.noKey)
            writer.u32(UInt32(record.value.count))
            writer.i64(record.time ?? .min)
            writer.raw(record.key ?? [])
            writer.raw(record.value)
            writer.text(record.place.file)
            writer.hash(record.place.line)
        }
        writer.u32(CRC32C.of(writer.bytes[...]))
        return writer.bytes
    }

    /// Throws MR6004 for bytes that were not written by `bytes`.
    package init(_ bytes: [UInt8]) throws(Failure) {
        let end = max(0, bytes.count - 4)
        var sum = ByteReader(bytes[end...], of: "letters to be replayed", code: .stateDamaged)
        guard try sum.u32() == CRC32C.of(bytes[..<end]) else {
            throw sum.failure("the checksum is wrong")
        }
        var reader = ByteReader(
            bytes[..<end], of: "letters to be replayed", code: .stateDamaged)
        guard try reader.take(4).elementsEqual(Self.magic) else {
            throw reader.failure("does not begin with MRRP")
        }
        let version = try reader.u32()
        guard version == Self.version else {
            throw Failure(
                .stateVersion,
                "letters to be replayed: version \(version), this program reads 1",
                next: "use the release that wrote them, or a newer one")
        }
        let count = Int(try reader.u32())
        _ = try reader.u32()
        node = try reader.text()
        let input = try reader.text()
        self.input = input.isEmpty ? nil : input
        records = []
        for _ in 0..<count {
            _ = try reader.u32()
            let key = try reader.u32()
            let value = try reader.u32()
            let time = try reader.i64()
            records.append(
                Record(
                    key: key == Self.noKey ? nil : Array(try reader.take(Int(key))),
                    value: Array(try reader.take(Int(value))), time: time == .min ? nil : time,
                    place: Place(file: try reader.text(), line: try reader.hash())))
        }
        try reader.end()
    }

    /// Where the first record lies, and where the last one ends.
    package var first: UInt64 {
        UInt64(Self.headBytes + 4 + node.utf8.count + (input?.utf8.count ?? 0))
    }
    package var end: UInt64 { records.reduce(first) { $0 + UInt64($1.bytes) } }

    /// Records at and behind a position of the source.
    package func left(from position: UInt64) -> Int {
        records.count - given(before: position).count
    }

    /// Records before a position of the source.
    package func given(before position: UInt64) -> ArraySlice<Record> {
        var at = first
        return records.prefix { record in
            defer { at += UInt64(record.bytes) }
            return at < position
        }
    }

    /// Of the largest record, key and value.
    package var payloadBytesMax: Int {
        records.map { ($0.key?.count ?? 0) + $0.value.count }.max() ?? 0
    }
}

extension ReplayFile.Record {
    fileprivate var bytes: Int {
        20 + (key?.count ?? 0) + value.count + 2 + place.file.utf8.count + 16
    }
}

// MARK: - the source in the plan

extension ReplayFile {
    private static let mark = ".replay-"

    /// The node that gives the records of the file of this name; no user can call one so.
    package func source(_ name: String) -> String { "\(node)\(Self.mark)\(name)" }

    package static func isSource(_ node: String) -> Bool { node.contains(mark) }

    /// Whether a node gives the records of the file of this name.
    package static func isSource(_ node: String, of name: String) -> Bool {
        node.hasSuffix(mark + name)
    }

    /// Of one of these files. Whatever else lies in their folder is somebody else's.
    package static func isName(_ name: String) -> Bool {
        name.utf8.count == 8
            && name.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}
