// SPDX-License-Identifier: Apache-2.0
// How a savepoint comes to be in its folder. A file `unfinished` comes first and goes last, and its
// writer holds a lock on it: a folder with it and without a description is what somebody left who
// was killed over it, and the next writer begins there anew. Whoever cannot finish removes what it
// has made.
import Foundation
import MillraceCore
import MillraceDelivery
import MillraceSystem

extension Savepoint {
    private static let unfinished = "unfinished"

    /// Whether a savepoint may be put there. True: the folder exists. Throws MR6105 when something
    /// is in it, MR6002 where nothing can be written.
    @discardableResult
    package static func checkPlace(_ path: String) throws(Failure) -> Bool {
        let names: [String]?
        do {
            names = try StateFolder(existing: path).names(in: ".")
        } catch {
            guard error.isMissing else { throw unusable(error) }
            names = nil
        }
        guard isFree(names ?? []) else { throw taken(path) }
        let parent = (path as NSString).deletingLastPathComponent
        guard access(names == nil ? parent : path, W_OK) == 0 else {
            throw unusable(SystemError("mkdir", errno, object: path))
        }
        return names != nil
    }

    /// Writes a savepoint of the manifests at these names in a job's folder, one of each region, as
    /// long as it is wanted.
    /// What was made of it is removed again when that fails. Throws MR6105, MR6002, MR5307, MR6004;
    /// MR7102 once it is not wanted.
    @discardableResult
    static func write(
        _ names: [String], of source: StateFolder, to path: String,
        while isWanted: () -> Bool = { true }
    ) throws(Failure) -> Description {
        let wasThere = try checkPlace(path)
        let target = StateFolder(existing: path)
        let lock: StateLock
        do throws(Failure) {
            lock = try take(target)
        } catch {
            // The folder is ours, whole or not: nothing stays that nobody wants.
            if !wasThere, error.code != .savepointExists {
                try? target.remove(unfinished)
                rmdir(path)
            }
            throw error
        }
        defer { withExtendedLifetime(lock) {} }
        do throws(Failure) {
            try clear(target)
            var manifest = try joined(names, of: source)
            manifest.tokens = []
            manifest.parent = nil
            manifest.leaveOutLetters()
            for file in manifest.files {
                try copy(file, from: source, into: target, while: isWanted)
            }
            let bytes = ManifestCodec.encoded(manifest)
            try put(manifest.name, bytes, into: target)
            let description = Description(manifest, bytes)
            try put(descriptionName, description.encoded, into: target)
            try? target.remove(unfinished)
            return description
        } catch {
            try? target.remove(descriptionName)
            try? clear(target)
            for folder in folders { rmdir("\(path)/\(folder)") }
            try? target.remove(unfinished)
            if !wasThere { rmdir(path) }
            throw error
        }
    }

    private static func joined(
        _ names: [String], of source: StateFolder
    ) throws(Failure) -> Manifest {
        var joined: Manifest?
        for name in names {
            let bytes = try content(name, of: source, limit: Limits.manifestBytesMax)
            let manifest = try ManifestCodec.decoded(bytes)
            if joined == nil { joined = manifest } else { joined?.add(manifest) }
        }
        guard let joined else { preconditionFailure("BUG: a savepoint of nothing") }
        return joined
    }

    /// Nothing is there, or what a writer left that was killed.
    private static func isFree(_ names: [String]) -> Bool {
        names.isEmpty
            || names.contains(unfinished)
                && names.allSatisfy { $0 == unfinished || folders.contains($0) }
    }

    /// The right to write there. Throws MR6105 when somebody else has it, or has finished.
    private static func take(_ target: StateFolder) throws(Failure) -> StateLock {
        let lock: StateLock?
        let names: [String]
        do throws(SystemError) {
            _ = try StateFolder(target.path, folders: [])
            lock = try StateLock.take(
                "\(target.path)/\(unfinished)", owner: "process \(getpid())")
            names = try target.names(in: ".")
        } catch {
            throw unusable(error)
        }
        guard let lock else { throw taken(target.path) }
        guard isFree(names) else {
            try? target.remove(unfinished)
            throw taken(target.path)
        }
        return lock
    }

    /// Empty folders for what comes.
    private static func clear(_ target: StateFolder) throws(Failure) {
        do throws(SystemError) {
            _ = try StateFolder(target.path, folders: folders)
            for folder in folders {
                try target.sweep(folder)
                for name in try target.names(in: folder) { try target.remove("\(folder)/\(name)") }
            }
        } catch {
            throw unusable(error)
        }
    }

    private static func taken(_ path: String) -> Failure {
        Failure(
            .savepointExists, "\(path) is there already",
            next: "name a folder that does not exist yet")
    }

    private static func unusable(_ error: SystemError) -> Failure {
        error.failure(
            error.isOutOfSpace ? .noSpaceLeft : .storeFailed,
            next: "name a folder that you may write to")
    }
}

extension Savepoint.Description {
    /// Of the savepoint whose manifest has these bytes.
    init(_ manifest: Manifest, _ bytes: [UInt8]) {
        self.init(
            savepoint: 1, job: manifest.job, epoch: manifest.epoch, attempt: manifest.attempt,
            lineage: Savepoint.hex(manifest.lineage.high) + Savepoint.hex(manifest.lineage.low),
            taken: manifest.wallNanoseconds, release: Release.version,
            nodes: manifest.nodes.map(\.id), manifest: manifest.name,
            hash: Savepoint.hex(ContentHash(of: bytes)), files: manifest.files.count,
            bytes: manifest.files.reduce(0) { $0 + $1.length })
    }

    var encoded: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let text = try? encoder.encode(self) else {
            preconditionFailure("BUG: a description of numbers and texts is always JSON")
        }
        return Array(text) + [UInt8(ascii: "\n")]
    }
}
