// SPDX-License-Identifier: Apache-2.0
// The sections of a manifest; their layout is at the top of `ManifestCodec.swift`. An empty one is
// not written.
import MillraceCore

extension ByteWriter {
    mutating func sections(of manifest: Manifest) {
        section("PLUG", manifest.plugins) { $0.plugin($1) }
        section("NODE", manifest.nodes) {
            $0.text($1.id)
            $0.u32($1.parallelism)
        }
        section("FILE", manifest.files) {
            $0.text($1.name)
            $0.u64($1.length)
            $0.hash($1.hash)
        }
        section("PIEC", manifest.pieces) { $0.piece($1) }
        section("LANE", manifest.lanes) {
            $0.lane($1.lane)
            $0.u64($1.records)
            $0.u8($1.time?.status.rawValue ?? 0)
            $0.i64($1.time?.watermark ?? 0)
        }
        section("TOKN", manifest.tokens) {
            $0.task($1.task)
            $0.u64($1.attempt)
            $0.u64($1.epoch)
            $0.blob($1.blob)
            $0.hash(ContentHash(of: $1.blob))
        }
        if let digest = manifest.quarantineDigest {
            section("QUAR") { $0.hash(digest) }
        }
        section("JRNL", manifest.journals) {
            $0.text($1.node)
            $0.text($1.split)
            $0.u64($1.sequence)
        }
    }

    private mutating func section<Entry>(
        _ tag: StaticString, _ entries: [Entry], _ write: (inout ByteWriter, Entry) -> Void
    ) {
        guard !entries.isEmpty else { return }
        section(tag) { writer in
            writer.count(entries.count)
            for entry in entries { write(&writer, entry) }
        }
    }

    private mutating func section(_ tag: StaticString, _ write: (inout ByteWriter) -> Void) {
        raw("\(tag)".utf8)
        u32(1)
        let length = bytes.count
        u64(0)
        write(&self)
        replace(at: length, u32: UInt32(bytes.count - length - 8))
    }

    private mutating func plugin(_ plugin: Manifest.Plugin) {
        text(plugin.name)
        text(plugin.version)
        hash(plugin.hash)
        count(plugin.operators.count)
        for one in plugin.operators {
            text(one.name)
            u32(one.stateVersion)
        }
    }

    mutating func piece(_ piece: Piece) {
        task(piece.task)
        u8(piece.kind.rawValue)
        bool(piece.keyGroup != nil)
        u16(piece.keyGroup ?? 0)
        u32(piece.stateVersion)
        u32(piece.file)
        u64(piece.offset)
        u64(piece.length)
        hash(piece.hash)
    }

    private mutating func task(_ task: TaskID) {
        text(task.node)
        u32(task.instance)
    }

    private mutating func lane(_ lane: LaneID) {
        text(lane.edge)
        u32(lane.producer)
        u32(lane.consumer)
    }
}

extension ByteReader {
    /// Reads the section into the manifest; false where its tag is not known.
    mutating func readSection(_ tag: String, of manifest: inout Manifest) throws(Failure) -> Bool {
        switch tag {
        case "PLUG":
            for _ in 0..<(try count(bytesEach: 24)) { manifest.plugins.append(try plugin()) }
        case "NODE":
            for _ in 0..<(try count(bytesEach: 6)) {
                manifest.nodes.append(.init(id: try text(), parallelism: try u32()))
            }
        case "FILE":
            for _ in 0..<(try count(bytesEach: 26)) {
                manifest.files.append(
                    FileEntry(name: try text(), length: try u64(), hash: try hash()))
            }
        case "PIEC":
            for _ in 0..<(try count(bytesEach: 50)) { manifest.pieces.append(try piece()) }
        case "LANE":
            for _ in 0..<(try count(bytesEach: 27)) { manifest.lanes.append(try laneEntry()) }
        case "TOKN":
            for _ in 0..<(try count(bytesEach: 42)) { manifest.tokens.append(try token()) }
        case "QUAR": manifest.quarantineDigest = try hash()
        case "JRNL":
            for _ in 0..<(try count(bytesEach: 12)) {
                manifest.journals.append(
                    .init(node: try text(), split: try text(), sequence: try u64()))
            }
        default: return false
        }
        return true
    }

    private mutating func plugin() throws(Failure) -> Manifest.Plugin {
        var plugin = Manifest.Plugin(
            name: try text(), version: try text(), hash: try hash(), operators: [])
        for _ in 0..<(try count(bytesEach: 6)) {
            plugin.operators.append(.init(name: try text(), stateVersion: try u32()))
        }
        return plugin
    }

    mutating func piece() throws(Failure) -> Piece {
        let task = try self.task()
        let number = try u8()
        guard let kind = Piece.Kind(rawValue: number) else {
            throw failure("a piece is of kind \(number)")
        }
        let hasGroup = try bool()
        let group = try u16()
        guard hasGroup || group == 0, Int(group) < Limits.keyGroups else {
            throw failure("a piece is of key group \(group)")
        }
        return Piece(
            task: task, kind: kind, keyGroup: hasGroup ? group : nil, stateVersion: try u32(),
            file: try u32(), offset: try u64(), length: try u64(), hash: try hash())
    }

    private mutating func laneEntry() throws(Failure) -> Manifest.Lane {
        let lane = LaneID(edge: try text(), producer: try u32(), consumer: try u32())
        let records = try u64()
        let number = try u8()
        let watermark = try i64()
        let status = LaneTime.Status(rawValue: number)
        guard number == 0 || status != nil else { throw failure("a lane is of status \(number)") }
        let time = status.map { LaneTime(lane: lane, watermark: watermark, status: $0) }
        return Manifest.Lane(lane: lane, records: records, time: time)
    }

    private mutating func token() throws(Failure) -> Token {
        let token = Token(
            task: try task(), attempt: try u64(), epoch: try u64(), blob: try blob())
        guard try hash() == ContentHash(of: token.blob) else {
            throw failure("the hash of a token is wrong")
        }
        return token
    }

    private mutating func task() throws(Failure) -> TaskID {
        TaskID(node: try text(), instance: try u32())
    }
}
