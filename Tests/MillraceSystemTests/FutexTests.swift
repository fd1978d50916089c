// SPDX-License-Identifier: Apache-2.0
import CMillraceShims
import Glibc
import MillraceSystem
import Testing

struct FutexTests {
    private let word = UnsafeMutablePointer<UInt32>.allocate(capacity: 1)

    @Test func `a word with another value is no reason to wait`() {
        word.pointee = 1
        defer { word.deallocate() }
        #expect(mrshim_futex_wait(word, 0, -1) == 0)
    }

    @Test func `without a wake-up the time ends the wait`() {
        word.pointee = 0
        defer { word.deallocate() }
        let before = MonotonicClock.now()
        #expect(mrshim_futex_wait(word, 0, 20_000_000) == ETIMEDOUT)
        #expect(MonotonicClock.now() - before >= 20_000_000)
    }

    @Test func `a wake-up reaches a sleeper who has no time limit`() throws {
        word.pointee = 0
        nonisolated(unsafe) let word = word
        let sleeper = try PinnedThread(name: "sleeper") {
            while word.pointee == 0 { _ = mrshim_futex_wait(word, 0, -1) }
        }
        word.pointee = 1
        mrshim_futex_wake(word)
        sleeper.join()
        word.deallocate()
    }
}
