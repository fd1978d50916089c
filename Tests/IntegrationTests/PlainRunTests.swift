// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Runs without a state directory get over crashes, hangs and kills as those with one do, and leave
/// nothing behind.
@Suite(.serialized) struct PlainRunTests {
    private let sandbox: Sandbox
    private let temporary: String

    init() throws {
        sandbox = try Sandbox()
        temporary = sandbox.folder.appendingPathComponent("tmp").path
        try FileManager.default.createDirectory(
            atPath: temporary, withIntermediateDirectories: true)
    }

    private func start(_ words: String..., temporary: String? = nil) throws -> Running {
        try sandbox.start(
            ["run"] + words, variables: ["TMPDIR": temporary ?? self.temporary])
    }

    private func lines(_ count: Int) throws -> String {
        try sandbox.file("in.txt", (0..<count).map { "line \($0)\n" }.joined())
    }

    /// Everything in a folder of the sandbox, hidden files too.
    private func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(
            atPath: sandbox.folder.appendingPathComponent(folder).path
        ).sorted()
    }

    /// Kills the executor of now; returns once there is another one.
    private func killExecutor(of running: Running) throws {
        let old = try #require(try running.executor())
        #expect(kill(old, SIGKILL) == 0)
        let deadline = Date(timeIntervalSinceNow: 20)
        while running.process.isRunning, Date() < deadline {
            if let new = try running.executor(), new != old { return }
        }
    }

    @Test func `killed executors neither lose nor repeat a line, and nothing is left`() throws {
        let file = try lines(90_000)
        let running = try start(
            "file.source", "path=\(file)", "!", "lines", "!", "rate_limit", "rate=60k/s", "!",
            "file.sink", "path=out/out.txt")
        _ = try running.waitForError("watch:")
        for pause in [0.25, 0.1, 0.3] {
            Thread.sleep(forTimeInterval: pause)
            try killExecutor(of: running)
        }
        let result = running.end()
        #expect(result.code == 0, "\(result.err)")
        #expect(result.err.contains("going on from the last checkpoint"), "\(result.err)")
        #expect(result.err.contains("  out 90 000  "), "\(result.err)")
        #expect(try sandbox.bytes("out/out.txt") == sandbox.bytes("in.txt"))
        #expect(try names("tmp").isEmpty)
        #expect(try names("out") == ["out.txt"])
    }

    @Test func `a count is right after a crash, and nothing comes again`() throws {
        let file = try lines(40_000)
        let running = try start(
            "file.source", "path=\(file)", "!", "lines", "!", "rate_limit", "rate=40k/s", "!",
            "count", "!", "stdout")
        _ = try running.waitForError("watch:")
        try killExecutor(of: running)
        let result = running.end()
        #expect(result.code == 0, "\(result.err)")
        #expect(result.out == "{\"key\": null, \"count\": 40000}\n")
        #expect(result.err.contains("going on from the last checkpoint"))
        #expect(!result.err.contains("again"), "\(result.err)")
    }

    @Test func `what standard output shows again is told at once and at the end`() throws {
        let running = try start("generate", "count=3000", "rate=2k/s", "!", "stdout")
        try running.waitForOutput("\n", times: 200)
        try killExecutor(of: running)
        let result = running.end()
        #expect(result.code == 0, "\(result.err)")
        #expect(Set(result.lines) == Set((0..<3_000).map { Substring("\($0)") }))
        let again = result.lines.count - 3_000
        #expect(again > 0)
        #expect(result.err.contains("records come again"))
        let told = try #require(
            result.err.firstMatch(of: /stdout was given ([0-9 ]+) records again after a failure/))
        // What it was given and had not written yet comes once.
        let count = try #require(Int(told.1.filter(\.isNumber)))
        #expect(count >= again, "\(result.err)")
    }

    @Test(arguments: ["segv", "exit", "hang"])
    func `a record that ends its operator each time is taken out`(how: String) throws {
        let file = try lines(5_000)
        let topology = try sandbox.file(
            "t.yaml",
            """
            millrace: 1
            nodes:
              in: {use: file.source, with: {path: \(file)}}
              l: {use: lines, from: in}
              f:
                use: fail
                from: l
                with: {how: \(how), contains: line 777}
                watchdog: {soft: 100ms, hard: 300ms}
              out: {use: file.sink, from: f, with: {path: out.txt}}
            """)
        let result = try start(topology).end()
        #expect(result.code == 0, "\(result.err)")
        #expect(result.err.contains("  dead-lettered 1\n"), "\(result.err)")
        #expect(result.err.contains("1 dead letter removed with the run; --state-dir keeps them"))
        let wanted = try sandbox.shell("grep -vx 'line 777' in.txt")
        #expect(try sandbox.bytes("out.txt") == Data(wanted.utf8))
        #expect(try names("tmp").isEmpty)
    }

    @Test func `a crash that comes again and again ends the run with its report`() throws {
        let result = try start(
            "generate", "count=10", "!", "fail", "how=segv", "call=stop", "!", "null"
        ).end()
        #expect(result.code == 1)
        #expect(
            result.err.contains(
                "error MR4101  fail#0 crashed in stop: SIGSEGV at 0x10 (operator fail 1.1.0, "
                    + "libmr_fail.so); going back to the last checkpoint did not help"),
            "\(result.err)")
        #expect(try names("tmp").isEmpty)
    }

    @Test func `what cannot be read again is not lost in silence`() throws {
        let result = try start(
            "generate", "count=10", "!", "fail", "how=segv", "after=2", "!", "bench.count", "!",
            "null"
        ).end()
        #expect(result.code == 1)
        #expect(result.err.contains("error MR4101  fail#0 crashed in process"), "\(result.err)")
        #expect(
            result.err.contains("it did not go on from a checkpoint: ")
                && result.err.contains("neither saves state nor says that it has none"),
            "\(result.err)")
        #expect(try names("tmp").isEmpty)
    }

    @Test func `at most once saves nothing and ends at the first crash`() throws {
        let topology = try sandbox.file(
            "t.yaml",
            """
            millrace: 1
            checkpoint: {guarantee: at_most_once}
            nodes:
              in: {use: generate}
              f: {use: fail, from: in, with: {how: segv, after: 3}}
              out: {use: "null", from: f}
            """)
        let result = try start(topology).end()
        #expect(result.code == 1)
        #expect(result.err.contains("error MR4101"), "\(result.err)")
        #expect(!result.err.contains("checkpoint"), "\(result.err)")
    }

    @Test func `a run that is killed leaves what the next one removes, if nobody lives in it`()
        throws
    {
        let live = try start("generate", "rate=10/s", "!", "null")
        _ = try live.waitForError("watch:")
        let mine = try names("tmp")
        #expect(mine.count == 1)
        let dead = try start(
            "generate", "size=1KiB", "rate=100k/s", "!", "file.sink", "path=out/out.txt")
        _ = try dead.waitForError("watch:")
        let deadline = Date(timeIntervalSinceNow: 20)
        // More than is held in memory is hidden beside the output.
        while try !names("").contains("out") || names("out").allSatisfy({ !$0.hasPrefix(".") }),
            Date() < deadline
        {}
        dead.signal(SIGKILL)
        _ = dead.end()
        #expect(try names("tmp").count == 2)
        _ = try sandbox.file("out/.out.txt.0123-4-5-6-7.staged", "of somebody else")
        let ps = try sandbox.start(["ps"], variables: ["TMPDIR": temporary]).end()
        #expect(ps.code == 0)
        #expect(try names("tmp") == mine)
        #expect(
            try names("out").filter { $0.hasPrefix(".") } == [".out.txt.0123-4-5-6-7.staged"])
        live.signal(SIGTERM)
        #expect(live.end().code == 0)
        #expect(try names("tmp").isEmpty)
    }

    @Test func `without a place for checkpoints a run says where it wants one`() throws {
        let result = try start(
            "generate", "count=1", "!", "null", temporary: "\(temporary)/none"
        ).end()
        #expect(result.code == 74)
        #expect(result.err.contains("error MR6002"), "\(result.err)")
        #expect(result.err.contains("set TMPDIR"), "\(result.err)")
    }

    @Test func `a run that is over has no state, whatever it ended by`() throws {
        // The end of a plain run is the end of its data.
        let timed = try start(
            "generate", "rate=1k/s", "!", "count", "!", "stdout", "--for", "300ms"
        ).end()
        #expect(timed.code == 0)
        #expect(timed.out.contains("\"count\": "), "\(timed.out)")
        let running = try start("generate", "rate=1k/s", "!", "stdout")
        try running.waitForOutput("\n", times: 9)
        running.signal(SIGINT)
        #expect(running.end().code == 0)
        #expect(try names("tmp").isEmpty)
    }
}
