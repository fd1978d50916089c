// SPDX-License-Identifier: Apache-2.0
// A manifest as a file, little endian; texts have their length in front (u16), lists their count
// (u32).
//
//     "MRMF" · version u16, 1 · flags u16, 0 · region u32 · key groups u32 · lineage 16 B
//     attempt u64 · epoch u64 · graph version u64 · turn u64 · wall ns i64 · durations 8 × i64
//     job text · parent name text, empty: none · parent hash 16 B
//
//     sections, each:  tag 4 B · flags u32, bit 0: must be understood · length u64 · bytes
//
//     PLUG  {name, version text, hash 16 B, operators {name text, state version u32}}
//     NODE  {id text, parallelism u32}
//     FILE  {name text, length u64, hash 16 B}
//     PIEC  {node text, instance u32, kind u8, has a key group u8, key group u16,
//           state version u32, file u32, offset u64, length u64, hash 16 B}
//     LANE  {edge text, producer u32, consumer u32, records u64, status u8, 0: unknown,
//           watermark i64}
//     TOKN  {node text, instance u32, attempt u64, epoch u64, blob u32 + bytes, hash 16 B}
//     QUAR  digest 16 B
//     JRNL  {node, split text, sequence u64}
//
//     footer 48 B:  offset and length of the sections u64, u64 · XXH3-128 of all before the footer
//                   zero u64 · CRC-32C of the footer so far u32 · "FMRM"
//
// Reader: magic, version, footer, lengths, hash, header, sections; then what the sections say about
// each other: pieces name files of the list, names of files stay in the job's folder. Whether a
// piece lies in its file is known once that is expanded, and whether it is the manifest that was
// meant is for `RecoveryDecision.check`. Sections of an unknown tag are skipped unless they must be
// understood.
import MillraceCore

package enum ManifestCodec {
    static let version: UInt16 = 1
    private static let magic: [UInt8] = Array("MRMF".utf8)
    private static let footerMagic: [UInt8] = Array("FMRM".utf8)

    package static func encoded(_ manifest: Manifest) -> [UInt8] {
        var writer = ByteWriter(capacity: 1_024)
        writer.raw(magic)
        writer.u16(version)
        writer.u16(0)
        writer.u32(manifest.region)
        writer.u32(manifest.keyGroups)
        writer.nonce(manifest.lineage)
        writer.u64(manifest.attempt)
        writer.u64(manifest.epoch)
        writer.u64(manifest.version)
        writer.u64(manifest.turn)
        writer.i64(manifest.wallNanoseconds)
        for at in 0..<Manifest.durationsMax {
            writer.i64(at < manifest.durations.count ? manifest.durations[at] : 0)
        }
        writer.text(manifest.job)
        writer.text(manifest.parent?.name ?? "")
        writer.hash(manifest.parent?.hash ?? ContentHash(low: 0, high: 0))
        let sections = writer.bytes.count
        writer.sections(of: manifest)
        writer.footer(index: sections, magic: footerMagic)
        return writer.bytes
    }

    package static func decoded(_ bytes: [UInt8]) throws(Failure) -> Manifest {
        var reader = ByteReader(bytes, of: "manifest", code: .stateDamaged)
        guard try reader.take(4).elementsEqual(magic) else {
            throw reader.failure("does not begin with MRMF")
        }
        let version = try reader.u16()
        guard version == Self.version else {
            throw Failure(
                .stateVersion, "manifest: version \(version), this program reads 1",
                next: "use the release that wrote it, or a newer one")
        }
        let index = try FileFooter.checked(bytes, of: "manifest", magic: footerMagic)
        guard try reader.u16() == 0 else { throw reader.failure("two bytes are not zero") }
        var manifest = try header(&reader)
        guard reader.offset == index.lowerBound else {
            throw reader.failure("its sections begin at byte \(index.lowerBound)")
        }
        var sections = ByteReader(bytes[index], of: "manifest", code: .stateDamaged)
        var seen: Set<String> = []
        while sections.left > 0 { try section(&sections, of: &manifest, seen: &seen) }
        try check(manifest)
        return manifest
    }

    private static func header(_ reader: inout ByteReader) throws(Failure) -> Manifest {
        let region = try reader.u32()
        let keyGroups = try reader.u32()
        let lineage = try reader.nonce()
        var manifest = Manifest(
            job: "", lineage: lineage, attempt: try reader.u64(), epoch: try reader.u64(),
            version: try reader.u64(), turn: try reader.u64(), region: region, parent: nil)
        manifest.keyGroups = keyGroups
        manifest.wallNanoseconds = try reader.i64()
        for _ in 0..<Manifest.durationsMax { manifest.durations.append(try reader.i64()) }
        while manifest.durations.last == 0 { manifest.durations.removeLast() }
        manifest.job = try reader.text()
        let parent = try reader.text()
        let hash = try reader.hash()
        if !parent.isEmpty { manifest.parent = .init(name: parent, hash: hash) }
        return manifest
    }

    private static func section(
        _ reader: inout ByteReader, of manifest: inout Manifest, seen: inout Set<String>
    ) throws(Failure) {
        let tag = String(decoding: try reader.take(4), as: UTF8.self)
        let flags = try reader.u32()
        let length = try reader.u64()
        guard length <= UInt64(reader.left) else {
            throw reader.failure("section \(tag) of \(length) bytes, \(reader.left) are left")
        }
        guard seen.insert(tag).inserted else { throw reader.failure("section \(tag) comes twice") }
        let bytes = try reader.take(Int(length))
        var section = ByteReader(bytes, of: "section of a manifest", code: .stateDamaged)
        let isKnown = try section.readSection(tag, of: &manifest)
        guard isKnown || flags & 1 == 0 else {
            throw Failure(
                .stateVersion, "manifest: section \(tag) must be understood, and is not",
                next: "use the release that wrote it, or a newer one")
        }
        if isKnown { try section.end() }
    }

    private static func check(_ manifest: Manifest) throws(Failure) {
        func damaged(_ text: String) -> Failure { Failure(.stateDamaged, "manifest: \(text)") }
        for file in manifest.files {
            let parts = file.name.split(separator: "/", omittingEmptySubsequences: false)
            guard !parts.contains(where: { $0 == "" || $0 == "." || $0 == ".." }) else {
                throw damaged("`\(file.name)` leads out of the job's folder")
            }
        }
        for piece in manifest.pieces {
            guard Int(piece.file) < manifest.files.count else {
                throw damaged("a piece lies in file \(piece.file) of \(manifest.files.count)")
            }
            guard !piece.offset.addingReportingOverflow(piece.length).overflow else {
                throw damaged("a piece of \(piece.length) bytes begins at \(piece.offset)")
            }
        }
    }
}
