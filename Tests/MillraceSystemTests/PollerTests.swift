// SPDX-License-Identifier: Apache-2.0
import Glibc
import MillraceSystem
import Testing

struct PollerTests {
    @Test func `a call of wake before the wait is not lost, and counts once`() throws {
        let poller = try Poller()
        poller.wake()
        poller.wake()
        #expect(try poller.wait(milliseconds: -1) == [Poller.wakeToken])
        #expect(try poller.wait(milliseconds: 0) == [])
    }

    @Test func `another thread ends a wait without limit`() throws {
        let poller = try Poller()
        let thread = try PinnedThread(name: "waker") { poller.wake() }
        #expect(try poller.wait(milliseconds: -1) == [Poller.wakeToken])
        thread.join()
    }

    @Test func `what can be read is reported under its token until it is removed`() throws {
        let poller = try Poller()
        var pipe: [Int32] = [0, 0]
        #expect(Glibc.pipe(&pipe) == 0)
        defer { pipe.forEach { close($0) } }
        try poller.add(pipe[0], token: 42)
        #expect(try poller.wait(milliseconds: 0) == [])
        #expect(write(pipe[1], "x", 1) == 1)
        #expect(try poller.wait(milliseconds: -1) == [42])
        poller.remove(pipe[0])
        #expect(try poller.wait(milliseconds: 0) == [])
    }

    @Test func `a signal to a watching thread is something to read`() throws {
        // Sent to the thread itself: one to the process could end the other tests.
        let thread = try PinnedThread(name: "watch") {
            do {
                let watch = try SignalWatch([SIGUSR1])
                #expect(watch.next() == nil)
                pthread_kill(pthread_self(), SIGUSR1)
                let poller = try Poller()
                try poller.add(watch.descriptor, token: 7)
                #expect(try poller.wait(milliseconds: -1) == [7])
                #expect(watch.next() == SIGUSR1)
                #expect(watch.next() == nil)
            } catch {
                Issue.record(error)
            }
        }
        thread.join()
    }
}
