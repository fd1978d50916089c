// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceWire
import Synchronization
import Testing

@testable import MillraceJobs

/// An executor that does as it is told.
private final class Told: Sendable {
    private let commands = Mutex<[ExecutorCommand]>([])
    /// False: there is no executor.
    let isThere = Mutex(true)

    var all: [ExecutorCommand] { commands.withLock { $0 } }

    func take(_ command: ExecutorCommand) -> Bool {
        commands.withLock { $0.append(command) }
        return isThere.withLock { $0 }
    }
}

struct TapFeedTests {
    private let told = Told()
    private let feeds = TapFeeds()
    private let wish = TapWish(node: "parse", port: 0, perSecond: 10)

    private func open() throws -> TapFeed {
        try feeds.open(wish) { [told] in told.take($0) }
    }

    @Test func `there is one question at a time, whoever is slow`() throws {
        let feed = try open()
        for _ in 0..<3 { #expect(try feed.next().page == nil) }
        #expect(told.all == [.tap(1, wish)])
        let page = TapPage(tap: 1, passed: 7)
        feeds.put(page)
        // Nobody has come back for more: nothing is asked.
        #expect(told.all.count == 1)
        let (first, goesOn) = try feed.next()
        #expect(first == page && goesOn)
        #expect(try feed.next().page == nil)
        #expect(told.all == [.tap(1, wish), .tap(1, wish)])
    }

    @Test func `the next executor is asked, though the one before owes an answer`() throws {
        let feed = try open()
        _ = try feed.next()
        feeds.begin()
        _ = try feed.next()
        #expect(told.all.count == 2)
        told.isThere.withLock { $0 = false }
        feeds.begin()
        for _ in 0..<2 { _ = try feed.next() }
        #expect(told.all.count == 4)
    }

    @Test
    func `pages of a tap that has been closed go nowhere, and its number does not come again`()
        throws
    {
        let feed = try open()
        feed.close()
        #expect(told.all == [.untap(1)])
        feeds.put(TapPage(tap: 1))
        let next = try open()
        _ = try next.next()
        #expect(told.all.last == .tap(2, wish))
    }

    @Test func `the end of the run ends all taps, and no other one begins`() throws {
        let feed = try open()
        feeds.put(TapPage(tap: 1, passed: 3))
        feeds.end()
        #expect(try !feed.next().goesOn)
        let failure = #expect(throws: Failure.self) { _ = try open() }
        #expect(failure?.code == .wrongState)
    }

    @Test func `there are so many taps and no more`() throws {
        let all = try (0..<Limits.tapsMax).map { _ in try open() }
        let failure = #expect(throws: Failure.self) { _ = try open() }
        #expect(failure?.code == .limitReached)
        all[3].close()
        _ = try open()
    }
}
