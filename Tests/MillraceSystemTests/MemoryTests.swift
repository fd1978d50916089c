// SPDX-License-Identifier: Apache-2.0
import Glibc
import MillraceSystem
import Testing

struct MemoryTests {
    @Test func `shared pages are zero, and their size is sealed`() throws {
        let pages = try SharedPages(name: "test", count: 8_192)
        #expect(pages.bytes(at: 0, count: 8_192).allSatisfy { $0 == 0 })
        #expect(ftruncate(pages.descriptor, 4_096) == -1 && errno == EPERM)
        #expect(ftruncate(pages.descriptor, 16_384) == -1 && errno == EPERM)
    }

    @Test func `who inherits the descriptor sees the same memory`() throws {
        let pages = try SharedPages(name: "test", count: 4_096)
        let again = try SharedPages(inherited: dup(pages.descriptor))
        #expect(again.count == 4_096)
        pages.pointer.storeBytes(
            of: UInt64(0x0102_0304_0506_0708), toByteOffset: 8, as: UInt64.self)
        #expect(again.word64(at: 8) == 0x0102_0304_0506_0708)
        #expect(again.word32(at: 12) == 0x0102_0304)
        #expect(again.bytes(at: 8, count: 2) == [8, 7])
    }

    @Test func `a descriptor that is not open cannot be inherited`() {
        #expect(throws: SystemError.self) { _ = try SharedPages(inherited: 9_999) }
    }

    @Test func `anonymous memory is zero and goes with its owner`() throws {
        var address = UInt(0)
        do {
            let memory = try MappedMemory(anonymous: 1 << 20)
            address = UInt(bitPattern: memory.pointer)
            #expect(memory.pointer.load(fromByteOffset: 1 << 19, as: UInt64.self) == 0)
        }
        // The kernel does not know the page any more.
        #expect(msync(UnsafeMutableRawPointer(bitPattern: address), 4_096, Int32(MS_ASYNC)) == -1)
    }
}
