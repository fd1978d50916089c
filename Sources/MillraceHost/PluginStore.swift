// SPDX-License-Identifier: Apache-2.0
// A folder of installed plugins: files `NAME-VERSION-DIGEST.so`, DIGEST being the first 16 digits
// of the SHA-256. At most one version of a plugin lies there, because a search finds one only.
//
//     absent --add--> installed --add of another version--> replaced --remove--> absent
//
// A file is written under another name, synced and renamed, and the old version goes after that,
// so that a search at any time finds one of the two. Writers hold a lock on `.lock`. Runs have
// private copies of what they loaded: nothing here can take code away from under them.
import Glibc
import MillraceCore
import MillraceGraph
import MillraceSystem

package struct PluginStore: Sendable {
    package let folder: String
    private let catalog: PluginCatalog

    /// What became of one library.
    package enum Addition: Hashable, Sendable {
        case added
        /// The version it takes the place of.
        case replaced(String)
        case wasThere
    }

    /// `catalog` judges; its search path does not matter here.
    package init(folder: String, catalog: PluginCatalog) {
        self.folder = folder
        self.catalog = catalog
    }

    /// Every library in the folder, in the order of their files.
    package func records() throws(Failure) -> [PluginRecord] {
        try catalog.alone.scan(extra: [folder]).plugins
    }

    /// Judges the library and installs a copy of it. Throws why it cannot be used, MR3402 when
    /// other bytes have its name and version, MR3102 when another installed plugin has one of its
    /// operators, and MR5303 or MR5307 when the folder cannot be written.
    package func add(_ path: String) throws(Failure) -> (PluginRecord, Addition) {
        guard !FolderListing.isFolder(path),
            let record = try catalog.alone.scan(extra: [path]).plugins.first
        else { throw Failure(.wrongFile, "\(path) is a folder, not a library") }
        if record.state != .ready, let reason = record.reason { throw reason }
        // The file may change at any time; what was judged is the private copy.
        let judged = try PluginFile.read(catalog.copies.path(of: record.sha256))
        guard judged.sha256 == record.sha256 else {
            throw Failure(
                .loadFailed, "the private copy of \(record.name) is damaged",
                next: "remove \(judged.path) and add it again")
        }
        return (record, try locked { () throws(Failure) in try install(record, judged) })
    }

    /// Removes a plugin: its name, or `NAME@VERSION`. `users` names the live runs of a content;
    /// with one of them it is MR3403. Throws MR3401 when there is no such plugin.
    package func remove(
        _ name: String, users: (_ sha256: String) -> [String]
    ) throws(Failure) -> PluginRecord {
        // Nothing is made only to find it empty.
        guard FolderListing.isFolder(folder) else { throw notFound(name, among: []) }
        return try locked { () throws(Failure) in
            let records = try records()
            guard let found = records.first(where: { Self.matches($0, name) }) else {
                throw notFound(name, among: records)
            }
            let jobs = users(found.sha256)
            guard jobs.isEmpty else {
                throw Failure(
                    .pluginInUse,
                    "\(found.name) \(found.version) is used by \(jobs.joined(separator: ", "))",
                    next: "stop the run first")
            }
            try unlink(found.path)
            return found
        }
    }

    private static func matches(_ record: PluginRecord, _ name: String) -> Bool {
        name == record.name || name == "\(record.name)@\(record.version)"
    }

    private func notFound(_ name: String, among records: [PluginRecord]) -> Failure {
        let parts = name.split(separator: "@", maxSplits: 1).map(String.init)
        if let other = records.first(where: { $0.name == parts.first }) {
            return Failure(
                .pluginNotFound, "\(other.name) is installed as \(other.version), not as \(name)",
                next: "millrace plugin remove \(other.name)")
        }
        return Failure(
            .pluginNotFound, "no plugin \(name) is installed in \(folder)",
            next: Nearest.question(parts.first ?? name, records.map(\.name))
                ?? "`millrace plugin list -v` shows what is found where")
    }

    private func install(
        _ record: PluginRecord, _ file: PluginFile
    ) throws(Failure) -> Addition {
        let there = try records()
        let same = there.filter { $0.name == record.name }
        if same.contains(where: { $0.sha256 == record.sha256 }) { return .wasThere }
        if let other = same.first(where: { $0.version == record.version }) {
            throw Failure(
                .otherBytes,
                "\(record.name) \(record.version) is installed with other content "
                    + "(\(other.sha256.prefix(12))…, not \(record.sha256.prefix(12))…)",
                next: "give it another version, or `millrace plugin remove \(record.name)` first")
        }
        for other in there where other.name != record.name && other.state == .ready {
            guard let shared = record.operators.first(where: other.operators.contains) else {
                continue
            }
            throw Failure(
                .duplicateOperator,
                "its operator \(shared) is also in \(other.name) \(other.version), "
                    + "which is installed at \(other.path)",
                next: "remove \(other.name), or give the operator another id")
        }
        let name = "\(record.name)-\(record.version)-\(record.sha256.prefix(16)).so"
        do throws(SystemError) {
            try DurableFile.write(file.bytes, to: "\(folder)/\(name)", mode: 0o644)
        } catch {
            throw failure(error)
        }
        for old in same { try unlink(old.path) }
        return same.first.map { .replaced($0.version) } ?? .added
    }

    private func unlink(_ path: String) throws(Failure) {
        guard unsafe Glibc.unlink(path) != 0, errno != ENOENT else { return }
        throw failure(SystemError("unlink", errno, object: path))
    }

    /// Runs `body` while nobody else changes the folder, which is made if it is missing.
    private func locked<Value>(
        _ body: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        guard FolderListing.absolute(folder) != FolderListing.absolute(catalog.copies.folder) else {
            throw Failure(
                .fileFailed, "\(folder) is the folder of private copies, which come and go",
                next: "give XDG_DATA_HOME and XDG_CACHE_HOME different values")
        }
        var path = ""
        for part in folder.split(separator: "/") {
            path += "/" + part
            if unsafe mkdir(path, 0o755) != 0, errno != EEXIST, !FolderListing.isFolder(path) {
                throw failure(SystemError("mkdir", errno, object: path))
            }
        }
        let lockPath = folder + "/.lock"
        // SAFETY(lockPath): copied by the call.
        let lock = unsafe open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard lock >= 0 else { throw failure(SystemError("open", errno, object: lockPath)) }
        defer { close(lock) }
        while flock(lock, LOCK_EX) != 0 {
            guard errno == EINTR else {
                throw failure(SystemError("flock", errno, object: lockPath))
            }
        }
        return try body()
    }

    private func failure(_ error: SystemError) -> Failure {
        let isFull = error.number == ENOSPC || error.number == EDQUOT
        return error.failure(
            isFull ? .noSpaceLeft : .fileFailed,
            next: isFull
                ? "make room; nothing was changed"
                : "--user and XDG_DATA_HOME name a folder of your own")
    }
}

extension SearchFolder {
    /// Where `plugin add` puts what is for one account or for all of this installation; nil when
    /// there is none.
    package static func store(
        _ origin: Origin, environment: [String: String], executable: String
    ) -> String? {
        standard(environment: environment, directory: "/", executable: executable)
            .first { $0.origin == origin }?.path
    }
}
