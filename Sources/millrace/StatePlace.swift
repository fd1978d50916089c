// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import MillraceCore
import MillraceJobs

/// Where state may lie: a run removes what it does not know from the folders `state`, `manifests`
/// and so on of its state directory, so these have to be its own.
enum StatePlace {
    /// Throws MR1003 where such folders have files in them and no run has made them. A run takes
    /// the lock before it writes any file, and one that lost its lock still has its log.
    static func check(_ path: String, of option: String) throws(Failure) {
        guard access("\(path)/lock", F_OK) != 0, !hasLog(path) else { return }
        guard access("\(path)/savepoint.json", F_OK) != 0 else {
            throw Failure(
                .usage, "\(option): \(path) is a savepoint, and a run would change it",
                next: "name another directory, and begin from the savepoint with --from")
        }
        for folder in JobStore.folders where !others(in: folder, of: path).isEmpty {
            throw Failure(
                .usage,
                "\(option): \(path) has a folder `\(folder)` already, with files of something else",
                next: "name a directory that is empty, or one that does not exist yet")
        }
    }

    /// Whether a path leads into a folder, whatever the two are called. Folders of the path that
    /// are not there yet are passed over.
    static func lies(_ path: String, in folder: String) -> Bool {
        var (facts, own) = (stat(), stat())
        guard stat(folder, &facts) == 0 else { return false }
        var at = (path as NSString).standardizingPath
        while true {
            if stat(at, &own) == 0, own.st_dev == facts.st_dev, own.st_ino == facts.st_ino {
                return true
            }
            let parent = (at as NSString).deletingLastPathComponent
            guard !parent.isEmpty, parent != at else { return false }
            at = parent
        }
    }

    private static func hasLog(_ path: String) -> Bool {
        others(in: "log", of: path).contains { $0.utf8.count == 20 && UInt64($0) != nil }
    }

    /// What lies there besides our own folders; what cannot be read is told by who uses it.
    private static func others(in folder: String, of path: String) -> [String] {
        let names = try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(folder)")
        return (names ?? []).filter { !JobStore.folders.contains("\(folder)/\($0)") }
    }
}
