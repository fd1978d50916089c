// SPDX-License-Identifier: Apache-2.0
import Glibc
import MillraceSystem
import Synchronization
import Testing

struct ThreadTests {
    private final class Note: Sendable {
        let text = Mutex("")
        func write(_ new: String) { text.withLock { $0 = new } }
        var now: String { text.withLock { $0 } }
    }

    @Test func `a thread has the name and the processor it was given`() throws {
        let cpu = try #require(CPUSet.allowed().last)
        let note = Note()
        let thread = try PinnedThread(name: "a-name-that-is-long", cpu: cpu) {
            let path = "/proc/self/task/\(CurrentThread.id)/comm"
            let name = (try? DurableFile.read(path, limit: 100)) ?? []
            note.write(String(decoding: name, as: UTF8.self) + "\(CPUSet.allowed())")
        }
        thread.join()
        #expect(note.now == "a-name-that-is-\n[\(cpu)]")
    }

    @Test func `a processor that is not allowed does not keep the work from being done`() throws {
        let note = Note()
        try PinnedThread(name: "t", cpu: 8_000) { note.write("done") }.join()
        #expect(note.now == "done")
    }

    @Test func `a thread has the stack it was given`() throws {
        // Half a megabyte of locals fits into one of a megabyte.
        let note = Note()
        try PinnedThread(name: "t", stackBytes: 1 << 20) {
            withUnsafeTemporaryAllocation(byteCount: 700 << 10, alignment: 16) {
                $0.initializeMemory(as: UInt8.self, repeating: 1)
                note.write("\($0[1_000])")
            }
        }.join()
        #expect(note.now == "1")
    }

    @Test func `the monotonic clock does not go back`() {
        var last = MonotonicClock.now()
        for _ in 0..<1_000 {
            let next = MonotonicClock.now()
            #expect(next >= last)
            last = next
        }
    }

    @Test func `the clock of a thread goes while it works, not while it waits`() throws {
        let begin = ThreadClock.now()
        _ = try Poller().wait(milliseconds: 50)
        #expect(ThreadClock.now() - begin < 40_000_000)
        let limit = MonotonicClock.now() + 60_000_000_000
        while ThreadClock.now() - begin < 50_000_000, MonotonicClock.now() < limit {}
        #expect(ThreadClock.now() - begin >= 50_000_000)
    }
}
