// SPDX-License-Identifier: Apache-2.0
// A file that is there whole or not at all, also after a power cut: written under another name in
// the same folder, synced, renamed over the old one, and the folder synced.
import Glibc
import MillraceCore

package enum DurableFile {
    /// The names of what is not in its place yet end so.
    package static let unfinished = ".new"

    /// Replaces the file at `path`.
    package static func write(_ bytes: [UInt8], to path: String, mode: UInt32 = 0o644)
        throws(SystemError)
    {
        let temporary = "\(path).\(getpid()).\(MonotonicClock.now())\(unfinished)"
        do throws(SystemError) {
            let file = try create(temporary, mode: mode)
            try writeAll(file, bytes, path: temporary)
            guard fsync(file.number) == 0 else {
                throw SystemError("fsync", errno, object: temporary)
            }
            guard unsafe rename(temporary, path) == 0 else {
                throw SystemError("rename", errno, object: path)
            }
        } catch {
            unsafe unlink(temporary)
            throw error
        }
        try syncFolder(of: path)
    }

    /// The content of a file of at most `limit` bytes; EFBIG above. `isOurs`: see `readPieces`.
    package static func read(
        _ path: String, limit: Int, isOurs: Bool = false
    ) throws(SystemError) -> [UInt8] {
        var content: [UInt8] = []
        try readPieces(path, isOurs: isOurs) { (piece) throws(SystemError) in
            guard content.count + piece.count <= limit else {
                throw SystemError("read", EFBIG, object: path)
            }
            content.append(contentsOf: piece)
        }
        return content
    }

    /// The content of a file of any size, 64 KiB at a time, as far as `take` does not throw.
    /// `isOurs`: we have written it, so it is a regular file. Where a pipe has its name, nobody
    /// may ever write into that: EINVAL, instead of waiting for it.
    static func readPieces(
        _ path: String, isOurs: Bool = false,
        _ take: (ArraySlice<UInt8>) throws(SystemError) -> Void
    ) throws(SystemError) {
        let number = unsafe open(path, O_RDONLY | O_CLOEXEC | (isOurs ? O_NONBLOCK : 0))
        guard number >= 0 else { throw SystemError("open", errno, object: path) }
        let file = FileDescriptor(owning: number)
        if isOurs { try checkRegular(file, path) }
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let size: Int
            do throws(SystemError) {
                size = try StreamSocket.readSome(file, into: &chunk, at: 0)
            } catch {
                throw SystemError(error.call, error.number, object: path)
            }
            if size == 0 { return }
            try take(chunk[..<size])
        }
    }

    private static func checkRegular(
        _ file: borrowing FileDescriptor, _ path: String
    ) throws(SystemError) {
        var facts = stat()
        // SAFETY(facts): a local that the call fills.
        guard unsafe fstat(file.number, &facts) == 0 else {
            throw SystemError("fstat", errno, object: path)
        }
        switch facts.st_mode & S_IFMT {
        case S_IFREG: return
        case S_IFDIR: throw SystemError("open as a file", EISDIR, object: path)
        default: throw SystemError("open as a file", EINVAL, object: path)
        }
    }

    static func create(_ path: String, mode: UInt32) throws(SystemError) -> FileDescriptor {
        let number = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t(mode))
        guard number >= 0 else { throw SystemError("open", errno, object: path) }
        return FileDescriptor(owning: number)
    }

    static func writeAll(
        _ file: borrowing FileDescriptor, _ bytes: [UInt8], path: String
    ) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            // SAFETY(bytes): the call reads what is left of the buffer.
            let size = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(
                    file.number, buffer.baseAddress.map { unsafe $0 + written },
                    buffer.count - written)
            }
            if size < 0 {
                if errno == EINTR { continue }
                throw SystemError("write", errno, object: path)
            }
            written += size
        }
    }

    /// With the slash at its end, so that it is its own folder.
    static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[...$0]) } ?? "./"
    }

    static func syncFolder(of path: String) throws(SystemError) {
        let folder = folder(of: path)
        let number = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard number >= 0 else { throw SystemError("open", errno, object: folder) }
        let descriptor = FileDescriptor(owning: number)
        guard fsync(descriptor.number) == 0 else {
            throw SystemError("fsync", errno, object: folder)
        }
    }
}
