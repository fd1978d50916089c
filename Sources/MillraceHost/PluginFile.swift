// SPDX-License-Identifier: Apache-2.0
import Glibc
import MillraceCore
import MillraceSystem

/// A plugin file as it was when it was opened: its bytes and the name of its content.
///
/// The file is opened once; size, identity, hash and copy all come from that one descriptor, so
/// they belong together even if the path names another file a moment later.
package struct PluginFile: Sendable {
    package let path: String
    package let identity: Identity
    package let bytes: [UInt8]
    /// Lower-case hexadecimal.
    package let sha256: String

    /// What tells that a path still names the file it named before, without reading it.
    package struct Identity: Hashable, Codable, Sendable {
        var device: UInt64
        var inode: UInt64
        var size: Int64
        /// Nanoseconds since 1970.
        var modified: Int64
        var changed: Int64
    }

    /// Name for messages: the last part of the path.
    package var name: String { Self.name(of: path) }

    package static func name(of path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    /// Reads the whole file. Throws MR3401 when there is none, MR3001 when it is no regular file
    /// or too large, MR2402 when it cannot be read.
    package static func read(_ path: String) throws(Failure) -> PluginFile {
        // Not blocking: a FIFO must not hold us up.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw openFailure(path, errno) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw openFailure(path, errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw Failure(.wrongFile, "\(path) is not a regular file")
        }
        guard status.st_size <= Limits.pluginBytesMax else {
            throw Failure(
                .wrongFile,
                "\(path) has \(status.st_size) bytes, a plugin has at most "
                    + "\(Limits.pluginBytesMax)")
        }
        let bytes = try contents(of: descriptor, size: Int(status.st_size), path: path)
        return PluginFile(
            path: path, identity: identity(of: status), bytes: bytes,
            sha256: Digest.hex(Digest.sha256(bytes)))
    }

    /// Identity without reading; nil when there is no such regular file.
    package static func identity(of path: String) -> Identity? {
        var status = stat()
        guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            return nil
        }
        return identity(of: status)
    }

    private static func identity(of status: stat) -> Identity {
        func nanoseconds(_ time: timespec) -> Int64 {
            Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
        }
        return Identity(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino),
            size: Int64(status.st_size), modified: nanoseconds(status.st_mtim),
            changed: nanoseconds(status.st_ctim))
    }

    private static func contents(
        of descriptor: Int32, size: Int, path: String
    ) throws(Failure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: size)
        var done = 0
        while done < size {
            // SAFETY(bytes): at most what is left of the array.
            let count = unsafe bytes.withUnsafeMutableBytes {
                unsafe Glibc.read(descriptor, $0.baseAddress! + done, size - done)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw openFailure(path, errno) }
            // It was cut while we read; the ELF walk and the next scan see it as it is.
            if count == 0 { break }
            done += count
        }
        bytes.removeLast(size - done)
        return bytes
    }

    private static func openFailure(_ path: String, _ number: Int32) -> Failure {
        if number == ENOENT || number == ENOTDIR {
            return Failure(
                .pluginNotFound, "there is no file \(path)",
                next: "`millrace plugin list -v` shows where plugins are looked for")
        }
        let reason = SystemError("open", number).reason
        return Failure(.fileUnreadable, "\(path) cannot be read: \(reason)")
    }
}
