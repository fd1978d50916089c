// SPDX-License-Identifier: Apache-2.0
import CMillraceShims
import Glibc

/// A file that is written at its end and read anywhere. Nothing is synced: what was written
/// outlives the process, not the machine. For one thread.
package final class GrowingFile {
    package let path: String
    /// Bytes.
    package private(set) var size: Int
    fileprivate let file: FileDescriptor

    /// Makes the file where it is not there.
    package init(_ path: String) throws(SystemError) {
        let number = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard number >= 0 else { throw SystemError("open", errno, object: path) }
        self.path = path
        file = FileDescriptor(owning: number)
        size = lseek(number, 0, SEEK_END)
    }

    // SAFETY(into): the caller's; the call writes at most its size.
    /// Bytes from `place` on, as many as there are and fit; how many these are.
    @unsafe package func read(
        at place: Int, into: UnsafeMutableRawBufferPointer
    ) throws(SystemError) -> Int {
        var count = 0
        while count < into.count, place + count < size {
            let read = unsafe pread(
                file.number, into.baseAddress.map { unsafe $0 + count }, into.count - count,
                place + count)
            if read < 0, errno == EINTR { continue }
            guard read > 0 else {
                throw SystemError("read", read == 0 ? EIO : errno, object: path)
            }
            count += read
        }
        return count
    }

    /// Everything in it.
    package func content() throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: size)
        // SAFETY(bytes): the call writes into the buffer and no further.
        let result = unsafe bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(SystemError) in try unsafe read(at: 0, into: buffer) }
        }
        _ = try result.get()
        return bytes
    }

    /// The CRC-32C of a range, behind bytes that have the checksum `before`.
    package func checksum(
        of range: Range<Int>, after before: UInt32 = 0
    ) throws(SystemError) -> UInt32 {
        var chunk = [UInt8](repeating: 0, count: min(256 << 10, range.count))
        var sum = before
        var at = range.lowerBound
        while at < range.upperBound {
            let most = min(chunk.count, range.upperBound - at)
            // SAFETY(chunk): the call writes `most` bytes at most, which it has.
            let result = unsafe chunk.withUnsafeMutableBytes { buffer in
                Result { () throws(SystemError) in
                    let part = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<most])
                    let count = try unsafe read(at: at, into: part)
                    sum = unsafe Checksum.crc32c(
                        UnsafeRawBufferPointer(rebasing: buffer[..<count]), after: sum)
                    return count
                }
            }
            at += try result.get()
        }
        return sum
    }

    /// Bytes that its file system has for us, and has in all.
    package func room() throws(SystemError) -> (free: Int, total: Int) {
        var facts = statvfs()
        guard unsafe fstatvfs(file.number, &facts) == 0 else {
            throw SystemError("fstatvfs", errno, object: path)
        }
        let block = Int(facts.f_frsize)
        return (Int(facts.f_bavail) * block, Int(facts.f_blocks) * block)
    }

    /// All of it or, where that fails, nothing.
    package func append(_ bytes: [UInt8]) throws(SystemError) {
        let before = size
        do {
            var written = 0
            while written < bytes.count { written += try write(bytes[written...]) }
        } catch {
            try? truncate(to: before)
            throw error
        }
    }

    /// What is behind `size` bytes is gone.
    package func truncate(to size: Int) throws(SystemError) {
        guard ftruncate(file.number, size) == 0, lseek(file.number, size, SEEK_SET) == size else {
            throw SystemError("ftruncate", errno, object: path)
        }
        self.size = size
    }

    /// As many as the system takes, one at least.
    fileprivate func write(_ bytes: ArraySlice<UInt8>) throws(SystemError) -> Int {
        while true {
            // SAFETY(bytes): the call reads the buffer.
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.write(file.number, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw SystemError("write", errno, object: path) }
            size += count
            return count
        }
    }

    fileprivate func grew(by count: Int) { size += count }
}

/// Where a file takes bytes from: a descriptor that may be shared with other processes, and that
/// nobody may have to wait for.
///
/// From a pipe and from a regular file the kernel moves the bytes within one call. A signal ends
/// that call only between two moves, so a process that dies leaves each byte in one of the two.
/// What comes from elsewhere is read and written; in between it is in `held` only.
package final class InputTap {
    package enum Taken: Hashable, Sendable { case bytes(Int), nothing, end }

    private enum Way { case splice, sendfile, copy }

    package let descriptor: Int32
    private var way: Way
    /// Read, and not written yet: there was no space.
    private var held: ArraySlice<UInt8> = []

    package init(_ descriptor: Int32) throws(SystemError) {
        var facts = stat()
        guard unsafe fstat(descriptor, &facts) == 0 else {
            throw SystemError("fstat", errno, object: "descriptor \(descriptor)")
        }
        self.descriptor = descriptor
        switch facts.st_mode & S_IFMT {
        case S_IFIFO: way = .splice
        case S_IFREG: way = .sendfile
        default: way = .copy
        }
    }

    /// Moves about `most` bytes at most to the end of `file`. ENOSPC: none were moved, and none are
    /// lost.
    package func take(_ most: Int, into file: GrowingFile) throws(SystemError) -> Taken {
        switch way {
        case .splice: return try move(mrshim_splice, most, file)
        case .sendfile: return try move(mrshim_sendfile, most, file)
        case .copy: return try copy(most, file)
        }
    }

    private func move(
        _ call: (Int32, Int32, Int) -> Int64, _ most: Int, _ file: GrowingFile
    ) throws(SystemError) -> Taken {
        while true {
            let result = call(descriptor, file.file.number, most)
            switch Int32(truncatingIfNeeded: -result) {
            case 0: return .end
            case ..<0:
                file.grew(by: Int(result))
                return .bytes(Int(result))
            case EINTR: continue
            case EAGAIN: return .nothing
            case EINVAL, ENOSYS, EOPNOTSUPP:
                // A file system that cannot.
                way = .copy
                return try copy(most, file)
            case let number: throw SystemError("splice", number, object: file.path)
            }
        }
    }

    private func copy(_ most: Int, _ file: GrowingFile) throws(SystemError) -> Taken {
        if held.isEmpty {
            var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&ready, 1, 0) != 0 else { return .nothing }
            var chunk = [UInt8](repeating: 0, count: most)
            // SAFETY(chunk): the call writes `most` bytes at most.
            let count = unsafe chunk.withUnsafeMutableBytes {
                unsafe read(descriptor, $0.baseAddress, most)
            }
            if count < 0, errno == EINTR || errno == EAGAIN { return .nothing }
            guard count >= 0 else {
                throw SystemError("read", errno, object: "descriptor \(descriptor)")
            }
            if count == 0 { return .end }
            held = chunk[..<count]
        }
        let size = file.size
        while !held.isEmpty {
            do {
                held = held.dropFirst(try file.write(held))
            } catch  where file.size > size {
                break
            }
        }
        return .bytes(file.size - size)
    }

    /// Is there something to read, or may something come? False at the end of a pipe and a file.
    package var hasInput: Bool {
        if mrshim_readable(descriptor) > 0 { return true }
        var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&ready, 1, 0) == 0
    }
}

/// Sums of many bytes.
package enum Checksum {
    // SAFETY(bytes): read by the call only.
    /// CRC-32C of `bytes`, behind others that have the checksum `before`.
    @unsafe package static func crc32c(
        _ bytes: UnsafeRawBufferPointer, after before: UInt32 = 0
    ) -> UInt32 {
        unsafe mrshim_crc32c(before, bytes.baseAddress, bytes.count)
    }
}
