// SPDX-License-Identifier: Apache-2.0
// The folder that a job's state lies in: files that are created once and never changed. A file is
// written under a name of its own, synced, and linked to its name, which refuses to overwrite; then
// the folder is synced. So a name is either absent or stands for the whole file, and of two writers
// one wins. An fsync that failed is final for that file: it is written again from memory,
// elsewhere. A folder that is of no use to anybody once its owner is gone is not synced.
import Glibc
import MillraceCore

package struct StateFolder: Sendable {
    package let path: String
    /// Files survive a loss of power.
    package let isDurable: Bool

    /// What is left of writers that died ends so.
    package static let unfinished = ".part"

    /// Makes the folder and these in it.
    package init(
        _ path: String, folders: [String], isDurable: Bool = true
    ) throws(SystemError) {
        self.init(existing: path, isDurable: isDurable)
        let all = [path] + folders.map { "\(path)/\($0)" }
        for folder in all { try Self.make(folder) }
        // What lies in a folder is lost with it, and its name is safe once that of a file would be.
        for parent in Set(all.map(DurableFile.folder(of:))).sorted() {
            try syncFolder(of: parent)
        }
    }

    /// One that is there.
    package init(existing path: String, isDurable: Bool = true) {
        self.path = path
        self.isDurable = isDurable
    }

    /// False: the name is taken already; what it stands for is durable then, too.
    package func create(_ name: String, _ bytes: [UInt8]) throws(SystemError) -> Bool {
        try create(name) { (file, path) throws(SystemError) in
            try DurableFile.writeAll(file, bytes, path: path)
        }
    }

    /// The same with what the file of that name has in another folder. ECANCELED once it is not
    /// wanted any more.
    package func create(
        _ name: String, copiedFrom source: StateFolder, while isWanted: () -> Bool = { true }
    ) throws(SystemError) -> Bool {
        try create(name) { (file, path) throws(SystemError) in
            try source.readPieces(of: name, isWanted) { (piece) throws(SystemError) in
                try DurableFile.writeAll(file, Array(piece), path: path)
            }
        }
    }

    private func create(
        _ name: String,
        _ write: (borrowing FileDescriptor, String) throws(SystemError) -> Void
    ) throws(SystemError) -> Bool {
        let target = "\(path)/\(name)"
        let temporary = "\(target).\(getpid()).\(MonotonicClock.now())\(Self.unfinished)"
        let file = try DurableFile.create(temporary, mode: 0o600)
        defer { unsafe _ = unlink(temporary) }
        try write(file, temporary)
        guard !isDurable || fdatasync(file.number) == 0 else {
            throw SystemError("fdatasync", errno, object: temporary)
        }
        guard unsafe link(temporary, target) == 0 else {
            guard errno == EEXIST else { throw SystemError("link", errno, object: target) }
            try syncFolder(of: target)
            return false
        }
        try syncFolder(of: target)
        return true
    }

    private func syncFolder(of target: String) throws(SystemError) {
        if isDurable { try DurableFile.syncFolder(of: target) }
    }

    /// ENOENT where it is not there, EFBIG above `limit`.
    package func read(_ name: String, limit: Int = .max) throws(SystemError) -> [UInt8] {
        try DurableFile.read("\(path)/\(name)", limit: limit, isOurs: true)
    }

    /// Bytes and hash of a file of any size. ENOENT where it is not there, ECANCELED once it is not
    /// wanted any more.
    package func measure(
        _ name: String, while isWanted: () -> Bool = { true }
    ) throws(SystemError) -> (bytes: UInt64, hash: ContentHash) {
        var hasher = ContentHasher()
        var bytes: UInt64 = 0
        try readPieces(of: name, isWanted) { piece in
            hasher.add(piece.span)
            bytes += UInt64(piece.count)
        }
        return (bytes, hasher.finish())
    }

    private func readPieces(
        of name: String, _ isWanted: () -> Bool,
        _ take: (ArraySlice<UInt8>) throws(SystemError) -> Void
    ) throws(SystemError) {
        let whole = "\(path)/\(name)"
        try DurableFile.readPieces(whole, isOurs: true) { (piece) throws(SystemError) in
            guard isWanted() else { throw SystemError("read", ECANCELED, object: whole) }
            try take(piece)
        }
    }

    /// Names in one of its folders, in order, without those of unfinished files.
    package func names(in folder: String) throws(SystemError) -> [String] {
        try entries(of: folder).filter { !$0.hasSuffix(Self.unfinished) }.sorted()
    }

    /// Removes what writers that died left behind, where `isDead` says so of the name; only the
    /// holder of the lock may. `ending`: of what `DurableFile` replaces files with.
    package func sweep(
        _ folder: String, ending: String = StateFolder.unfinished,
        where isDead: (String) -> Bool = { _ in true }
    ) throws(SystemError) {
        for name in try entries(of: folder) where name.hasSuffix(ending) && isDead(name) {
            try remove("\(folder)/\(name)")
        }
    }

    private func entries(of folder: String) throws(SystemError) -> [String] {
        let whole = "\(path)/\(folder)"
        guard let directory = unsafe opendir(whole) else {
            throw SystemError("opendir", errno, object: whole)
        }
        defer { unsafe _ = closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            // SAFETY(entry): valid until the next call; the name ends with zero.
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }

    /// Seconds since the file was changed.
    package func ageSeconds(of name: String) -> Int64? {
        var facts = stat()
        guard unsafe stat("\(path)/\(name)", &facts) == 0 else { return nil }
        return max(0, Int64(time(nil)) - Int64(facts.st_mtim.tv_sec))
    }

    /// Gives a file its name in another folder; one that is not there has it already.
    package func move(_ name: String, to target: String) throws(SystemError) {
        let (from, to) = ("\(path)/\(name)", "\(path)/\(target)")
        guard unsafe rename(from, to) == 0 else {
            if errno == ENOENT { return }
            throw SystemError("rename", errno, object: from)
        }
        try syncFolder(of: to)
    }

    /// A file that is not there is removed already.
    package func remove(_ name: String) throws(SystemError) {
        guard unsafe unlink("\(path)/\(name)") == 0 || errno == ENOENT else {
            throw SystemError("unlink", errno, object: "\(path)/\(name)")
        }
    }

    /// The same, and it does not come back after a loss of power.
    package func removeForEver(_ name: String) throws(SystemError) {
        try remove(name)
        try syncFolder(of: "\(path)/\(name)")
    }

    private static func make(_ path: String) throws(SystemError) {
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw SystemError("mkdir", errno, object: path)
        }
    }
}

/// The right to change a state folder: one process at a time has it, and it ends with the process.
package final class StateLock: Sendable {
    private let file: FileDescriptor

    private init(_ file: consuming FileDescriptor) { self.file = file }

    /// nil: another process holds it.
    package static func take(_ path: String, owner: String) throws(SystemError) -> StateLock? {
        let file = try file(path)
        guard flock(file.number, LOCK_EX | LOCK_NB) == 0 else {
            guard errno == EWOULDBLOCK else { throw SystemError("flock", errno, object: path) }
            return nil
        }
        guard ftruncate(file.number, 0) == 0 else {
            throw SystemError("ftruncate", errno, object: path)
        }
        try DurableFile.writeAll(file, Array(owner.utf8), path: path)
        return StateLock(file)
    }

    /// Returns once nobody else holds it.
    package static func wait(_ path: String) throws(SystemError) -> StateLock {
        let file = try file(path)
        while flock(file.number, LOCK_EX) != 0 {
            guard errno == EINTR else { throw SystemError("flock", errno, object: path) }
        }
        return StateLock(file)
    }

    private static func file(_ path: String) throws(SystemError) -> FileDescriptor {
        // What a link leads to is not ours to write into.
        let number = unsafe open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard number >= 0 else { throw SystemError("open", errno, object: path) }
        return FileDescriptor(owning: number)
    }
}
