// SPDX-License-Identifier: Apache-2.0
// One record of a job's decision log. Slots are numbered 1, 2, 3, …, each holds one record.
//
//     0   4 B   "MRLG"
//     4   u16   version, 1
//     6   u16   kind, 1…8
//     8   u64   slot, as in the name of the file
//    16   16 B  nonce, random for each record
//    32   u64   turn of the coordinator that wrote it
//    40   u64   epochs up to this number may be triggered
//    48   i64   wall clock in ns; for people, compared with nothing
//    56   u32   length of the body, at most 64 KiB
//    60   u32   CRC-32C of everything before and of the body
//    64         body
//
// All numbers are little endian, texts have their length in front (u16), lists their count (u32).
//
//     1 LEAD       owner text, build text
//     2 GEN        attempt u64, reserve u32, lineage 16 B, version u64, regions: {region u32,
//                  nodes {text}, isolated {text}, epoch restored u64, 0: none}
//     3 CLAIM      region u32, epoch u64, attempt u64, version u64, manifest text, its hash 16 B,
//                  needs a commit u8
//     4 DONE       region u32, epoch u64
//     5 QUAR       node text, record hash 16 B, origin text, reason text; with the origin `replay`
//                  it takes an earlier one back
//     6 SAVEPOINT  name text, manifests {text}
//     7 RESULT     state u8: 1 finished, 2 cancelled
//     8 NOOP       nothing
//
// Reader: magic, version, length, checksum, slot, kind, body. Nothing may follow the body. An
// unknown version or kind was written by a newer program and stops the reader.
import MillraceCore

package struct DecisionRecord: Hashable, Sendable {
    package struct Lead: Hashable, Sendable {
        package var owner: String
        package var build: String

        package init(owner: String, build: String) {
            self.owner = owner
            self.build = build
        }
    }

    /// A new attempt: appended before any of its tasks may prepare a transaction.
    package struct Generation: Hashable, Sendable {
        package struct Region: Hashable, Sendable {
            package var region: RegionID
            package var nodes: [String]
            /// Nodes that have an executor of their own.
            package var isolated: [String]
            /// The claimed epoch whose state it begins with; 0: from nothing.
            package var restored: Epoch

            package init(
                region: RegionID, nodes: [String], isolated: [String], restored: Epoch
            ) {
                self.region = region
                self.nodes = nodes
                self.isolated = isolated
                self.restored = restored
            }
        }

        package var attempt: Attempt
        /// Attempt numbers set aside behind this one.
        package var reserve: UInt32
        package var lineage: Nonce
        package var version: UInt64
        package var regions: [Region]

        package init(
            attempt: Attempt, reserve: UInt32 = 0, lineage: Nonce, version: UInt64,
            regions: [Region]
        ) {
            self.attempt = attempt
            self.reserve = reserve
            self.lineage = lineage
            self.version = version
            self.regions = regions
        }
    }

    /// The commit point of an epoch.
    package struct Claim: Hashable, Sendable {
        package var region: RegionID
        package var epoch: Epoch
        package var attempt: Attempt
        package var version: UInt64
        package var manifest: String
        package var hash: ContentHash
        /// False when no sink has anything to commit: then the claim is its own DONE.
        package var needsCommit: Bool

        package init(
            region: RegionID, epoch: Epoch, attempt: Attempt, version: UInt64, manifest: String,
            hash: ContentHash, needsCommit: Bool
        ) {
            self.region = region
            self.epoch = epoch
            self.attempt = attempt
            self.version = version
            self.manifest = manifest
            self.hash = hash
            self.needsCommit = needsCommit
        }
    }

    /// A record that is taken out before an operator sees it, or one that is no longer.
    package struct Quarantine: Hashable, Sendable {
        /// Of records that somebody sends back into their job.
        static let replay = "replay"

        package var node: String
        package var hash: ContentHash
        package var origin: String
        package var reason: String

        package init(node: String, hash: ContentHash, origin: String, reason: String) {
            self.node = node
            self.hash = hash
            self.origin = origin
            self.reason = reason
        }

        /// Of a record that its operator gets once more.
        package init(lettingGo hash: ContentHash, of node: String) {
            self.init(node: node, hash: hash, origin: Self.replay, reason: "")
        }

        package var letsGo: Bool { origin == Self.replay }
    }

    /// How a job ended for good.
    package enum Result: UInt8, Hashable, Sendable {
        case finished = 1
        case cancelled = 2
    }

    package enum Body: Hashable, Sendable {
        case lead(Lead)
        case generation(Generation)
        case claim(Claim)
        case done(region: RegionID, epoch: Epoch)
        case quarantine(Quarantine)
        case savepoint(name: String, manifests: [String])
        case result(Result)
        case noop
    }

    package var slot: UInt64
    package var nonce: Nonce
    package var turn: Turn
    package var epochsUpTo: Epoch
    /// Nanoseconds since 1970; for people, compared with nothing.
    package var wallNanoseconds: Int64
    package var body: Body

    package init(
        slot: UInt64, nonce: Nonce, turn: Turn, epochsUpTo: Epoch, wallNanoseconds: Int64,
        body: Body
    ) {
        self.slot = slot
        self.nonce = nonce
        self.turn = turn
        self.epochsUpTo = epochsUpTo
        self.wallNanoseconds = wallNanoseconds
        self.body = body
    }
}

extension DecisionRecord {
    static let magic: [UInt8] = Array("MRLG".utf8)
    static let version: UInt16 = 1
    static let headBytes = 64
    static let bodyBytesMax = 64 << 10
    /// Where the checksum lies, and what it is of: all before it and all behind it.
    private static let checksumAt = 60

    /// The record as bytes. Throws when the body is over 64 KiB: nobody could read it again.
    package func encoded() throws(Failure) -> [UInt8] {
        var writer = ByteWriter(capacity: 160)
        writer.raw(Self.magic)
        writer.u16(Self.version)
        writer.u16(body.kind)
        writer.u64(slot)
        writer.nonce(nonce)
        writer.u64(turn)
        writer.u64(epochsUpTo)
        writer.i64(wallNanoseconds)
        writer.u32(0)
        writer.u32(0)
        writer.body(body)
        let length = writer.bytes.count - Self.headBytes
        guard length <= Self.bodyBytesMax else {
            let text = "a log record of \(length) bytes; \(Self.bodyBytesMax) are the limit"
            throw Failure(.limitReached, text)
        }
        writer.replace(at: Self.checksumAt - 4, u32: UInt32(length))
        writer.replace(at: Self.checksumAt, u32: Self.checksum(writer.bytes[...]))
        return writer.bytes
    }

    /// The record in `bytes`, which were found in `slot`.
    package init(_ bytes: [UInt8], slot wanted: UInt64) throws(Failure) {
        var reader = ByteReader(bytes, of: "log record", code: .stateDamaged)
        guard try reader.take(4).elementsEqual(Self.magic) else {
            throw reader.failure("does not begin with MRLG")
        }
        let version = try reader.u16()
        guard version == Self.version else {
            throw Failure(
                .stateVersion, "log record: version \(version), this program reads 1",
                next: "use the release that wrote it, or a newer one")
        }
        let kind = try reader.u16()
        slot = try reader.u64()
        nonce = try reader.nonce()
        turn = try reader.u64()
        epochsUpTo = try reader.u64()
        wallNanoseconds = try reader.i64()
        let length = try reader.u32()
        let checksum = try reader.u32()
        guard length <= Self.bodyBytesMax, Int(length) == reader.left else {
            throw reader.failure("a body of \(length) bytes, \(reader.left) are there")
        }
        guard checksum == Self.checksum(bytes[...]) else {
            throw reader.failure("its checksum is wrong")
        }
        guard slot == wanted else {
            throw reader.failure("is of slot \(slot), found in slot \(wanted)")
        }
        body = try reader.body(kind: kind)
        try reader.end()
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        CRC32C.of(bytes[headBytes...], after: CRC32C.of(bytes[..<checksumAt]))
    }
}
