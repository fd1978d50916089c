// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// What operators log, as it comes out of `millrace run`.
@Suite struct LogTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    /// A transform that logs for each record: the same warning, a debug line, and an info line
    /// with the record's number. It asks first which levels are wanted.
    private func chatty() throws -> String {
        let code = """
            #include <stdio.h>
            #define BAD_PROCESS chat
            #define BAD_START begin
            static const uint32_t *level;
            static void say(instance *self, mr_level at, const char *text) {
              if (at >= *level)
                self->host->log(self->ctx, at, text, strlen(text));
            }
            static mr_status begin(void *op, const mr_start *info) {
              level = info->log_level;
              return good_start(op, info);
            }
            static mr_status chat(void *op, const mr_batch *batch, mr_work *work) {
              char text[64];
              for (uint32_t i = 0; i < batch->count; i++) {
                snprintf(text, sizeof text, "record %d", (int)(batch->sequence + i));
                say(op, MR_WARN, "the same");
                say(op, MR_DEBUG, "in detail");
                say(op, MR_INFO, text);
              }
              return good_process(op, batch, work);
            }
            """
        return try TestPlugin.build(
            "chatty", id: "chatty", code: code,
            to: sandbox.folder.appendingPathComponent("plugins/chatty.so").path)
    }

    private func run(
        _ words: [String], variables: [String: String] = [:]
    ) throws -> (Running.Result, [[String: Any]]) {
        try FileManager.default.createDirectory(
            at: sandbox.folder.appendingPathComponent("plugins"),
            withIntermediateDirectories: true)
        _ = try chatty()
        let result = try sandbox.start(
            ["run", "generate", "count=38", "!", "chatty", "!", "null"] + words,
            variables: variables
        ).end()
        #expect(result.code == 0, "\(result.err)")
        let objects = result.err.split(separator: "\n").compactMap { line in
            (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any]
        }
        return (result, objects)
    }

    @Test func `log lines are objects where there is no terminal, repeats are counted`() throws {
        let (result, lines) = try run([])
        let warnings = lines.filter { $0["level"] as? String == "warn" }
        #expect(
            warnings.compactMap { $0["msg"] as? String } == [
                "the same", "37 identical log lines hidden; no records were dropped",
            ], "\(result.err)")
        #expect(warnings[0]["node"] as? String == "chatty" && warnings[0]["task"] as? Int == 0)
        #expect((warnings[0]["job"] as? String)?.hasPrefix("run-") == true)
        #expect((warnings[0]["ts"] as? String)?.hasSuffix("Z") == true)
        #expect(lines.filter { $0["level"] as? String == "info" }.count == 38)
        #expect(!lines.contains { $0["level"] as? String == "debug" })
        // What the run itself says stays text.
        #expect(result.err.contains("\n stopped "))
    }

    @Test(
        arguments: [
            (["--log-level", "debug"], [:], ["debug", "info", "warn"]),
            (["-v"], [:], ["debug", "info", "warn"]), (["-q"], [:], ["warn"]),
            (["--log-level", "error"], [:], []),
            ([], ["MILLRACE_LOG_LEVEL": "warn"], ["warn"]),
            (["--log-level", "info"], ["MILLRACE_LOG_LEVEL": "trace"], ["info", "warn"]),
        ] as [([String], [String: String], [String])])
    func `the level is the operator's too`(
        _ words: [String], _ variables: [String: String], _ levels: [String]
    ) throws {
        let (_, lines) = try run(words, variables: variables)
        #expect(Set(lines.compactMap { $0["level"] as? String }) == Set(levels))
    }

    @Test func `a level that does not exist is refused`() throws {
        let flag = try sandbox.run("run", "--log-level", "loud", "generate", "!", "null")
        #expect(flag.code == 64)
        let variable = try sandbox.start(
            ["run", "generate", "!", "null"], variables: ["MILLRACE_LOG_LEVEL": "loud"]
        ).end()
        #expect(variable.code == 64)
        #expect(variable.err.contains("MR1003") && variable.err.contains("trace, debug, info"))
    }

    @Test func `a measurement is compared with an earlier one`() throws {
        let words = ["bench", "hop1", "--for", "100ms", "--warmup", "20ms"]
        let first = try sandbox.start(words + ["-o", "json"]).end()
        let slow = first.out.replacing(#/"records_per_second":[0-9.e+]+/#) { _ in
            "\"records_per_second\":1.0"
        }
        let fast = first.out.replacing(#/"records_per_second":[0-9.e+]+/#) { _ in
            "\"records_per_second\":1e15"
        }
        let better = try sandbox.start(
            words + ["--compare", try sandbox.file("slow.json", slow)]
        ).end()
        #expect(better.code == 0, "\(better.err)")
        #expect(better.out.contains("\n  ok       records_per_second  "))
        let worse = try sandbox.start(
            words + [
                "-o", "json", "--tolerance", "50%", "--compare",
                try sandbox.file("fast.json", fast),
            ]
        ).end()
        #expect(worse.code == 1)
        let comparison = try #require(try worse.json()["comparison"] as? [[String: Any]])
        #expect(comparison.first?["worse"] as? Bool == true)
        #expect(try sandbox.run("bench", "hop1", "--compare", "missing.json").code == 66)
        let empty = try sandbox.file("empty.json", "")
        #expect(try sandbox.run("bench", "hop1", "--compare", empty).code == 64)
    }

    @Test func `clients that come and go leave no threads behind in the run`() throws {
        let run = try sandbox.start(["run", "generate", "rate=1k/s", "!", "null"])
        _ = try run.waitForError("watch:")
        func threads() throws -> Int {
            let folder = "/proc/\(run.process.processIdentifier)/task"
            return try FileManager.default.contentsOfDirectory(atPath: folder).count
        }
        func memory() throws -> Int {
            let text = try String(
                contentsOfFile: "/proc/\(run.process.processIdentifier)/status", encoding: .utf8)
            let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("VmSize:") })
            return try #require(Int(line.filter(\.isNumber)))
        }
        _ = try sandbox.run("ps")
        let before = try memory()
        for _ in 0..<60 { _ = try sandbox.run("ps", "-o", "json") }
        // A stack of 1 MiB for each of them would be 60 MiB.
        let grown = try memory() - before
        #expect(grown < 20_000, "kB")
        #expect(try threads() < 12)
        run.signal(SIGTERM)
        #expect(run.end().code == 0)
    }

    @Test func `what was logged can be asked for later, repeats too`() throws {
        try FileManager.default.createDirectory(
            at: sandbox.folder.appendingPathComponent("plugins"),
            withIntermediateDirectories: true)
        _ = try chatty()
        let running = try sandbox.start([
            "run", "generate", "rate=200/s", "!", "chatty", "!",
            "null",
        ])
        let text = try running.waitForError("record 3")
        let job = try #require(text.firstMatch(of: /run-[0-9a-f]{4}/).map { String($0.0) })
        let one = try sandbox.run("logs", job, "--grep", "^record 1$")
        #expect(one.lines.count == 1 && one.out.contains("INFO chatty#0 record 1"), "\(one.out)")
        let warnings = try sandbox.run("logs", "\(job)/chatty", "--level", "warn")
        // The run has shown it once and hidden the others.
        #expect(warnings.lines.count >= 3)
        #expect(warnings.lines.allSatisfy { $0.hasSuffix("WARN chatty#0 the same") })
        #expect(try sandbox.run("logs", "\(job)/generate").out == "")
        let last = try sandbox.run("logs", job, "-o", "json").json()
        #expect(last["level"] as? String != nil && last["number"] as? Int ?? 0 >= 6)
        #expect(try sandbox.run("logs", job, "--grep", "(").code == 64)
        running.signal(SIGTERM)
        #expect(running.end().code == 0)
        #expect(try sandbox.run("logs", job).code == 64)
    }
}
