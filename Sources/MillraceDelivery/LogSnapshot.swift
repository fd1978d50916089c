// SPDX-License-Identifier: Apache-2.0
// A snapshot of the decision log: stands for all slots up to its own, so that they can be deleted.
//
//     0   4 B   "MRLS"
//     4   u16   version, 1
//     6   u16   0
//     8   u64   slot: the last one that is part of it, as in the name of the file
//    16   u32   length of the body
//    20   u32   CRC-32C of everything before and of the body
//    24         body: turn u64, epochsUpTo u64, attempt u64, has a lineage u8, lineage 16 B,
//               version u64, result u8 (0: none),
//               regions: {region u32, attempt u64, nodes {text}, isolated {text}, is done u8,
//               has a claim u8, claim as in its record},
//               quarantined as in their records, savepoints: {name text, manifests {text}}
//
// Reader: magic, version, length, checksum, slot. Nothing may follow the body.
import MillraceCore

package enum LogSnapshot {
    private static let magic: [UInt8] = Array("MRLS".utf8)
    private static let version: UInt16 = 1
    private static let headBytes = 24
    private static let checksumAt = 20

    package static func encoded(_ state: LogState) -> [UInt8] {
        var writer = ByteWriter(capacity: 512)
        writer.raw(magic)
        writer.u16(version)
        writer.u16(0)
        writer.u64(state.slot)
        writer.u32(0)
        writer.u32(0)
        write(state, to: &writer)
        writer.replace(at: checksumAt - 4, u32: UInt32(writer.bytes.count - headBytes))
        writer.replace(at: checksumAt, u32: checksum(writer.bytes[...]))
        return writer.bytes
    }

    package static func decoded(_ bytes: [UInt8], slot wanted: UInt64) throws(Failure) -> LogState {
        var reader = ByteReader(bytes, of: "log snapshot", code: .stateDamaged)
        guard try reader.take(4).elementsEqual(magic) else {
            throw reader.failure("does not begin with MRLS")
        }
        let version = try reader.u16()
        guard version == Self.version else {
            throw Failure(
                .stateVersion, "log snapshot: version \(version), this program reads 1",
                next: "use the release that wrote it, or a newer one")
        }
        guard try reader.u16() == 0 else { throw reader.failure("two bytes are not zero") }
        let slot = try reader.u64()
        let length = try reader.u32()
        let checksum = try reader.u32()
        guard Int(length) == reader.left else {
            throw reader.failure("a body of \(length) bytes, \(reader.left) are there")
        }
        guard checksum == Self.checksum(bytes[...]) else {
            throw reader.failure("its checksum is wrong")
        }
        guard slot == wanted else {
            throw reader.failure("is of slot \(slot), found as that of \(wanted)")
        }
        var state = try read(&reader)
        state.slot = slot
        try reader.end()
        return state
    }

    private static func write(_ state: LogState, to writer: inout ByteWriter) {
        writer.u64(state.turn)
        writer.u64(state.epochsUpTo)
        writer.u64(state.attempt)
        writer.bool(state.lineage != nil)
        writer.nonce(state.lineage ?? Nonce(low: 0, high: 0))
        writer.u64(state.version)
        writer.u8(state.result?.rawValue ?? 0)
        writer.count(state.regions.count)
        for region in state.regions {
            writer.u32(region.region)
            writer.u64(region.attempt)
            writer.texts(region.nodes)
            writer.texts(region.isolated)
            writer.bool(region.isDone)
            writer.bool(region.claim != nil)
            if let claim = region.claim { writer.claim(claim) }
        }
        writer.count(state.quarantined.count)
        for quarantine in state.quarantined { writer.quarantine(quarantine) }
        writer.count(state.savepoints.count)
        for savepoint in state.savepoints {
            writer.text(savepoint.name)
            writer.texts(savepoint.manifests)
        }
    }

    private static func read(_ reader: inout ByteReader) throws(Failure) -> LogState {
        var state = LogState()
        state.turn = try reader.u64()
        state.epochsUpTo = try reader.u64()
        state.attempt = try reader.u64()
        let hasLineage = try reader.bool()
        let lineage = try reader.nonce()
        state.lineage = hasLineage ? lineage : nil
        state.version = try reader.u64()
        let result = try reader.u8()
        state.result = DecisionRecord.Result(rawValue: result)
        guard result == 0 || state.result != nil else {
            throw reader.failure("a result is \(result)")
        }
        for _ in 0..<(try reader.count(bytesEach: 22)) {
            var region = LogState.Region(region: try reader.u32())
            region.attempt = try reader.u64()
            region.nodes = try reader.texts()
            region.isolated = try reader.texts()
            region.isDone = try reader.bool()
            if try reader.bool() { region.claim = try reader.claim() }
            state.regions.append(region)
        }
        for _ in 0..<(try reader.count(bytesEach: 22)) {
            state.quarantined.append(try reader.quarantine())
        }
        for _ in 0..<(try reader.count(bytesEach: 6)) {
            state.savepoints.append(.init(name: try reader.text(), manifests: try reader.texts()))
        }
        return state
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        CRC32C.of(bytes[headBytes...], after: CRC32C.of(bytes[..<checksumAt]))
    }
}
