// SPDX-License-Identifier: Apache-2.0
// A folder that is of use to one process only. A lock on a file in it says that the process lives;
// it ends with the process, however that ends, so a folder whose lock can be taken is abandoned.
//
//     make        folder, file, lock; where somebody took it for abandoned in between, it is gone,
//                 and the next name is tried
//     abandoned   the lock is taken, or the folder is empty and removed: its maker, if it lives,
//                 finds no folder
//     remove      renamed first, so that nothing can be written into it any more
import Foundation
import Glibc
import MillraceCore

// SAFETY(path): each call reads a path, or fills the facts, and keeps neither.
package final class PrivateFolder: Sendable {
    private static let lockName = "owner"
    private static let tries = 16

    package let path: String
    private let lock: FileDescriptor

    private init(_ path: String, _ lock: consuming FileDescriptor) {
        self.path = path
        self.lock = lock
    }

    /// Makes `PREFIX-NUMBER` in `parent`, for this account only.
    package static func make(
        in parent: String, prefix: String
    ) throws(SystemError) -> PrivateFolder {
        for _ in 0..<tries {
            let path = "\(parent)/\(prefix)-\(String(Entropy.number(), radix: 36))"
            guard unsafe mkdir(path, 0o700) == 0 else {
                guard errno == EEXIST else { throw SystemError("mkdir", errno, object: path) }
                continue
            }
            if let lock = try take(path, creates: true) { return PrivateFolder(path, lock) }
        }
        throw SystemError("mkdir", EEXIST, object: "\(parent)/\(prefix)-…")
    }

    /// Folders of this account in `parent` whose names begin so and whose processes are gone. They
    /// are the caller's now.
    package static func abandoned(in parent: String, prefix: String) -> [PrivateFolder] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
        return names.filter { $0.hasPrefix(prefix) }.sorted().compactMap { name in
            let path = "\(parent)/\(name)"
            var facts = stat()
            guard unsafe lstat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR,
                facts.st_uid == geteuid()
            else { return nil }
            // One that is empty has no lock yet, or no maker any more.
            if unsafe rmdir(path) == 0 { return nil }
            guard let lock = try? take(path, creates: false) else { return nil }
            return PrivateFolder(path, lock)
        }
    }

    /// One of these, of whatever process.
    package static func isOne(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(path)/\(lockName)")
    }

    /// With everything in it.
    package func remove() {
        let doomed = path + ".gone"
        let isRenamed = unsafe rename(path, doomed) == 0
        // What cannot be removed is abandoned, and found again.
        try? FileManager.default.removeItem(atPath: isRenamed ? doomed : path)
    }

    /// nil: somebody else has it, or had it and has removed it.
    private static func take(
        _ folder: String, creates: Bool
    ) throws(SystemError) -> FileDescriptor? {
        let path = "\(folder)/\(lockName)"
        let flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (creates ? O_CREAT | O_EXCL : 0)
        let number = unsafe open(path, flags, 0o600)
        guard number >= 0 else {
            guard errno == ENOENT else { throw SystemError("open", errno, object: path) }
            return nil
        }
        let file = FileDescriptor(owning: number)
        guard flock(number, LOCK_EX | LOCK_NB) == 0 else {
            guard errno == EWOULDBLOCK else { throw SystemError("flock", errno, object: path) }
            return nil
        }
        var facts = stat()
        guard unsafe fstat(number, &facts) == 0, facts.st_nlink > 0 else { return nil }
        return file
    }
}
