// SPDX-License-Identifier: Apache-2.0
// A savepoint: the state of a job at one epoch, in a folder of its own. Nothing in it is shared
// with the checkpoints it was made of, so either may be deleted, moved or damaged without the
// other.
//
//     savepoint.json   what this is; written last, so a folder without it is none
//     unfinished       there while somebody writes it, who holds a lock on it
//     manifests/       the manifest of the epoch, those of all regions in one, without tokens and
//                      without a parent: what its sinks had prepared is committed, and the chain
//                      behind it stays where it was
//     state/           the files that the manifest names, without dead letters: they stay
//
// Each file is read, compared with the hash it should have, written, read again and compared again.
// Reader: description, hash of the manifest, manifest, then length and hash of each file.
//
// A run that begins from one begins a new life of the job: another lineage, so that its
// transactions have other names than those that are committed already. Epochs and attempts are
// counted on.
import Foundation
import MillraceCore
import MillraceDelivery
import MillraceGraph
import MillraceSystem

package struct Savepoint: Sendable {
    /// What `savepoint.json` says.
    package struct Description: Hashable, Codable, Sendable {
        /// Of this format, 1.
        package var savepoint: Int
        package var job: String
        package var epoch: Epoch
        package var attempt: Attempt
        /// Of the life that it was taken of, hexadecimal.
        package var lineage: String
        /// When the epoch was taken, nanoseconds since 1970.
        package var taken: Int64
        package var release: String
        package var nodes: [String]
        package var manifest: String
        /// Of the manifest's file, hexadecimal.
        package var hash: String
        package var files: Int
        package var bytes: UInt64
    }

    static let descriptionName = "savepoint.json"
    static let folders = ["manifests", "state"]
    private static let descriptionBytesMax = 1 << 20

    /// Absolute.
    package let path: String
    package let description: Description
    let manifest: Manifest

    /// Reads and checks all of it. Throws MR1004 where there is none, MR6004 for a damaged one,
    /// MR6101 for one of a newer release.
    package static func read(_ path: String) throws(Failure) -> Savepoint {
        let folder = StateFolder(existing: path)
        let text: [UInt8]
        do {
            text = try folder.read(descriptionName, limit: descriptionBytesMax)
        } catch {
            throw Failure(
                .inputMissing, "\(path) is no savepoint: \(error.reason) (\(descriptionName))",
                next: "name a folder that `millrace savepoint create` has written")
        }
        try checkVersion(text, path)
        guard let description = try? JSONDecoder().decode(Description.self, from: Data(text)) else {
            throw damaged(path, descriptionName, "is not what was written")
        }
        guard description.manifest.hasPrefix("manifests/"), !description.manifest.contains("..")
        else { throw damaged(path, descriptionName, "is not what was written") }
        let bytes = try content(description.manifest, of: folder, limit: Limits.manifestBytesMax)
        guard Self.hex(ContentHash(of: bytes)) == description.hash else {
            throw damaged(path, description.manifest, "has another hash than it had")
        }
        let manifest = try ManifestCodec.decoded(bytes)
        var own = Description(manifest, bytes)
        own.release = description.release
        guard own == description, manifest.tokens.isEmpty else {
            throw damaged(path, descriptionName, "is not of this savepoint")
        }
        for file in manifest.files { try check(file, in: folder) }
        return Savepoint(path: path, description: description, manifest: manifest)
    }

    /// Another format may have other members: its number comes first.
    private static func checkVersion(_ text: [UInt8], _ path: String) throws(Failure) {
        struct Head: Decodable {
            var savepoint: Int
            var release: String?
        }
        guard let head = try? JSONDecoder().decode(Head.self, from: Data(text)) else {
            throw damaged(path, descriptionName, "is not what was written")
        }
        guard head.savepoint == 1 else {
            let writer = head.release.map { "release \($0)" } ?? "what wrote it"
            throw Failure(
                .stateVersion,
                "\(path): a savepoint of format \(head.savepoint), this program reads 1",
                next: "use \(writer), or a newer one")
        }
    }
}

// MARK: - beginning from one

extension Savepoint {
    /// Makes an empty job's folder one whose log says that this epoch is claimed and done, for each
    /// region that the plan has, in a new lineage. The log's file is the last one, and whole or
    /// absent: what ends before it has begun nothing. Throws MR6103 when the folder has a log.
    func begin(in target: StateFolder, plan: Plan, lineage: Nonce) throws(Failure) {
        do {
            guard try target.names(in: "log").isEmpty else {
                throw Failure(
                    .otherLineage,
                    "the state directory \(target.path) has a job's state already, and a savepoint "
                        + "begins another life of it",
                    next: "take an empty directory, or leave out --from to go on from what is there"
                )
            }
            for folder in Self.folders {
                for name in try target.names(in: folder) { try target.remove("\(folder)/\(name)") }
            }
        } catch let failure as Failure {
            throw failure
        } catch let error as SystemError {
            throw error.failure(.storeFailed)
        } catch {
            preconditionFailure("BUG: \(error)")
        }
        let source = StateFolder(existing: path)
        for file in manifest.files {
            try Self.copy(file, from: source, into: target)
        }
        var begun: [(manifest: Manifest, hash: ContentHash)] = []
        let parts = try parts(of: plan)
        guard !parts.isEmpty else {
            throw Failure(
                .stateLost, "the savepoint has nothing of any node of the topology",
                next: "name the savepoint of this topology")
        }
        for var part in parts {
            part.job = plan.name
            part.lineage = lineage
            let bytes = ManifestCodec.encoded(part)
            try Self.put(part.name, bytes, into: target)
            begun.append((part, ContentHash(of: bytes)))
        }
        let log = LogState(beginningFrom: begun)
        try Self.put(JobStore.snapshotName(log.slot), LogSnapshot.encoded(log), into: target)
    }

    /// Of the regions that have something to go on from.
    private func parts(of plan: Plan) throws(Failure) -> [Manifest] {
        try JobCoordinator.regions(of: plan, log: LogState()).map { region in
            let own = Set(region.nodes)
            return manifest.part(
                region.region, nodes: own,
                edges: Set(plan.edges(from: own).map { plan.name(ofEdge: $0) }))
        }.filter { !$0.nodes.isEmpty }
    }
}

// MARK: - files

extension Savepoint {
    static func content(
        _ name: String, of folder: StateFolder, limit: Int
    ) throws(Failure) -> [UInt8] {
        do {
            return try folder.read(name, limit: limit)
        } catch {
            throw error.failure(.stateDamaged, next: "restore \(name) from a copy")
        }
    }

    /// Throws MR6004 unless it has the length and the hash that it should have.
    static func check(
        _ file: FileEntry, in folder: StateFolder, while isWanted: () -> Bool = { true }
    ) throws(Failure) {
        let found: (bytes: UInt64, hash: ContentHash)
        do {
            found = try folder.measure(file.name, while: isWanted)
        } catch {
            guard error.number != ECANCELED else { throw givenUp(folder.path) }
            throw error.failure(.stateDamaged, next: "restore \(file.name) from a copy")
        }
        guard found.bytes == file.length, found.hash == file.hash else {
            throw damaged(folder.path, file.name, "has another hash than it had")
        }
    }

    /// Checked before, and read again after it was written.
    static func copy(
        _ file: FileEntry, from source: StateFolder, into target: StateFolder,
        while isWanted: () -> Bool = { true }
    ) throws(Failure) {
        try check(file, in: source, while: isWanted)
        try put(file.name, into: target) { () throws(SystemError) in
            try target.create(file.name, copiedFrom: source, while: isWanted)
        }
        try check(file, in: target, while: isWanted)
    }

    static func put(
        _ name: String, _ bytes: [UInt8], into folder: StateFolder
    ) throws(Failure) {
        try put(name, into: folder) { () throws(SystemError) in try folder.create(name, bytes) }
    }

    private static func put(
        _ name: String, into folder: StateFolder, _ create: () throws(SystemError) -> Bool
    ) throws(Failure) {
        do throws(SystemError) {
            guard try create() else {
                throw SystemError("link", EEXIST, object: "\(folder.path)/\(name)")
            }
        } catch {
            guard error.number != ECANCELED else { throw givenUp(folder.path) }
            throw error.failure(
                error.isOutOfSpace ? .noSpaceLeft : .storeFailed,
                next: "make room, or name another folder")
        }
    }

    private static func damaged(_ path: String, _ name: String, _ text: String) -> Failure {
        Failure(
            .stateDamaged, "\(path)/\(name) \(text)",
            next: "restore the file from a copy; nothing of it was used")
    }

    private static func givenUp(_ path: String) -> Failure {
        Failure(.wrongState, "the run ended before all of the savepoint was in \(path)")
    }

    static func hex(_ hash: ContentHash) -> String { hex(hash.high) + hex(hash.low) }

    static func hex(_ number: UInt64) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}
