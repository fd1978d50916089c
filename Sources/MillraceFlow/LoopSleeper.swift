// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceSystem

/// How a loop's thread waits: on a futex, or, once it has descriptors to watch, in a poll set.
///
/// SAFETY(Sendable): made by the control thread, handed to the loop's thread when that starts, and
/// touched by nobody else; others only call the wake-up that it installs.
package final class LoopSleeper: @unchecked Sendable {
    private let loop: LoopHandle
    private var poller: Poller?
    /// By token.
    private var watched: [[ChainHandle]] = []
    private var looked: Int64 = 0

    /// A busy loop looks at its descriptors this often.
    private static let lookNanoseconds: Int64 = 200_000

    package init(_ loop: LoopHandle) throws(Failure) {
        self.loop = loop
        loop.sleepOnFutex()
    }

    /// From now on the chains are woken when the descriptor can be read. One that is always ready,
    /// such as a file, is not watched: its source is simply asked again.
    package func watch(_ descriptor: Int32, chains: [ChainHandle]) throws(Failure) {
        do throws(SystemError) {
            let poller = try pollSet()
            if try poller.addEdges(of: descriptor, token: UInt64(watched.count)) {
                watched.append(chains)
            }
        } catch {
            throw error.failure(.operatorFailed)
        }
    }

    private func pollSet() throws(SystemError) -> Poller {
        if let poller { return poller }
        let poller = try Poller()
        self.poller = poller
        loop.sleepIn(poller)
        return poller
    }

    package func look(now: Int64) {
        guard poller != nil, now - looked >= Self.lookNanoseconds else { return }
        looked = now
        poll(milliseconds: 0)
    }

    /// Sleeps until something is ready, or `due` (monotonic ns, `.max`: no limit). `isWanted` is
    /// asked once it is known that the thread will sleep: whoever makes it true and then pokes the
    /// loop is not missed.
    package func sleep(until due: Int64, unless isWanted: () -> Bool) {
        guard loop.doze() else { return }
        defer { loop.awake() }
        if isWanted() { return }
        let left = due == .max ? -1 : max(0, due - MonotonicClock.now())
        guard poller != nil else {
            loop.sleep(nanoseconds: left)
            return
        }
        poll(milliseconds: left < 0 ? -1 : Int32(clamping: (left + 999_999) / 1_000_000))
    }

    private func poll(milliseconds: Int32) {
        guard let poller, let tokens = try? poller.wait(milliseconds: milliseconds) else { return }
        for token in tokens where token != Poller.wakeToken {
            for chain in watched[Int(token)] { chain.wake() }
        }
    }
}
