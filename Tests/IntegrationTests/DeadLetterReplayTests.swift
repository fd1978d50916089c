// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// `dlq replay`: refused records that go back to their node, with real processes.
@Suite(.serialized) struct DeadLetterReplayTests {
    private let sandbox: Sandbox
    /// What the operator takes when it is mended.
    private static let mended = ["--set", "f.contains=nothing"]

    init() throws { sandbox = try Sandbox() }

    /// Lines, each `every`th of them one that `f` refuses.
    private func input(_ count: Int, every: Int) throws -> (good: [String], bad: [String]) {
        let all = (0..<count).map { "\($0 % every == every - 1 ? "bad" : "good") \($0)" }
        _ = try sandbox.file("in.txt", all.joined(separator: "\n") + "\n")
        return (all.filter { $0.hasPrefix("good") }, all.filter { $0.hasPrefix("bad") })
    }

    private func topology(how: String = "data", slow: String? = nil, f: String = "f") throws
        -> String
    {
        let from = "{node: \(f), queue: 16}"
        let pace = slow.map { "  pace: {use: rate_limit, from: \(from), with: {rate: \($0)}}\n" }
        let last = slow == nil ? f : "pace"
        return try sandbox.file(
            "t.yaml",
            """
            millrace: 1
            dead_letter: {limit: 100k/m}
            checkpoint: {every: 100ms}
            nodes:
              in: {use: file.source, with: {path: in.txt}}
              l: {use: lines, from: in}
              \(f): {use: fail, from: l, with: {how: \(how), contains: bad, times: 100000}}
            \(pace ?? "")  out: {use: file.sink, from: \(last), with: {path: out.txt}}
            """)
    }

    private func run(_ words: String...) throws -> Running.Result {
        try sandbox.start(["run", "--state-dir", "state"] + words).end()
    }

    private func dlq(_ words: String...) throws -> Running.Result {
        try sandbox.start(["dlq"] + words).end()
    }

    private func out() throws -> [String] {
        String(decoding: try sandbox.bytes("out.txt"), as: UTF8.self).split(separator: "\n").map(
            String.init)
    }

    /// Open letters without what differs from refusal to refusal.
    private func letters() throws -> [[String: AnyHashable]] {
        let items = try dlq("show", "state", "-o", "json").json()["items"] as? [[String: Any]]
        return try #require(items).map { item in
            item.filter { ["node", "code", "key", "time", "value"].contains($0.key) }
                .compactMapValues { $0 as? AnyHashable }
        }
    }

    private var openValues: [String] {
        get throws { try letters().compactMap { $0["value"] as? String }.sorted() }
    }

    /// Until something is killed, at another moment each time.
    private func pause(_ count: Int, of seconds: Double) {
        Thread.sleep(forTimeInterval: Double(count) * seconds)
    }

    @Test func `a job that has finished goes on with them, once`() throws {
        let (good, bad) = try input(100, every: 10)
        let file = try topology()
        #expect(try run(file).code == 0)
        #expect(try out() == good)
        let sent = try dlq("replay", "state/f", "--limit", "4")
        #expect(sent.code == 0 && sent.err.hasPrefix("4 dead letters sent back to f\nnext: "))
        #expect(try openValues == bad[4...].sorted())
        #expect(try dlq("replay", "state").err.hasPrefix("6 dead letters sent back to f\n"))
        #expect(try dlq("replay", "state").err.hasPrefix("none more: 10 dead letters sent back "))
        #expect(
            try dlq("list", "state").err
                == "10 dead letters given back by the next run with this state directory\n")
        let again = try sandbox.start(["run", "--state-dir", "state", file] + Self.mended).end()
        #expect(again.code == 0, "\(again.err)")
        #expect(again.err.contains(" 10 dead letters given back to f\n"), "\(again.err)")
        #expect(try out().prefix(good.count) == good[...])
        #expect(try out().dropFirst(good.count).sorted() == bad.sorted())
        #expect(try dlq("list", "state").err == "nothing was refused\n")
        #expect(try sandbox.shell("ls state/dlq/replay; ls state/dlq/*.ndjson 2>/dev/null").isEmpty)
        let last = try run(file)
        #expect(last.code == 0 && last.err.contains("has finished"), "\(last.err)")
        #expect(try out().count == 100)
        let none = try dlq("replay", "state")
        #expect(none.code == 69 && none.err.contains("error MR7004"), "\(none.err)")
    }

    @Test func `what is refused again is a letter again, with key and time`() throws {
        let words = [
            "generate", "count=5", "keys=2", "value=bad", "!", "fail", "how=data", "contains=bad",
            "times=100", "name=f", "!", "null",
        ]
        #expect(try sandbox.start(["run", "--state-dir", "state"] + words).end().code == 0)
        let before = try letters()
        #expect(before.count == 5 && Set(before.map { $0["key"] }) == ["k0", "k1"])
        let first = try dlq("list", "state", "-o", "json").out
        #expect(try dlq("replay", "state", "-o", "json").out.hasPrefix(#"{"items":[{"node":"f","#))
        #expect(try letters().isEmpty)
        #expect(try sandbox.start(["run", "--state-dir", "state"] + words).end().code == 0)
        #expect(try NSCountedSet(array: letters()) == NSCountedSet(array: before))
        #expect(try dlq("list", "state", "-o", "json").out != first)
    }

    @Test func `none is lost and none comes twice, whatever is killed`() throws {
        let (good, bad) = try input(9_000, every: 2)
        let file = try topology(slow: "10k/s")
        let words = ["run", "--state-dir", "state", file]
        // Killed while it refuses: the letters of some epochs are there.
        let refusing = try sandbox.start(words)
        _ = try refusing.waitForError("watch:")
        try sandbox.shell(
            "for i in $(seq 900); do compgen -G 'state/dlq/*.ndjson' && exit; sleep 0.01; done")
        refusing.signal(SIGKILL)
        _ = refusing.end()
        for life in 0..<2 {
            for step in 0..<3 {
                let sending = try sandbox.start(["dlq", "replay", "state", "--limit", "300"])
                pause((life * 3 + step * 7) % 13, of: 0.003)
                sending.signal(SIGKILL)
                _ = sending.end()
            }
            _ = try dlq("replay", "state", "--limit", "500")
            let giving = try sandbox.start(words + Self.mended)
            _ = try giving.waitForError("watch:")
            pause(3 + life, of: 0.05)
            if let executor = try giving.executor() { kill(executor, SIGKILL) }
            pause(life, of: 0.2)
            giving.signal(SIGKILL)
            _ = giving.end()
        }
        #expect(try sandbox.start(words + Self.mended).end().code == 0)
        let before = try out().count
        _ = try dlq("replay", "state")
        let last = try sandbox.start(words + Self.mended)
        // Some of them are in a claimed epoch, and the next attempt goes on from there.
        let deadline = Date(timeIntervalSinceNow: 20)
        while try out().count == before, Date() < deadline { pause(1, of: 0.005) }
        if let executor = try last.executor() { kill(executor, SIGKILL) }
        let end = last.end()
        #expect(end.code == 0 && end.err.contains("going on from the last"), "\(end.err)")
        #expect(try out().sorted() == (good + bad).sorted())
        #expect(try openValues.isEmpty)
    }

    @Test func `a record that killed its operator is let go from quarantine`() throws {
        let (good, bad) = try input(400, every: 400)
        let file = try topology(how: "segv")
        #expect(try run(file).code == 0)
        #expect(try out() == good && letters().map { $0["code"] } == ["MR4101"])
        #expect(try dlq("replay", "state/f", "--code", "MR4101").code == 0)
        let again = try sandbox.start(["run", "--state-dir", "state", file] + Self.mended).end()
        #expect(again.code == 0, "\(again.err)")
        #expect(try out() == good + bad)
        #expect(try openValues.isEmpty)
    }

    @Test func `a run that goes on gives them back when it is started again`() throws {
        let file = try sandbox.file(
            "on.yaml",
            """
            millrace: 1
            checkpoint: {every: 50ms}
            nodes:
              in: {use: generate, with: {rate: 1k/s, count: 800}}
              f: {use: fail, from: in, with: {how: data, contains: "7", times: 1000}}
              out: {use: file.sink, from: f, with: {path: out.txt}}
            """)
        let words = ["run", "--state-dir", "state", file]
        let running = try sandbox.start(words)
        let text = try running.waitForError("watch: millrace top ")
        let job = try #require(text.components(separatedBy: "millrace top ").last?.prefix(8))
        let deadline = Date(timeIntervalSinceNow: 20)
        while try dlq("list", String(job)).out.isEmpty, Date() < deadline {}
        let busy = try dlq("replay", "state", "--cancel")
        #expect(busy.code == 69 && busy.err.contains("error MR6106"), "\(busy.err)")
        let sent = try dlq("replay", String(job)).err
        #expect(sent.contains("sent back to f\nnext: `millrace stop \(job)`, then run "), "\(sent)")
        running.signal(SIGTERM)
        #expect(running.end().code == 0)
        let again = try sandbox.start(words + Self.mended).end()
        #expect(again.code == 0, "\(again.err)")
        #expect(try dlq("replay", "state").code < 70)
        #expect(try sandbox.start(words + Self.mended).end().code == 0)
        #expect(try out().sorted() == (0..<800).map(String.init).sorted())
    }

    @Test func `another node takes them, and mistakes are told`() throws {
        let (_, bad) = try input(50, every: 10)
        let file = try topology()
        let tail =
            "  fix: {use: pass, from: l, parallelism: 2}\n"
            + "  fixed: {use: file.sink, from: fix, with: {path: fixed.txt}}\n"
        let both = try sandbox.file(
            "both.yaml", String(contentsOfFile: file, encoding: .utf8) + "\n" + tail)
        #expect(try run(both).code == 0)
        for (node, text) in [
            ("fixx", "did you mean `fix`?"), ("in", "is a source"), ("none", "its nodes are "),
        ] {
            let wrong = try dlq("replay", "state", "--to", node)
            #expect(wrong.code == 1 && wrong.err.contains("error MR4403"), "\(wrong.err)")
            #expect(wrong.err.contains(text), "\(wrong.err)")
        }
        #expect(try dlq("replay", "state/f").code == 0)
        let gone = try run(try topology(f: "g"))
        #expect(gone.code == 1 && gone.err.contains("error MR4403  f: dead letters"), "\(gone.err)")
        #expect(try dlq("replay", "state", "--cancel").err == "5 dead letters open again\n")
        #expect(try openValues == bad.sorted())
        #expect(try dlq("replay", "state", "--to", "fix").code == 0)
        #expect(try run(both).code == 0)
        #expect(
            try sandbox.shell("grep bad fixed.txt | sort | uniq -c | awk '{print $1}' | sort -u")
                == "2\n")
        #expect(try openValues.isEmpty)
    }

    @Test func `a damaged file is told and nothing of it is used`() throws {
        _ = try input(20, every: 10)
        #expect(try run(try topology()).code == 0)
        #expect(try dlq("replay", "state").code == 0)
        try sandbox.shell("for f in state/dlq/replay/*; do printf x >> $f; done")
        for words in [["list", "state"], ["replay", "state"]] {
            let result = try sandbox.start(["dlq"] + words).end()
            #expect(result.code == 74 && result.err.contains("error MR6004"), "\(result.err)")
        }
        let result = try run(try topology())
        #expect(result.code == 74 && result.err.contains("error MR6004"), "\(result.err)")
    }
}
