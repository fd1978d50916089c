// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Standard input in runs that keep their state: what has been read is neither lost nor repeated,
/// whoever dies. What a dead run had not read is fed again here, from where its journal ends.
@Suite(.serialized) struct JournalTests {
    private let sandbox: Sandbox
    private let copying = [
        "stdin", "!", "lines", "!", "rate_limit", "rate=400k/s", "!", "file.sink", "path=out.txt",
    ]

    init() throws { sandbox = try Sandbox() }

    /// Numbered lines of different lengths, the last one without its end.
    private func input(lines: Int, of name: String = "in.txt") throws {
        let script = "printf \"%d %.*s\\n\", i, i % 61, \"\(String(repeating: "x", count: 60))\""
        try sandbox.shell(
            "awk 'BEGIN { for (i = 0; i < \(lines); i++) \(script) }' | head -c -1 > \(name)")
    }

    /// Bytes that the journal has taken since the job began.
    private func taken() throws -> Int {
        let folder = sandbox.folder.appendingPathComponent("state/journal/stdin/0").path
        guard FileManager.default.folderExists(folder) else { return 0 }
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        guard let last = names.filter({ $0.hasSuffix(".jnl") }).max() else { return 0 }
        let facts = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(last)")
        return try #require(Int(last.dropLast(4))) + (facts[.size] as? Int ?? 0)
    }

    private func waitUntilTaken(_ count: Int) throws {
        try sandbox.wait(for: "byte \(count)") { try taken() >= count }
    }

    private func start(from byte: Int = 0, _ words: [String]? = nil) throws -> Running {
        try sandbox.start(
            ["run", "--state-dir", "state"] + (words ?? copying),
            fedBy: "tail -c +\(byte + 1) in.txt")
    }

    /// `out.txt` ends with a newline that the input has not.
    private func expectWhole(_ what: String = "") throws {
        let (out, wanted) = (try sandbox.bytes("out.txt"), try sandbox.bytes("in.txt"))
        #expect(out.dropLast() == wanted && out.last == 10, "\(what): \(out.count) bytes")
    }

    private func killExecutors(of running: Running, times: Int, seed: Int) throws -> Int {
        var kills = 0
        while kills < times, running.process.isRunning {
            Thread.sleep(
                forTimeInterval: 0.03 + Double((seed * 7919 + kills * 104_729) % 300) / 1000)
            guard let executor = try running.executor() else { continue }
            if kill(executor, SIGKILL) == 0 { kills += 1 }
        }
        return kills
    }

    @Test(arguments: 1...3)
    func `killed executors neither lose nor repeat a byte`(seed: Int) throws {
        try input(lines: 500_000)
        let running = try start()
        let kills = try killExecutors(of: running, times: 3, seed: seed)
        let result = running.end()
        #expect(result.code == 0, "\(result.err)")
        #expect(kills >= 2)
        try expectWhole("seed \(seed)")
    }

    @Test(arguments: [SIGKILL, SIGINT])
    func `a run that was killed or stopped goes on with what it had read, then with new input`(
        signal: Int32
    ) throws {
        try input(lines: 1_000_000)
        for round in 0..<4 {
            let running = try start(from: try taken())
            Thread.sleep(forTimeInterval: 0.2 + Double(round) / 5)
            running.signal(signal)
            let result = running.end()
            #expect(result.code == (signal == SIGKILL ? -SIGKILL : 0), "\(result.err)")
        }
        let last = try start(from: try taken()).end()
        #expect(last.code == 0, "\(last.err)")
        try expectWhole()
    }

    @Test func `nothing is lost where bytes are taken at full speed`() throws {
        try input(lines: 3_000_000)
        let size = try sandbox.bytes("in.txt").count
        let words = ["stdin", "!", "lines", "!", "file.sink", "path=out.txt"]
        var kills = 0
        // A job that has taken everything may have finished before it could be killed.
        for round in 0..<10 where try taken() < size {
            kills += 1
            let running = try start(from: try taken(), words)
            _ = try running.waitForError("watch:")
            Thread.sleep(forTimeInterval: 0.01 + Double(round) / 40)
            if let executor = try running.executor() { kill(executor, SIGKILL) }
            Thread.sleep(forTimeInterval: 0.1 + Double(round) / 70)
            running.signal(SIGKILL)
            _ = running.end()
        }
        #expect(kills > 2)
        #expect(try start(from: try taken(), words).end().code == 0)
        try expectWhole()
    }

    @Test func `a line that was cut by the end of a run is one line`() throws {
        let words = ["run", "--state-dir", "state", "stdin", "!", "lines", "!", "file.sink"]
        let first = try sandbox.start(words + ["path=out.txt"])
        first.inputHandle.write(Data("whole\nbegin".utf8))
        _ = try first.waitForError("watch:")
        try waitUntilTaken(11)
        first.signal(SIGTERM)
        #expect(first.end().code == 0)
        let second = try sandbox.start(words + ["path=out.txt"])
        second.write("ning\nlast\n")
        #expect(second.end().code == 0)
        #expect(try sandbox.bytes("out.txt") == Data("whole\nbeginning\nlast\n".utf8))
    }

    @Test func `an input that has ended is over, also for a new pipe`() throws {
        // As many as the lane behind `lines` has room for.
        try input(lines: 900)
        let slow = [
            "stdin", "!", "lines", "!", "[partition=round_robin]", "rate_limit", "rate=300/s", "!",
            "file.sink", "path=out.txt",
        ]
        let running = try start(from: 0, slow)
        _ = try running.waitForError("watch:")
        let size = try sandbox.bytes("in.txt").count
        try waitUntilTaken(size)
        // The end follows the last byte at once, the last line two seconds later.
        Thread.sleep(forTimeInterval: 0.3)
        running.signal(SIGKILL)
        _ = running.end()
        let again = try sandbox.start(
            ["run", "--state-dir", "state"] + slow, fedBy: "echo more; sleep 20")
        let result = again.end()
        #expect(result.code == 0)
        #expect(result.err.contains("its input ended in an earlier run"), "\(result.err)")
        try expectWhole()
    }

    @Test func `a savepoint has all that was taken, without a journal`() throws {
        try input(lines: 1_000_000)
        let running = try start()
        let text = try running.waitForError("watch: millrace top run-")
        let job = try #require(text.split { $0 == " " || $0 == "\n" }.last)
        Thread.sleep(forTimeInterval: 0.5)
        #expect(try sandbox.run("stop", String(job), "--savepoint", "point").code == 0)
        #expect(running.end().code == 0)
        let rest = try sandbox.start(
            ["run", "--from", "point", "--state-dir", "other"] + copying,
            fedBy: "tail -c +\(try taken() + 1) in.txt"
        ).end()
        #expect(rest.code == 0, "\(rest.err)")
        try expectWhole()
    }

    @Test func `a private state folder has a journal, too`() throws {
        try input(lines: 400_000)
        let topology = try sandbox.file(
            "private.yaml",
            """
            millrace: 1
            name: private
            nodes:
              in: {use: stdin}
              lines: {use: lines, from: in}
              slow: {use: rate_limit, from: lines, with: {rate: 200k/s}}
              out: {use: file.sink, from: slow, with: {path: out.txt}}
            restart: {backoff: 0s..1s}
            """)
        let running = try sandbox.start(["run", topology], fedBy: "cat in.txt")
        let kills = try killExecutors(of: running, times: 3, seed: 5)
        let result = running.end()
        #expect(result.code == 0 && kills > 0, "\(result.err)")
        try expectWhole()
    }

    @Test(arguments: ["jnl", "sum"])
    func `damage is told with its place, and nothing is read instead`(_ suffix: String) throws {
        let topology = try sandbox.file(
            "rare.yaml",
            """
            millrace: 1
            name: rare
            nodes:
              stdin: {use: stdin}
              lines: {use: lines, from: stdin}
              out: {use: stdout, from: lines}
            checkpoint: {every: 1h}
            """)
        // A range gets its sum after 256 KiB, or with a checkpoint: only the first one comes here.
        let lines = (0..<40_000).map { "line \($0)\n" }.joined()
        let running = try sandbox.start(["run", "--state-dir", "state", topology])
        try sandbox.waitForCheckpoint()
        running.inputHandle.write(Data(lines.utf8))
        _ = try running.waitForOutput("line 39999\n")
        running.signal(SIGKILL)
        _ = running.end()
        try sandbox.shell("cp -r state whole")
        for place in [30, 500, 9_000] where suffix == "jnl" || place < 44 {
            try sandbox.shell(
                """
                rm -rf state; cp -r whole state
                for f in state/journal/stdin/0/*.\(suffix); do
                  printf '\\377' | dd of=$f bs=1 seek=\(place) conv=notrunc; done
                """)
            let result = try sandbox.run("run", "--state-dir", "state", topology)
            #expect(result.code != 0 && result.err.contains("error MR6004"), "\(result.err)")
            #expect(result.err.contains("/journal/stdin/0/000"), "\(result.err)")
        }
        try sandbox.shell("rm -rf state; cp -r whole state")
        let whole = try sandbox.run("run", "--state-dir", "state", topology)
        #expect(whole.code == 0 && whole.out.hasSuffix("line 39999\n"), "\(whole.err)")
    }

    @Test func `a full disk pauses the input, and nothing is lost`() throws {
        try input(lines: 600_000)
        let topology = try sandbox.file(
            "small.yaml",
            """
            millrace: 1
            name: small
            nodes:
              in: {use: stdin}
              lines: {use: lines, from: in}
              out: {use: file.sink, from: lines, with: {path: out.txt}}
            checkpoint: {every: 200ms, retain: 1}
            """)
        // A file system of 6 MiB for the state, in a mount namespace of its own; where that is not
        // allowed, there is nothing to see.
        let script = """
            mkdir state && mount -t tmpfs -o size=6m none state || { echo no-mount; exit 0; }
            exec '\(try Sandbox.program.path)' run --state-dir state '\(topology)' < <(cat in.txt)
            """
        let result = try Running(
            URL(fileURLWithPath: "/usr/bin/unshare"), ["-m", "bash", "-c", script],
            in: sandbox.folder, [:]
        ).end()
        if result.out.contains("no-mount") || result.err.contains("unshare:") { return }
        #expect(result.code == 0, "\(result.err)")
        #expect(result.err.contains("cannot go on now"), "\(result.err)")
        try expectWhole()
    }
}
