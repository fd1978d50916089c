// SPDX-License-Identifier: Apache-2.0
import Glibc
import MillraceCore
import MillraceSystem

/// The folder of private copies: `<sha256>.so`, written once, never changed, mode 0500, in a
/// folder that only we can enter.
///
/// Executors load copies and not the user's files: overwriting a mapped file kills its user, and
/// the loader would hand out the old code for a path it knows.
package struct PluginCopies: Hashable, Sendable {
    package let folder: String

    /// `$XDG_CACHE_HOME/millrace/plugins`, else `~/.cache/millrace/plugins`, else one in `/tmp`.
    package static func standardFolder(environment: [String: String]) -> String {
        if let base = environment["XDG_CACHE_HOME"], base.hasPrefix("/") {
            return base + "/millrace/plugins"
        }
        if let home = environment["HOME"], home.hasPrefix("/") {
            return home + "/.cache/millrace/plugins"
        }
        return "/tmp/millrace-\(getuid())/plugins"
    }

    /// Makes the folder if there is none. Throws MR5303 when it is not ours alone.
    package init(folder: String) throws(Failure) {
        self.folder = folder
        var path = ""
        for part in folder.split(separator: "/") {
            path += "/" + part
            if unsafe mkdir(path, 0o700) != 0, errno != EEXIST, errno != EROFS, errno != EACCES {
                throw Self.failure("mkdir", path)
            }
        }
        var status = stat()
        // SAFETY(status): a local that the call fills; paths are copied by every call here.
        guard unsafe stat(folder, &status) == 0 else { throw Self.failure("stat", folder) }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw Failure(.fileFailed, "\(folder) is not a folder", next: Self.advice)
        }
        guard status.st_uid == getuid() else {
            throw Failure(
                .fileFailed, "\(folder) belongs to another user (\(status.st_uid))",
                next: Self.advice)
        }
        if status.st_mode & 0o077 != 0, unsafe chmod(folder, 0o700) != 0 {
            throw Self.failure("chmod", folder)
        }
    }

    package func path(of sha256: String) -> String { "\(folder)/\(sha256).so" }

    /// The path of the copy; writes it if there is none of the right size. Throws MR5303.
    package func keep(_ file: PluginFile) throws(Failure) -> String {
        let target = path(of: file.sha256)
        if PluginFile.identity(of: target)?.size == Int64(file.bytes.count) { return target }
        try Self.write(file.bytes, to: target, mode: 0o500)
        return target
    }

    /// Reads the copy again and compares its content with its name. Throws MR3011.
    package static func verify(_ reference: PluginReference) throws(Failure) {
        let file = try PluginFile.read(reference.copy)
        guard file.sha256 == reference.sha256 else {
            throw Failure(
                .loadFailed,
                "the private copy of \(reference.name) has changed: expected content "
                    + "\(reference.sha256.prefix(12))…, found \(file.sha256.prefix(12))…",
                next: "remove \(reference.copy) and run again")
        }
    }

    /// Removes copies that are old and not among `keep`.
    func sweep(keep: Set<String>, olderThan seconds: Int64) {
        let oldest = WallClock.now() - seconds * 1_000_000_000
        for name in FolderListing.names(folder) where name.hasSuffix(".so") {
            guard !keep.contains(String(name.dropLast(3))),
                let identity = PluginFile.identity(of: "\(folder)/\(name)"),
                identity.modified < oldest
            else { continue }
            unsafe unlink("\(folder)/\(name)")
        }
    }

    /// All or nothing: a temporary name, fsync, rename.
    static func write(_ bytes: [UInt8], to target: String, mode: UInt32) throws(Failure) {
        do throws(SystemError) {
            try DurableFile.write(bytes, to: target, mode: mode)
        } catch {
            throw error.failure(.fileFailed, next: advice)
        }
    }

    private static let advice = "set XDG_CACHE_HOME to a folder of your own"

    private static func failure(_ call: String, _ path: String) -> Failure {
        SystemError(call, errno, object: path).failure(.fileFailed, next: advice)
    }
}
