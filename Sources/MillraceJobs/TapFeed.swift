// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceSystem
import MillraceWire
import Synchronization

/// A tap as its reader sees it: page after page, whichever executor runs. One thread reads.
///
/// A page is asked for when the one before has come and its reader is back for more, so a slow
/// reader slows nobody, and nothing grows while it sleeps.
package final class TapFeed: Sendable {
    private struct State {
        /// The executor owes a page.
        var isAsked = false
        var page: TapPage?
        var isOver = false
    }

    /// Between two pages.
    private static let pauseMilliseconds: Int64 = 100

    let number: Int
    private let wish: TapWish
    /// False: there is no executor that could take it.
    private let send: @Sendable (ExecutorCommand) -> Bool
    private let onClose: @Sendable () -> Void
    private let poller: Poller
    private let state = Mutex(State())

    init(
        number: Int, _ wish: TapWish, send: @escaping @Sendable (ExecutorCommand) -> Bool,
        onClose: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        self.number = number
        self.wish = wish
        self.send = send
        self.onClose = onClose
        poller = try Poller()
    }

    /// What has come within a tenth of a second: nil when there was no executor, or none that
    /// answered. False: the run is over.
    package func next() throws(SystemError) -> (page: TapPage?, goesOn: Bool) {
        let (isAsked, isOver) = state.withLock { state in
            defer { state.isAsked = true }
            return (state.isAsked, state.isOver)
        }
        if isOver { return (nil, false) }
        if !isAsked, !send(.tap(number, wish)) { state.withLock { $0.isAsked = false } }
        let until = MonotonicClock.now() + Self.pauseMilliseconds * 1_000_000
        while true {
            let left = (until - MonotonicClock.now() + 999_999) / 1_000_000
            if left <= 0 || state.withLock({ $0.isOver }) { break }
            _ = try poller.wait(milliseconds: Int32(left))
        }
        return state.withLock { state in
            defer { state.page = nil }
            return (state.page, !state.isOver)
        }
    }

    /// Nobody reads any more. Once.
    package func close() {
        _ = send(.untap(number))
        onClose()
    }

    /// Any thread.
    func put(_ page: TapPage) {
        state.withLock { state in
            state.page = page
            state.isAsked = false
        }
    }

    /// Any thread: another executor has begun, which owes nothing.
    func begin() { state.withLock { $0.isAsked = false } }

    /// Any thread: the run is over.
    func end() {
        state.withLock { $0.isOver = true }
        poller.wake()
    }
}

/// The taps of a run. Any thread.
final class TapFeeds: Sendable {
    private struct State {
        var feeds: [Int: TapFeed] = [:]
        var last = 0
        var isOver = false
    }

    private let state = Mutex(State())

    /// Throws MR4401 when there are too many, MR7102 when the run is over.
    func open(
        _ wish: TapWish, send: @escaping @Sendable (ExecutorCommand) -> Bool
    ) throws(Failure) -> TapFeed {
        let number = try state.withLock { (state) throws(Failure) in
            guard !state.isOver else { throw Failure(.wrongState, "the run is over") }
            guard state.feeds.count < Limits.tapsMax else {
                throw Failure(
                    .limitReached, "this run has \(Limits.tapsMax) taps, and may have no more",
                    next: "end one of them")
            }
            state.last += 1
            return state.last
        }
        let feed: TapFeed
        do {
            feed = try TapFeed(number: number, wish, send: send) { [self] in
                state.withLock { $0.feeds[number] = nil }
            }
        } catch {
            throw error.failure(.systemRefused)
        }
        let isOver = state.withLock { state in
            state.feeds[number] = feed
            return state.isOver
        }
        if isOver { feed.end() }
        return feed
    }

    func put(_ page: TapPage) { state.withLock { $0.feeds[page.tap] }?.put(page) }

    func begin() { for feed in state.withLock({ $0.feeds }).values { feed.begin() } }

    func end() {
        let feeds = state.withLock { state in
            state.isOver = true
            return state.feeds
        }
        for feed in feeds.values { feed.end() }
    }
}
