// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// What a rate limit promises: nothing lost, nothing early.
@Suite struct RateLimitTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    @Test func `a rate limit loses nothing and lets nothing through early`() throws {
        let clock = ContinuousClock()
        let begin = clock.now
        let result = try sandbox.run(
            "run", "-q", "generate", "count=101", "!", "rate_limit", "rate=200/s", "burst=1", "!",
            "stdout")
        // The first passes at once, each of the other hundred 5 ms after the one before.
        #expect(clock.now - begin >= .milliseconds(500))
        #expect(result.code == 0, "\(result.err)")
        #expect(result.lines.map { String($0) } == (0...100).map(String.init))
    }

    @Test func `a burst passes at once, and a high rate holds nothing back for long`() throws {
        let clock = ContinuousClock()
        let begin = clock.now
        // 2,000 of them at once, the other 48,000 take as many times 10 µs.
        let result = try sandbox.run(
            "run", "-q", "generate", "count=50000", "!", "rate_limit", "rate=100k/s", "burst=2000",
            "!", "assert", "count=50000")
        #expect(clock.now - begin >= .milliseconds(480))
        #expect(result.code == 0, "\(result.err)")
        let slow = try sandbox.run(
            "run", "-q", "generate", "count=1000", "!", "rate_limit", "rate=1/m", "burst=1000", "!",
            "assert", "count=1000")
        #expect(slow.code == 0, "\(slow.err)")
    }

    @Test func `tasks share one rate`() throws {
        let clock = ContinuousClock()
        let begin = clock.now
        let result = try sandbox.run(
            "run", "-q", "generate", "count=200", "!", "[partition=round_robin]", "rate_limit",
            "rate=200/s", "burst=4", "parallelism=4", "!", "assert", "count=200")
        #expect(clock.now - begin >= .milliseconds(980))
        #expect(result.code == 0, "\(result.err)")
    }

    @Test func `a rate of nothing is refused`() throws {
        let result = try sandbox.run("run", "generate", "!", "rate_limit", "rate=0/s", "!", "null")
        #expect(result.code == 65)
        #expect(result.err.contains("rate: expected more than 0"), "\(result.err)")
    }
}
