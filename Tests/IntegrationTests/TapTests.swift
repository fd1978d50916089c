// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// `tap` beside real runs: what it shows, and that the run does not notice.
@Suite struct TapTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    /// Starts a run that does not end, and gives it with its id.
    private func live(_ words: String..., flags: [String] = []) throws -> (Running, String) {
        let running = try sandbox.start(["run"] + flags + words)
        let text = try running.waitForError("watch:")
        let id = try #require(text.firstRange(of: "run-").map { text[$0.lowerBound...].prefix(8) })
        return (running, String(id))
    }

    private func objects(_ lines: [Substring]) throws -> [[String: Any]] {
        try lines.map { line in
            let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
            return try #require(value as? [String: Any], "\(line)")
        }
    }

    private func finish(_ running: Running) {
        running.signal(SIGTERM)
        let result = running.end()
        #expect(result.code == 0, "\(result.err)")
    }

    @Test func `each node of a chain and of several loops is tapped, in front and behind`() throws {
        let (running, job) = try live(
            "generate", "rate=2k/s", "keys=50", "value={\"n\": 1.50}", "!", "pass", "name=a", "!",
            "[partition=hash]", "pass", "name=b", "parallelism=3", "!", "json.decode", "!", "null")
        let sides: [[String]] = [
            ["generate"], ["a"], ["a", "--input"], ["b"], ["b.out"], ["b", "--input"],
            ["json_decode"], ["null", "--input"],
        ]
        for side in sides {
            let words = [
                "tap", "\(job)/\(side[0])", "-o", "json", "--limit", "30", "--rate", "1000",
            ]
            let result = try sandbox.start(words + side.dropFirst()).end()
            #expect(result.code == 0, "\(side): \(result.err)")
            let records = try objects(result.lines)
            #expect(records.count == 30, "\(side)")
            let node = side[0].split(separator: ".")[0]
            #expect(records.allSatisfy { $0["node"] as? String == String(node) })
            let port = side.count == 2 ? "in" : "out"
            #expect(records.allSatisfy { $0["port"] as? String == port })
            // As it was written: 1.50 is not 1.5.
            #expect(result.out.contains("\"value\":{\"n\":1.50}"), "\(result.out.prefix(300))")
            let tasks = Set(records.compactMap { $0["task"] as? Int })
            #expect(tasks == (node == "b" ? [0, 1, 2] : [0]), "\(side)")
        }
        finish(running)
    }

    @Test func `people see keys and values, and with --meta where they came from`() throws {
        let (running, job) = try live(
            "generate", "rate=100/s", "keys=3", "value=hello", "!", "null")
        let plain = try sandbox.run("tap", "\(job)/generate", "--limit", "2")
        #expect(plain.lines.count == 2)
        #expect(plain.lines.allSatisfy { $0.wholeMatch(of: /k\d  hello/) != nil }, "\(plain.out)")
        let full = try sandbox.run("tap", "\(job)/generate", "--limit", "1", "--meta")
        #expect(
            full.out.wholeMatch(of: /20\S+Z  out#0  5  time -  k\d  hello\n/) != nil, "\(full.out)")
        finish(running)
    }

    @Test func `a fast stream shows no more than the rate, and seen says how much there was`()
        throws
    {
        let (running, job) = try live("generate", "rate=20k/s", "!", "null")
        let result = try sandbox.run(
            "tap", "\(job)/generate", "--rate", "20", "--for", "3s", "-o", "json")
        #expect(result.code == 0)
        // A second's worth at once, then three more.
        #expect((40...80).contains(result.lines.count), "\(result.lines.count)")
        let seen = try objects(result.err.split(separator: "\n"))
        #expect(seen.count >= 2)
        let rate = try #require(seen.last?["about_per_second"] as? Double)
        #expect(rate > 5_000 && rate < 60_000)
        #expect(seen.last?["shown"] as? Int ?? 0 > 20)
        finish(running)
    }

    @Test func `a condition chooses, and says when it cannot`() throws {
        let lines = (0..<400).map { "{\"n\":\($0)}\n" }.joined()
        let (running, job) = try live("stdin", "!", "lines", "!", "null")
        let tap = try sandbox.start([
            "tap", "\(job)/lines", "--where", "n % 100 == 7", "--limit", "4", "-o", "json",
        ])
        let lost = try sandbox.start(["tap", "\(job)/lines", "--where", "m > 1", "-o", "json"])
        _ = try tap.waitForError("\"shown\":0")
        _ = try lost.waitForError("\"shown\":0")
        running.inputHandle.write(Data(lines.utf8))
        let result = tap.end()
        #expect(
            try objects(result.lines).map { ($0["value"] as? [String: Int])?["n"] }
                == [7, 107, 207, 307], "\(result.out)")
        let text = try lost.waitForError("\"undecided\":400")
        #expect(text.contains("MR4003"), "\(text)")
        lost.signal(SIGINT)
        #expect(lost.end().code == 0)
        let wrong = try sandbox.run("tap", "\(job)/lines", "--where", "n >> 1")
        #expect(wrong.code == 65)
        #expect(wrong.err.contains("where:1:4  error MR2504"), "\(wrong.err)")
        #expect(try sandbox.run("tap", "\(job)/lines", "--where", "1 + 1").code == 65)
        finish(running)
    }

    @Test func `what is not there is named, with what may have been meant`() throws {
        let (running, job) = try live("generate", "rate=10/s", "!", "pass", "!", "null")
        for (target, code, hint) in [
            ("run-0000/x", "MR1001", "millrace ps"), (job, "MR1003", "NODE"),
            ("\(job)/pas", "MR7004", "did you mean `pass`?"),
            ("\(job)/pass.ot", "MR7004", "did you mean `out`?"),
            ("\(job)/pass.errors", "MR7004", "millrace dlq"),
            ("\(job)/null", "MR7004", "--input"), ("\(job)/pass#0", "MR1003", "all of a node"),
        ] {
            let result = try sandbox.run("tap", target)
            #expect(result.code != 0 && result.out.isEmpty)
            #expect(result.err.contains("error \(code)") && result.err.contains(hint), "\(result)")
        }
        finish(running)
    }

    @Test func `the tap ends with the run`() throws {
        let (running, job) = try live("generate", "rate=1k/s", "!", "null")
        let tap = try sandbox.start(["tap", "\(job)/generate", "-o", "json"])
        _ = try tap.waitForOutput("\"node\"")
        finish(running)
        #expect(tap.end().code == 0)
    }

    @Test func `bytes that are no text are shown safely`() throws {
        let (running, job) = try live("stdin", "!", "lines", "!", "null")
        let text = try sandbox.start(["tap", "\(job)/lines", "--limit", "2"])
        let json = try sandbox.start(["tap", "\(job)/lines", "--limit", "2", "-o", "json"])
        _ = try text.waitForError("nothing to show")
        _ = try json.waitForError("\"shown\":0")
        running.inputHandle.write(Data([0xFF, 0x00, 0x0A] + Array("a\u{1B}[2J\u{9B}1mé\n".utf8)))
        let shown = text.end()
        #expect(shown.out == "base64 /wA=\na␤[2J\u{FFFD}1mé\n", "\(shown.out.debugDescription)")
        let records = try objects(json.end().lines)
        #expect(records.map { $0["base64"] as? String } == ["/wA=", nil])
        #expect(records.last?["raw"] as? String == "a\u{1B}[2J\u{9B}1mé")
        finish(running)
    }

    @Test func `a restarted executor is tapped again`() throws {
        let (running, job) = try live(
            "generate", "rate=1k/s", "!", "pass", "!", "null", flags: ["--state-dir", "state"])
        let tap = try sandbox.start(["tap", "\(job)/pass", "-o", "json"])
        _ = try tap.waitForOutput("\"node\"")
        let executor = try #require(try running.executor())
        #expect(kill(executor, SIGKILL) == 0)
        _ = try running.waitForError("MR4107")
        // More than the first one can have given.
        try tap.waitForOutput("\"node\"", times: 60)
        finish(running)
        #expect(tap.end().code == 0)
    }

    @Test func `secrets of the topology are not shown`() throws {
        _ = try TestPlugin.build(
            "vault", id: "test.vault",
            code: """
                static const mr_param password = {
                    .struct_size = sizeof(mr_param), .type = MR_P_STRING, .flags = MR_PARAM_SECRET,
                    .name = "password", .doc = "Shown to nobody."};
                static const mr_param *const params[] = {&password};
                #define BAD_PARAMS params
                #define BAD_PARAM_COUNT 1
                """, to: sandbox.folder.appendingPathComponent("vault.so").path)
        let (running, job) = try live(
            "generate", "rate=100/s", "value={\"p\": \"say hunter2 now\"}", "!", "test.vault",
            "password=hunter2", "!", "null", flags: ["--plugin-dir", sandbox.folder.path])
        for form in ["text", "json"] {
            for side in [["\(job)/generate"], ["\(job)/test_vault"], ["\(job)/null", "--input"]] {
                let words = ["tap", "--limit", "3", "--for", "20s", "-o", form] + side
                let result = try sandbox.start(words).end()
                #expect(result.lines.count == 3, "\(result.err)")
                #expect(result.lines.allSatisfy { $0.contains("say *** now") }, "\(result.out)")
                #expect(!(result.out + result.err).contains("hunter"))
            }
        }
        finish(running)
    }

    @Test func `one tap too many is refused until another one ends`() throws {
        let (running, job) = try live("generate", "rate=100/s", "!", "null")
        let taps = try (0..<8).map { _ in
            try sandbox.start(["tap", "\(job)/generate", "-o", "json"])
        }
        for tap in taps { _ = try tap.waitForOutput("\"node\"") }
        let ninth = try sandbox.run("tap", "\(job)/generate", "--limit", "1")
        #expect(ninth.code != 0 && ninth.err.contains("error MR4401"), "\(ninth.err)")
        taps[0].signal(SIGKILL)
        _ = taps[0].end()
        // The run notices when it tells what it has seen, within a second.
        let limit = Date(timeIntervalSinceNow: 30)
        var code: Int32 = 1
        while code != 0, Date() < limit {
            code = try sandbox.run("tap", "\(job)/generate", "--limit", "1").code
        }
        #expect(code == 0)
        for tap in taps.dropFirst() { tap.signal(SIGINT) }
        for tap in taps.dropFirst() { #expect(tap.end().code == 0) }
        finish(running)
    }

    @Test func `a pipe whose reader leaves ends the tap, also when nothing passes`() throws {
        let (running, job) = try live("stdin", "!", "lines", "!", "null")
        let program = try Sandbox.program.path
        let variables = "XDG_RUNTIME_DIR=\(sandbox.folder.path)"
        let status = try sandbox.shell(
            "{ \(variables) timeout 30 \(program) tap \(job)/lines; echo $? >&3; } 3>code | true; "
                + "cat code")
        #expect(status == "0\n", "\(status)")
        finish(running)
    }

    @Test func `a reader that sleeps, dies or leaves costs the run nothing`() throws {
        let (running, job) = try live(
            "generate", "count=200000", "rate=40k/s", "size=1KiB", "!", "pass", "!", "file.sink",
            "path=out.txt")
        let sleeper = try sandbox.start([
            "tap", "\(job)/pass", "--rate", "1000", "-o", "json",
        ])
        _ = try sleeper.waitForOutput("\"node\"")
        sleeper.signal(SIGSTOP)
        let dead = try sandbox.start(["tap", "\(job)/pass", "--rate", "1000", "-o", "json"])
        _ = try dead.waitForOutput("\"node\"")
        dead.signal(SIGKILL)
        _ = dead.end()
        let result = running.end()
        #expect(result.code == 0, "\(result.err)")
        #expect(try sandbox.bytes("out.txt").count == 200_000 * 1_025)
        sleeper.signal(SIGCONT)
        #expect(sleeper.end().code == 0)
    }
}
