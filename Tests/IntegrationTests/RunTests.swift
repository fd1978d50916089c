// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite struct RunTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    @Test func `data goes to standard output and the rest to standard error`() throws {
        let result = try sandbox.run("run", "generate", "count=5", "!", "pass", "!", "stdout")
        #expect(result.code == 0)
        #expect(result.out == "0\n1\n2\n3\n4\n")
        #expect(result.err.contains("  3 tasks, "))
        #expect(result.err.contains(" stopped 00:00  in 5  out 5  dead-lettered 0\n"))
    }

    @Test func `quiet writes nothing but data`() throws {
        let result = try sandbox.run("run", "-q", "generate", "count=2", "!", "stdout")
        #expect(result.code == 0)
        #expect(result.out == "0\n1\n")
        #expect(result.err.isEmpty)
    }

    @Test func `words and flags mix freely`() throws {
        let result = try sandbox.run(
            "run", "generate", "--stats", "off", "count=3", "!", "--threads=1", "null", "-o", "json"
        )
        #expect(result.code == 0)
        #expect(try result.json()["threads"] as? Int == 1)
    }

    @Test func `the summary is the status object of the end`() throws {
        let result = try sandbox.run(
            "run", "generate", "count=1000", "!", "pass", "!", "null", "-o", "json")
        let status = try result.json()
        #expect(status["state"] as? String == "FINISHED")
        #expect(status["reason"] is NSNull)
        #expect(status["records"] as? [String: Int] == ["in": 1000, "out": 1000])
        let nodes = try #require(status["nodes"] as? [[String: Any]])
        #expect(nodes.compactMap { $0["id"] as? String } == ["generate", "pass", "null"])
        #expect(nodes[1]["records"] as? [String: Int] == ["in": 1000, "out": 1000])
        #expect(nodes[1]["parallelism"] as? [String: Int] == ["desired": 1, "actual": 0])
    }

    @Test func `ten million records arrive and are counted`() throws {
        let result = try sandbox.run("run", "generate", "count=10000000", "!", "pass", "!", "null")
        #expect(result.code == 0)
        #expect(result.err.contains("in 10 000 000  out 10 000 000"))
    }

    @Test func `standard input is a source, and its end is the end`() throws {
        let result = try sandbox.run(
            "run", "stdin", "!", "lines", "!", "stdout", input: "one\ntwo\n")
        #expect(result.code == 0)
        #expect(result.out == "one\ntwo\n")
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func `a first signal drains and ends with 0`(_ signal: Int32) throws {
        let running = try sandbox.start(["run", "generate", "!", "null", "-o", "json"])
        _ = try running.waitForError("watch:")
        running.signal(signal)
        let result = running.end()
        #expect(result.code == 0)
        #expect(result.err.contains(" draining: interrupted by a signal"))
        let status = try result.json()
        #expect(status["state"] as? String == "STOPPED")
        let records = try #require(status["records"] as? [String: Int])
        #expect(records["in"] == records["out"])
    }

    @Test func `time and number of records end a run`() throws {
        let timed = try sandbox.run("run", "generate", "!", "null", "--for", "200ms")
        #expect(timed.code == 0)
        #expect(timed.err.contains(" draining: its time is up"))
        let limited = try sandbox.run(
            "run", "generate", "!", "null", "--limit", "1000", "-o", "json")
        #expect(limited.code == 0)
        let records = try #require(try limited.json()["records"] as? [String: Int])
        #expect((records["out"] ?? 0) >= 1000)
    }

    @Test func `a crash names the operator and ends with 1`() throws {
        let result = try sandbox.run(
            "run", "generate", "!", "fail", "how=segv", "after=10", "!", "null", "-o", "json")
        #expect(result.code == 1)
        #expect(result.err.contains("error MR4101"))
        #expect(result.err.contains("fail#0 crashed in process: SIGSEGV"))
        let status = try result.json()
        #expect(status["state"] as? String == "FAILED")
        let reason = try #require(status["reason"] as? [String: Any])
        #expect(reason["node"] as? String == "fail")
        #expect(reason["code"] as? String == "MR4101")
    }

    @Test func `nothing is left of a run that is over`() throws {
        _ = try sandbox.run("run", "generate", "count=1", "!", "null")
        _ = try sandbox.run("run", "generate", "!", "fail", "how=abort", "!", "null")
        let sockets = try FileManager.default.contentsOfDirectory(
            atPath: sandbox.folder.appendingPathComponent("millrace").path)
        #expect(sockets.filter { $0.hasSuffix(".sock") }.isEmpty)
    }
}
