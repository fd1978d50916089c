// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Runs with a state directory, whose processes are killed or stopped at random moments: what their
/// sinks have written in the end is, byte for byte, what a run without a fault writes.
@Suite(.serialized) struct RecoveryTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    /// SplitMix64, so that a failure can be repeated.
    private struct Chance {
        var state: UInt64

        mutating func milliseconds(_ range: ClosedRange<UInt64>) -> TimeInterval {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            let drawn = range.lowerBound + mixed % (range.upperBound - range.lowerBound + 1)
            return TimeInterval(drawn) / 1_000
        }
    }

    private func text(lines: Int) throws -> String {
        var text = ""
        for number in 0..<lines { text += "word\(number % 97) \(number) some more of it\n" }
        return try sandbox.file("in.txt", text)
    }

    /// Starts a line whose records take about two seconds, whatever the machine can do.
    private func start(_ words: [String]) throws -> Running {
        try sandbox.start(["run", "--state-dir", "state"] + words)
    }

    private func copying(_ file: String) -> [String] {
        [
            "file.source", "path=\(file)", "!", "lines", "!", "rate_limit", "rate=60k/s", "!",
            "file.sink", "path=out.txt",
        ]
    }

    /// Kills its executor so many times, if it lives so long; how many it were.
    private func killExecutors(of running: Running, times: Int, seed: UInt64) throws -> Int {
        var chance = Chance(state: seed)
        var kills = 0
        while kills < times, running.process.isRunning {
            Thread.sleep(forTimeInterval: chance.milliseconds(20...400))
            guard let executor = try running.executor() else { continue }
            if kill(executor, SIGKILL) == 0 { kills += 1 }
        }
        return kills
    }

    @Test(arguments: 1...6)
    func `killed executors neither lose nor repeat a line`(seed: Int) throws {
        let file = try text(lines: 120_000)
        let running = try start(copying(file))
        let kills = try killExecutors(of: running, times: 6, seed: UInt64(seed))
        let result = running.end()
        #expect(result.code == 0, "\(result.err)")
        #expect(kills >= 2)
        #expect(try sandbox.bytes("out.txt") == sandbox.bytes("in.txt"), "seed \(seed)")
    }

    @Test(arguments: 11...13)
    func `counts go on from where they were saved`(seed: Int) throws {
        let file = try text(lines: 60_000)
        let plain = try sandbox.run(
            "run", "file.source", "path=\(file)", "!", "words", "!", "count", "!", "file.sink",
            "path=wanted.txt")
        #expect(plain.code == 0, "\(plain.err)")
        let running = try start([
            "file.source", "path=\(file)", "!", "lines", "!", "rate_limit", "rate=30k/s", "!",
            "words", "!", "count", "!", "file.sink", "path=out.txt",
        ])
        _ = try killExecutors(of: running, times: 4, seed: UInt64(seed))
        let result = running.end()
        #expect(result.code == 0, "\(result.err)")
        #expect(try sandbox.bytes("out.txt") == sandbox.bytes("wanted.txt"), "seed \(seed)")
    }

    @Test(arguments: [SIGINT, SIGKILL])
    func `a run that was stopped or killed goes on when it is started again`(
        signal: Int32
    ) throws {
        let file = try text(lines: 120_000)
        var chance = Chance(state: UInt64(signal))
        for _ in 0..<3 {
            let running = try start(copying(file))
            Thread.sleep(forTimeInterval: chance.milliseconds(300...900))
            running.signal(signal)
            let result = running.end()
            #expect(result.code == (signal == SIGKILL ? -SIGKILL : 0), "\(result.err)")
        }
        let last = try start(copying(file)).end()
        #expect(last.code == 0, "\(last.err)")
        #expect(try sandbox.bytes("out.txt") == sandbox.bytes("in.txt"))
        let again = try start(copying(file)).end()
        #expect(again.code == 0)
        #expect(again.err.contains("has finished"), "\(again.err)")
        #expect(try sandbox.bytes("out.txt") == sandbox.bytes("in.txt"))
    }

    @Test func `what a killed executor was writing goes with the next attempt`() throws {
        let running = try start(copying(try text(lines: 120_000)))
        _ = try running.waitForError("watch:")
        let left = try sandbox.file("state/state/1-1-0-5eed.seg.4711.99.part", "half of it")
        #expect(kill(try #require(try running.executor()), SIGKILL) == 0)
        let result = running.end()
        #expect(result.code == 0, "\(result.err)")
        #expect(!FileManager.default.fileExists(atPath: left))
    }

    @Test func `a hanging operator is ended and the run goes on`() throws {
        let topology = try sandbox.file(
            "hang.yaml",
            """
            millrace: 1
            name: hang
            nodes:
              in: {use: generate, with: {count: 20000, rate: 10k/s, value: v}}
              once:
                use: fail
                from: in
                with: {how: hang, after: 9000, once: \(sandbox.folder.path)/hung}
                watchdog: {soft: 200ms, hard: 600ms}
              out: {use: file.sink, from: once, with: {path: out.txt}}
            """)
        let result = try start([topology]).end()
        #expect(result.code == 0, "\(result.err)")
        #expect(result.err.contains("MR4102"), "\(result.err)")
        #expect(try sandbox.bytes("out.txt").count == 40_000)
    }

    @Test func `a state directory belongs to one run at a time`() throws {
        let first = try start(["generate", "rate=100/s", "!", "null"])
        _ = try first.waitForError("watch:")
        let second = try start(["generate", "count=1", "!", "null"]).end()
        #expect(second.err.contains("error MR6106"), "\(second.err)")
        #expect(second.code != 0)
        first.signal(SIGTERM)
        #expect(first.end().code == 0)
    }

    @Test func `a damaged checkpoint is refused, and nothing older is used instead`() throws {
        let file = try text(lines: 240_000)
        let running = try start(copying(file))
        try sandbox.waitForCheckpoint()
        running.signal(SIGKILL)
        _ = running.end()
        try sandbox.shell(
            "for f in state/state/*.seg; do printf X | dd of=$f bs=1 seek=70 conv=notrunc; done")
        let result = try start(copying(file)).end()
        #expect(result.code != 0)
        #expect(result.err.contains("error MR6004"), "\(result.err)")
    }

    @Test func `state of a node that is gone is not forgotten in silence`() throws {
        let running = try start(["generate", "rate=1k/s", "keys=5", "!", "count", "!", "null"])
        _ = try running.waitForError("watch:")
        Thread.sleep(forTimeInterval: 0.5)
        running.signal(SIGINT)
        #expect(running.end().code == 0)
        let result = try start(["generate", "rate=1k/s", "!", "null"]).end()
        #expect(result.code == 65)
        #expect(result.err.contains("error MR2311"), "\(result.err)")
    }
}
