// SPDX-License-Identifier: Apache-2.0
// A savepoint: the state of a job at one epoch, in a folder of its own. Nothing in it is shared
// with the checkpoints it was made of, so either may be deleted, moved or damaged without the
// other.
//
//     savepoint.json   what this is; written last, so a folder without it is none
//     manifests/       the manifest of the epoch, without tokens and without a parent: what its
//                      sinks had prepared is committed, and the chain behind it stays where it was
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
    static let manifestBytesMax = 64 << 20

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
                next: "name a folder that `millrace stop --savepoint` has written")
        }
        guard let description = try? JSONDecoder().decode(Description.self, from: Data(text)) else {
            throw damaged(path, descriptionName, "is not what was written")
        }
        guard description.savepoint == 1 else {
            throw Failure(
                .stateVersion,
                "\(path): a savepoint of format \(description.savepoint), this program reads 1",
                next: "use release \(description.release), or a newer one")
        }
        guard description.manifest.hasPrefix("manifests/"), !description.manifest.contains("..")
        else { throw damaged(path, descriptionName, "is not what was written") }
        let bytes = try content(description.manifest, of: folder, limit: manifestBytesMax)
        guard Self.hex(ContentHash(of: bytes)) == description.hash else {
            throw damaged(path, description.manifest, "has another hash than it had")
        }
        let manifest = try ManifestCodec.decoded(bytes)
        guard manifest.name == description.manifest, manifest.tokens.isEmpty,
            manifest.files.count == description.files
        else { throw damaged(path, description.manifest, "is not of this savepoint") }
        for file in manifest.files { _ = try checked(file, in: folder) }
        return Savepoint(path: path, description: description, manifest: manifest)
    }

    /// Throws MR6105 when something is there.
    package static func checkAbsent(_ path: String) throws(Failure) {
        do {
            guard try StateFolder(existing: path).names(in: ".").isEmpty else {
                throw Failure(
                    .savepointExists, "\(path) is there already",
                    next: "name a folder that does not exist yet")
            }
        } catch let failure as Failure {
            throw failure
        } catch let error as SystemError where error.number == ENOENT {
            return
        } catch let error as SystemError {
            throw error.failure(.storeFailed, next: "name a folder that you may write to")
        } catch {
            preconditionFailure("BUG: \(error)")
        }
    }
}

// MARK: - writing

extension Savepoint {
    /// Writes a savepoint of the manifest at `name` in a job's folder. What was made of it is
    /// removed again when that fails.
    static func write(
        _ name: String, of source: StateFolder, to path: String
    ) throws(Failure) {
        try checkAbsent(path)
        let original = try content(name, of: source, limit: manifestBytesMax)
        var manifest = try ManifestCodec.decoded(original)
        manifest.tokens = []
        manifest.parent = nil
        manifest.leaveOutLetters()
        let bytes = ManifestCodec.encoded(manifest)
        let target: StateFolder
        do {
            target = try StateFolder(path, folders: folders)
        } catch {
            throw error.failure(.storeFailed, next: "name a folder that you may write to")
        }
        do throws(Failure) {
            for file in manifest.files {
                try put(file.name, try checked(file, in: source), into: target)
                _ = try checked(file, in: target)
            }
            try put(manifest.name, bytes, into: target)
            try put(descriptionName, try describe(manifest, bytes), into: target)
        } catch {
            for name in [descriptionName, manifest.name] + manifest.files.map(\.name) {
                try? target.remove(name)
            }
            for folder in folders { rmdir("\(path)/\(folder)") }
            rmdir(path)
            throw error
        }
    }

    private static func describe(_ manifest: Manifest, _ bytes: [UInt8]) throws(Failure) -> [UInt8]
    {
        let description = Description(
            savepoint: 1, job: manifest.job, epoch: manifest.epoch, attempt: manifest.attempt,
            lineage: hex(manifest.lineage.high) + hex(manifest.lineage.low),
            taken: manifest.wallNanoseconds, release: Release.version,
            nodes: manifest.nodes.map(\.id), manifest: manifest.name,
            hash: hex(ContentHash(of: bytes)), files: manifest.files.count,
            bytes: manifest.files.reduce(0) { $0 + $1.length })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let text = try? encoder.encode(description) else {
            preconditionFailure("BUG: a description of numbers and texts is always JSON")
        }
        return Array(text) + [UInt8(ascii: "\n")]
    }
}

// MARK: - beginning from one

extension Savepoint {
    /// Makes an empty job's folder one whose log says that this epoch is claimed and done, in a new
    /// lineage. The log's file is the last one, and whole or absent: what ends before it has begun
    /// nothing. Throws MR6103 when the folder has a log.
    func begin(in target: StateFolder, job: String, lineage: Nonce) throws(Failure) {
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
            try Self.put(file.name, try Self.checked(file, in: source), into: target)
        }
        var own = manifest
        own.job = job
        own.lineage = lineage
        let bytes = ManifestCodec.encoded(own)
        try Self.put(own.name, bytes, into: target)
        let log = LogState(beginningFrom: own, hash: ContentHash(of: bytes))
        try Self.put(JobStore.snapshotName(log.slot), LogSnapshot.encoded(log), into: target)
    }
}

// MARK: - files

extension Savepoint {
    private static func content(
        _ name: String, of folder: StateFolder, limit: Int
    ) throws(Failure) -> [UInt8] {
        do {
            return try folder.read(name, limit: limit)
        } catch {
            throw error.failure(.stateDamaged, next: "restore \(name) from a copy")
        }
    }

    private static func checked(
        _ file: FileEntry, in folder: StateFolder
    ) throws(Failure) -> [UInt8] {
        let bytes = try content(file.name, of: folder, limit: Int(clamping: file.length))
        guard UInt64(bytes.count) == file.length, ContentHash(of: bytes) == file.hash else {
            throw damaged(folder.path, file.name, "has another hash than it had")
        }
        return bytes
    }

    private static func put(
        _ name: String, _ bytes: [UInt8], into folder: StateFolder
    ) throws(Failure) {
        do throws(SystemError) {
            guard try folder.create(name, bytes) else {
                throw SystemError("link", EEXIST, object: "\(folder.path)/\(name)")
            }
        } catch {
            throw error.failure(.storeFailed, next: "make room, or name another folder")
        }
    }

    private static func damaged(_ path: String, _ name: String, _ text: String) -> Failure {
        Failure(
            .stateDamaged, "\(path)/\(name) \(text)",
            next: "restore the file from a copy; nothing of it was used")
    }

    private static func hex(_ hash: ContentHash) -> String { hex(hash.high) + hex(hash.low) }

    static func hex(_ number: UInt64) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}
