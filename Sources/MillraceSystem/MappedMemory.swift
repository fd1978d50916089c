// SPDX-License-Identifier: Apache-2.0
import CMillraceShims
import Glibc
import MillraceCore

/// Owns one mapping; it is taken away when the value goes.
@safe package struct MappedMemory: ~Copyable, @unchecked Sendable {
    // SAFETY(base): mapped by init, unmapped by deinit, `count` bytes; what is stored in it is
    // the business of those who share it.
    private let base: UnsafeMutableRawPointer
    /// Bytes.
    package let count: Int

    /// Private zeroed memory; pages exist once they are touched.
    package init(anonymous count: Int) throws(SystemError) {
        try self.init(descriptor: -1, count: count, writable: true)
    }

    /// The first `count` bytes of a file, shared with everybody who maps it.
    package init(file: borrowing FileDescriptor, count: Int, writable: Bool) throws(SystemError) {
        try self.init(descriptor: file.number, count: count, writable: writable)
    }

    private init(descriptor: Int32, count: Int, writable: Bool) throws(SystemError) {
        var address: UnsafeMutableRawPointer?
        try unsafe checked(
            mrshim_map(descriptor, count, writable ? 1 : 0, &address), "mmap")
        guard let address = unsafe address else { preconditionFailure("BUG: mapped at nothing") }
        unsafe self.base = address
        self.count = count
    }

    deinit {
        let result = unsafe mrshim_unmap(base, count)
        precondition(result == 0, "BUG: a mapping that cannot be unmapped")
    }

    /// Valid while this value lives.
    @unsafe package var pointer: UnsafeMutableRawPointer { unsafe base }

    /// Valid during the call.
    package borrowing func withBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        try unsafe body(UnsafeRawBufferPointer(start: base, count: count))
    }

    /// Valid for ever: gives up the right to unmap. For memory that signal handlers or foreign
    /// threads may touch until the process ends.
    @unsafe package consuming func leak() -> UnsafeMutableRawPointer {
        let pointer = unsafe base
        discard self
        return unsafe pointer
    }
}

/// Owns one descriptor; it is closed when the value goes.
package struct FileDescriptor: ~Copyable, Sendable {
    package let number: Int32

    /// Takes over a descriptor that nobody else closes.
    package init(owning number: Int32) {
        precondition(number >= 0, "BUG: no descriptor")
        self.number = number
    }

    /// Takes over a descriptor that our parent left us; children of ours will not have it. Throws
    /// EBADF when it is not open.
    package init(inherited number: Int32) throws(SystemError) {
        guard fcntl(number, F_SETFD, FD_CLOEXEC) >= 0 else {
            throw SystemError("fcntl", errno, object: "descriptor \(number)")
        }
        self.number = number
    }

    deinit { close(number) }

    /// Hands the duty to close to the caller.
    package consuming func release() -> Int32 {
        let number = self.number
        discard self
        return number
    }

    /// Another descriptor of the same file.
    package borrowing func duplicate() throws(SystemError) -> FileDescriptor {
        let copy = fcntl(number, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw SystemError("dup", errno) }
        return FileDescriptor(owning: copy)
    }
}

/// Memory with a file behind it, for a child to inherit; all of it is allocated from the start.
package final class SharedPages: Sendable {
    private let file: FileDescriptor
    private let memory: MappedMemory

    /// Makes `count` zeroed bytes under a name that /proc shows.
    package init(name: String, count: Int) throws(SystemError) {
        // SAFETY(name): copied by the call.
        let number = unsafe name.withCString { unsafe mrshim_memfd($0, count) }
        let file = FileDescriptor(owning: try checked(number, "memfd_create", object: name))
        self.memory = try MappedMemory(file: file, count: count, writable: true)
        self.file = file
    }

    /// Maps what was inherited as descriptor `number`, all of it, writable; takes the descriptor.
    package init(inherited number: Int32) throws(SystemError) {
        let file = try FileDescriptor(inherited: number)
        let size = try checked(mrshim_file_size(number), "fstat", object: "descriptor \(number)")
        self.memory = try MappedMemory(file: file, count: Int(size), writable: true)
        self.file = file
    }

    package var count: Int { memory.count }
    /// Ours as long as this object lives.
    package var descriptor: Int32 { file.number }
    /// Valid while this object lives.
    @unsafe package var pointer: UnsafeMutableRawPointer { unsafe memory.pointer }

    /// One little-endian number, in whatever state its writer has it just now. Cheaper than a copy
    /// where thousands of pages are looked at.
    package func word32(at offset: Int) -> UInt32 {
        precondition(offset >= 0 && offset <= count - 4 && offset % 4 == 0, "BUG: outside")
        // SAFETY(word): inside the mapping and aligned, as just checked.
        return unsafe UInt32(
            littleEndian: memory.pointer.load(fromByteOffset: offset, as: UInt32.self))
    }

    package func word64(at offset: Int) -> UInt64 {
        precondition(offset >= 0 && offset <= count - 8 && offset % 8 == 0, "BUG: outside")
        // SAFETY(word): as above.
        return unsafe UInt64(
            littleEndian: memory.pointer.load(fromByteOffset: offset, as: UInt64.self))
    }

    /// A copy of some bytes, in whatever state their writer has them just now.
    package func bytes(at offset: Int, count: Int) -> [UInt8] {
        precondition(offset >= 0 && count >= 0 && offset <= self.count - count, "BUG: outside")
        return unsafe memory.withBytes { unsafe [UInt8]($0[offset..<offset + count]) }
    }
}
