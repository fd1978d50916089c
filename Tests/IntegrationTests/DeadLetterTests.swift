// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// What becomes of records that an operator refuses, or that kill it, with real processes.
@Suite(.serialized) struct DeadLetterTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    /// Lines of JSON, and each `every`th of them is none.
    private func input(_ count: Int, every: Int) throws -> (good: [String], bad: [String]) {
        let all = (0..<count).map { number in
            number % every == every - 1 ? "no json \(number)" : "{\"n\":\(number)}"
        }
        _ = try sandbox.file("in.txt", all.joined(separator: "\n") + "\n")
        return (all.filter { $0.hasPrefix("{") }, all.filter { !$0.hasPrefix("{") })
    }

    private func topology(
        _ node: String = "", top: String = "", slow: String? = nil, tail: String = ""
    ) throws -> String {
        let pace = slow.map { "  pace: {use: rate_limit, from: l, with: {rate: \($0)}}\n" } ?? ""
        return try sandbox.file(
            "t.yaml",
            """
            millrace: 1
            \(top)
            nodes:
              in: {use: file.source, with: {path: in.txt}}
              l: {use: lines, from: in}
            \(pace)  parse: {use: json.decode, from: \(slow == nil ? "l" : "pace")\(node)}
              out: {use: file.sink, from: parse, with: {path: out.txt}}
            \(tail)
            """)
    }

    private func lines(_ name: String) throws -> [String] {
        String(decoding: try sandbox.bytes(name), as: UTF8.self).split(separator: "\n").map(
            String.init)
    }

    private struct Letter: Decodable {
        var node: String
        var code: String
        var text: String
        var sequence: Int
        var value: String
    }

    private struct Letters: Decodable { var items: [Letter] }

    /// Of the state directory, as `dlq show` tells them.
    private func letters(_ words: String...) throws -> [Letter] {
        let result = try sandbox.start(["dlq", "show", "-o", "json"] + words).end()
        #expect(result.code == 0, "\(result.err)")
        return try JSONDecoder().decode(Letters.self, from: Data(result.out.utf8)).items
    }

    @Test func `without a state directory refused records are counted and logged`() throws {
        let (good, _) = try input(100, every: 10)
        let result = try sandbox.run("run", try topology())
        #expect(result.code == 0)
        #expect(result.err.contains("  dead-lettered 10\n"), "\(result.err)")
        #expect(result.err.contains("record 9 of lane 0 is a dead letter: no JSON"))
        #expect(result.err.components(separatedBy: "MR4001").count == 6, "\(result.err)")
        #expect(try lines("out.txt") == good)
    }

    @Test func `they can be dropped, or end the run`() throws {
        let (good, _) = try input(100, every: 10)
        let dropping = try sandbox.run("run", try topology(", on_error: drop"))
        #expect(dropping.code == 0 && dropping.err.contains("  dead-lettered 0\n"))
        #expect(try lines("out.txt") == good)
        let failing = try sandbox.run(
            "run", "--state-dir", "state",
            try topology(top: "defaults: {on_error: fail}"))
        #expect(failing.code == 1)
        #expect(failing.err.contains("error MR4001  parse: json.decode"), "\(failing.err)")
        #expect(!failing.err.contains("going on from"))
    }

    @Test func `a port errors gives them to the next node, with the reason`() throws {
        let (good, bad) = try input(3_000, every: 3)
        let tail = "  dead: {use: file.sink, from: parse.errors, with: {path: dead.txt}}"
        let result = try sandbox.run("run", try topology(tail: tail))
        #expect(result.code == 0, "\(result.err)")
        #expect(result.err.contains("  dead-lettered 1 000\n"), "\(result.err)")
        #expect(try lines("out.txt") == good)
        let letters = try lines("dead.txt").map {
            try JSONDecoder().decode(Letter.self, from: Data($0.utf8))
        }
        #expect(letters.map(\.value) == bad)
        #expect(letters.allSatisfy { $0.node == "parse" && $0.code == "MR4001" })
        #expect(letters.map(\.sequence) == (0..<1_000).map { 3 * $0 + 2 })
    }

    @Test func `more than the limit ends the run, and it can go on from there`() throws {
        let (good, bad) = try input(100, every: 5)
        let top = "dead_letter: {limit: 15/m}"
        let result = try sandbox.run("run", "--state-dir", "state", try topology(top: top))
        #expect(result.code == 1)
        #expect(result.err.contains("error MR4401  parse: more than 15 dead"), "\(result.err)")
        let again = try sandbox.run("run", "--state-dir", "state", try topology())
        #expect(again.code == 0, "\(again.err)")
        #expect(try lines("out.txt") == good)
        #expect(try letters("state").map(\.value) == bad)
    }

    @Test(arguments: 1...4)
    func `killed executors and runs neither lose nor repeat a dead letter`(seed: Int) throws {
        let (good, bad) = try input(60_000, every: 20)
        let file = try topology(top: "dead_letter: {limit: 100k/m}", slow: "30k/s")
        var kills = 0
        for life in 0..<3 {
            let running = try sandbox.start(["run", "--state-dir", "state", file])
            // Before it runs its children are probes.
            _ = try running.waitForError("watch:")
            for step in 0..<3 where running.process.isRunning {
                let pause = (seed * 7 + life * 3 + step * 5) % 11
                Thread.sleep(forTimeInterval: 0.1 + Double(pause) * 0.04)
                guard let executor = try running.executor() else { continue }
                if kill(executor, SIGKILL) == 0 { kills += 1 }
            }
            if life < 2 { running.signal(SIGKILL) }
            let result = running.end()
            if life == 2 {
                #expect(result.code == 0, "\(result.err)")
                #expect(result.err.contains("  dead-lettered 3 000\n"), "\(result.err)")
            }
        }
        #expect(kills > 2)
        #expect(try lines("out.txt") == good)
        #expect(try letters("state").map(\.value).sorted() == bad.sorted(), "seed \(seed)")
        #expect(try sandbox.shell("ls state/dlq/pending").isEmpty)
    }

    @Test func `records that kill are found, taken out and kept`() throws {
        let all = (0..<200_000).map { number in
            "line \(number)" + ([17, 99_000, 199_999].contains(number) ? " poison" : "")
        }
        _ = try sandbox.file("in.txt", all.joined(separator: "\n") + "\n")
        let file = try sandbox.file(
            "t.yaml",
            """
            millrace: 1
            nodes:
              in: {use: file.source, with: {path: in.txt}}
              l: {use: lines, from: in}
              f: {use: fail, from: l, with: {how: segv, contains: poison}}
              out: {use: file.sink, from: f, with: {path: out.txt}}
            """)
        let result = try sandbox.run("run", "--state-dir", "state", file)
        #expect(result.code == 0, "\(result.err)")
        #expect(result.err.contains("  dead-lettered 3\n"), "\(result.err)")
        #expect(try lines("out.txt") == all.filter { !$0.hasSuffix("poison") })
        let letters = try letters("state/f", "--code", "MR4101")
        #expect(letters.map(\.value).sorted() == all.filter { $0.hasSuffix("poison") }.sorted())
        #expect(letters.allSatisfy { $0.text.contains("SIGSEGV") })
    }

    @Test func `dead letters are listed, shown and purged`() throws {
        _ = try input(100, every: 10)
        #expect(try sandbox.run("run", "--state-dir", "state", try topology()).code == 0)
        let list = try sandbox.run("dlq", "list", "state")
        #expect(list.out.hasPrefix("NODE   CODE    COUNT  "), "\(list.out)")
        #expect(list.lines.count == 2 && list.lines[1].hasPrefix("parse  MR4001     10  "))
        let show = try sandbox.run("dlq", "show", "state/parse", "--limit", "1")
        #expect(show.out.hasPrefix("parse#0  MR4001  "), "\(show.out)")
        #expect(
            show.out.hasSuffix(
                "record 99 of lane 0\n  why    no JSON: expected a value at byte 0, "
                    + "found `n`\n  value  no json 99\n"), "\(show.out)")
        #expect(try sandbox.run("dlq", "purge", "state", "--code", "MR4005").err.hasPrefix("0 "))
        #expect(try sandbox.run("dlq", "purge", "state/parse").err == "10 dead letters removed\n")
        #expect(try sandbox.run("dlq", "list", "state").err == "nothing was refused\n")
        let wrong = try sandbox.run("dlq", "list", "./nothing")
        #expect(wrong.code == 69 && wrong.err.contains("error MR7004"), "\(wrong.err)")
    }

    @Test func `dead letters of a run that goes on can be looked at`() throws {
        let running = try sandbox.start([
            "run", "--state-dir", "state", "generate", "rate=200/s", "value=bad", "!",
            "json.decode",
            "name=parse", "!", "null",
        ])
        let words = try running.waitForError("watch: millrace top ")
        let job = try #require(words.components(separatedBy: "millrace top ").last?.prefix(8))
        let deadline = Date(timeIntervalSinceNow: 20)
        var list = try sandbox.run("dlq", "list", String(job))
        while list.out.isEmpty, Date() < deadline {
            list = try sandbox.run("dlq", "list", "\(job)/parse")
        }
        #expect(list.out.contains("parse  MR4001"), "\(list.out)\(list.err)")
        running.signal(SIGTERM)
        #expect(running.end().code == 0)
    }
}
