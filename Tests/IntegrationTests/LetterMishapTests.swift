// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// `dlq` where something is not as it should be: names, files, nodes that are gone.
@Suite struct LetterMishapTests {
    private let sandbox: Sandbox
    private static let mended = ["--set", "f.contains=nothing"]

    init() throws { sandbox = try Sandbox() }

    /// Lines, each second of them one that `f` refuses. Behind `f` few fit in between.
    private func topology(_ name: String, pace: String = "1G/s", refusing node: String = "f")
        throws -> String
    {
        try sandbox.file(
            name,
            """
            millrace: 1
            dead_letter: {limit: 100k/m}
            checkpoint: {every: 50ms}
            nodes:
              in: {use: file.source, with: {path: in.txt, as: line}}
              \(node):
                {use: fail, from: in, with: {how: data, contains: bad, times: 100000}}
              pace: {use: rate_limit, from: {node: \(node), queue: 16}, with: {rate: \(pace)}}
              out: {use: file.sink, from: pace, with: {path: out.txt}}
            """)
    }

    private func refuse(_ count: Int) throws {
        let lines = (0..<count).map { "\($0 % 2 == 0 ? "good" : "bad") \($0)" }
        _ = try sandbox.file("in.txt", lines.joined(separator: "\n") + "\n")
        let result = try run(try topology("t.yaml"))
        try #require(result.code == 0, "\(result.err)")
    }

    private func run(_ words: String...) throws -> Running.Result {
        try sandbox.start(["run", "--state-dir", "state"] + words).end()
    }

    private func runMended(_ file: String) throws -> Running.Result {
        try sandbox.start(["run", "--state-dir", "state", file] + Self.mended).end()
    }

    private func dlq(_ words: String...) throws -> Running.Result {
        try sandbox.start(["dlq"] + words).end()
    }

    private func open() throws -> Int {
        let items = try dlq("show", "state", "-o", "json").json()["items"] as? [Any]
        return try #require(items).count
    }

    private func lines() throws -> [String] {
        String(decoding: try sandbox.bytes("out.txt"), as: UTF8.self).split(separator: "\n")
            .map(String.init)
    }

    @Test func `names that mean nothing are told for what they are`() throws {
        try refuse(8)
        try sandbox.shell("mkdir empty")
        for name in ["empty", "empty/f", "in.txt"] {
            let result = try dlq("list", name)
            let named = name.split(separator: "/")[0]
            #expect(result.code == 69, "\(result.err)")
            #expect(
                result.err.contains("error MR7004  \(named) is no state directory, and no run"),
                "\(result.err)")
        }
        let none = "none of the 4 dead letters is meant; they are of f\n"
        #expect(try dlq("list", "state/g").err == none)
        #expect(try dlq("show", "state", "--code", "MR4101").err == none)
        #expect(try dlq("purge", "state/g").err == "0 dead letters removed\n\(none)")
        for command in ["list", "show", "replay"] {
            let result = try dlq(command, "state", "--limit", "0")
            #expect(result.code == 64 && result.err.contains("--limit: expected 1 or more"))
        }
        #expect(try dlq("replay", "state").code == 0)
        let waiting = "4 dead letters given back by the next run with this state directory\n"
        #expect(try dlq("show", "state").err == waiting)
        #expect(try dlq("purge", "state").err == "0 dead letters removed\n\(waiting)")
    }

    @Test func `what is no replay file is passed over, and what a purge left goes`() throws {
        try refuse(8)
        #expect(try dlq("replay", "state", "--limit", "1").code == 0)
        try sandbox.shell(
            "cd state/dlq; echo x > replay/README; mkdir replay/more; echo x > 1.ndjson.7.8.new")
        #expect(try dlq("list", "state").code == 0)
        #expect(try dlq("replay", "state").err.hasPrefix("3 dead letters sent back to f\n"))
        #expect(try sandbox.shell("ls state/dlq").contains(".new") == false)
        try sandbox.shell("mkfifo state/dlq/replay/00000001")
        let pipe = try dlq("list", "state")
        #expect(pipe.code == 74, "\(pipe.err)")
        #expect(pipe.err.contains("error MR6002  state/dlq/replay/00000001: "), "\(pipe.err)")
        #expect(pipe.err.contains("\n   "), "\(pipe.err)")
    }

    @Test func `a damaged file that no run has begun with can be taken back`() throws {
        try refuse(20)
        #expect(try dlq("replay", "state", "--limit", "4").code == 0)
        try sandbox.shell("printf x >> state/dlq/replay/*")
        #expect(try dlq("replay", "state").err.contains("dlq replay state --cancel` remove it"))
        let one = try dlq("replay", "state/f", "--cancel")
        #expect(one.code == 74, "\(one.err)")
        let back = try dlq("replay", "state", "--cancel")
        #expect(back.code == 0 && back.err.contains("was damaged and is removed"), "\(back.err)")
        #expect(try open() == 10)
        #expect(try dlq("replay", "state").err.hasPrefix("10 dead letters sent back to f\n"))
        let again = try runMended(try topology("t.yaml"))
        #expect(again.code == 0, "\(again.err)")
        #expect(try lines().count == 20 && Set(lines()).count == 20)
        #expect(try open() == 0)
    }

    /// A run is killed that has given some of them.
    private func giveSome() throws {
        let file = try topology("slow.yaml", pace: "400/s")
        let giving = try sandbox.start(["run", "--state-dir", "state", file] + Self.mended)
        let before = try lines().count
        try sandbox.wait(for: "a record that was given back") { try lines().count > before }
        giving.signal(SIGKILL)
        _ = giving.end()
    }

    @Test func `the rest of what a run has begun to give can be taken back`() throws {
        try refuse(4_000)
        #expect(try dlq("replay", "state").err.hasPrefix("2 000 dead letters"))
        try giveSome()
        let gone = try run(try topology("gone.yaml", refusing: "g"))
        #expect(gone.code == 1 && gone.err.contains("error MR4403  f: dead"), "\(gone.err)")
        let back = try dlq("replay", "state", "--cancel", "-o", "json")
        #expect(back.code == 0, "\(back.err)")
        let count = try #require(try back.json()["cancelled"] as? Int)
        #expect(count > 0 && count < 2_000)
        #expect(try open() == count)
        #expect(try sandbox.shell("ls state/dlq/replay").isEmpty)
        // Without a file its source is not there any more, and the job is over again.
        let file = try topology("t.yaml")
        #expect(try runMended(file).code == 0)
        #expect(try lines().count == 4_000 - count)
        #expect(try dlq("replay", "state").code == 0)
        #expect(try runMended(file).code == 0)
        #expect(try lines().count == 4_000 && Set(lines()).count == 4_000)
    }

    @Test func `a damaged file that a run has begun with is kept`() throws {
        try refuse(4_000)
        #expect(try dlq("replay", "state").code == 0)
        try giveSome()
        try sandbox.shell("printf x >> state/dlq/replay/*")
        let back = try dlq("replay", "state", "--cancel")
        #expect(back.code == 74 && back.err.contains("only the file says which"), "\(back.err)")
        #expect(try sandbox.shell("ls state/dlq/replay | wc -l") == "1\n")
    }
}
