// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite struct LiveRunTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    /// Starts a run that does not end, and gives it with its id.
    private func live(_ words: String...) throws -> (Running, String) {
        let running = try sandbox.start(["run"] + words)
        let text = try running.waitForError("watch:")
        let id = try #require(text.firstRange(of: "run-").map { text[$0.lowerBound...].prefix(8) })
        return (running, String(id))
    }

    @Test func `ps and status see a run through its socket`() throws {
        let (running, job) = try live("generate", "rate=1k/s", "!", "pass", "!", "null")
        let list = try #require(
            try sandbox.run("ps", "-o", "json").json()["items"] as? [[String: Any]])
        #expect(list.count == 1)
        #expect(list.first?["job"] as? String == job)
        #expect(list.first?["tasks"] as? Int == 3)
        let status = try sandbox.run("status", job, "-o", "json").json()
        #expect(status["job"] as? String == job)
        #expect(status["state"] as? String == "RUNNING")
        let text = try sandbox.run("status", job)
        #expect(text.out.hasPrefix("\(job)  RUNNING for "))
        #expect(text.out.contains("\nNODE "))
        #expect(text.out.contains("\npass "))
        let node = try sandbox.run("status", "\(job)/pass", "-o", "json").json()
        #expect(node["id"] as? String == "pass")
        let task = try sandbox.run("status", "\(job)/pass#0", "-o", "json").json()
        #expect(task["task"] as? Int == 0)
        let missing = try sandbox.run("status", "\(job)/nope")
        #expect(missing.code == 69)
        #expect(missing.err.contains("MR7004") && missing.err.contains("generate, pass, null"))
        running.signal(SIGTERM)
        #expect(running.end().code == 0)
    }

    @Test func `show draws what a run runs, by its id or its name`() throws {
        let file = try sandbox.file(
            "shop.yaml",
            """
            millrace: 1
            name: shop
            nodes:
              a: {use: generate, with: {rate: 1k/s}}
              b: {use: pass, from: {node: a, queue: 64}}
              c: {use: "null", from: b}
            """)
        let (running, job) = try live(file)
        let text = try sandbox.run("show", job, "-o", "text")
        #expect(text.code == 0, "\(text.err)")
        #expect(
            text.out.hasPrefix(
                """
                ● a  generate@1.1.0
                ▼ out → in, forward, queue 64
                ● b  pass@1.0.0
                ▼ out → in, fused
                ● c  null@1.0.0

                topology shop

                """), "\(text.out)")
        // The same as of the file, but for where each value came from.
        let planned = try sandbox.run("show", file, "--resolved", "-o", "json").out
        #expect(try sandbox.run("show", job, "-o", "json").out == planned)
        #expect(try sandbox.run("show", "shop", "-o", "json").out == planned)
        #expect(try sandbox.run("show", job).out.contains("rate: 1k/s"))
        running.signal(SIGTERM)
        #expect(running.end().code == 0)
        let gone = try sandbox.run("show", job)
        #expect(gone.code == 64)
        #expect(gone.err.contains("error MR1001"))
    }

    @Test func `a killed run leaves a socket that ps removes`() throws {
        let (running, job) = try live("generate", "rate=1/s", "!", "null")
        running.signal(SIGKILL)
        #expect(running.end().code == -SIGKILL)
        let socket = sandbox.folder.appendingPathComponent("millrace/\(job).sock").path
        #expect(FileManager.default.fileExists(atPath: socket))
        #expect(try sandbox.run("ps", "-o", "json").out == "{\"items\":[],\"next\":null}\n")
        #expect(!FileManager.default.fileExists(atPath: socket))
    }

    @Test func `the socket folder of somebody else is refused`() throws {
        let folder = sandbox.folder.appendingPathComponent("millrace")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o777])
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder.path)
        let result = try sandbox.run("run", "generate", "count=1", "!", "null")
        #expect(result.code == 74)
        #expect(result.err.contains("not a folder of yours alone"))
    }

    @Test func `bench prints one object with the figures of a shape`() throws {
        let result = try sandbox.run(
            "bench", "hop1", "--for", "200ms", "--warmup", "50ms", "-o", "json")
        #expect(result.code == 0)
        let found = try result.json()
        #expect(found["shape"] as? String == "hop1")
        #expect((found["records"] as? Int ?? 0) > 0)
        #expect((found["seconds"] as? Double ?? 0) >= 0.2)
        #expect((found["records_per_second"] as? Double ?? 0) > 0)
        #expect(found["payload_bytes"] as? Int == 100)
        #expect(found["threads"] as? Int == 2)
        let machine = try #require(found["machine"] as? [String: Any])
        #expect((machine["cores"] as? Int ?? 0) > 0)
        #expect(machine["kernel"] is String)
    }

    @Test func `bench measures round trips and many tasks`() throws {
        let trip = try sandbox.run(
            "bench", "roundtrip", "--rate", "500", "--for", "300ms", "--warmup", "50ms", "-o",
            "json"
        ).json()
        let p50 = try #require(trip["p50_ns"] as? Int)
        let p99 = try #require(trip["p99_ns"] as? Int)
        let p999 = try #require(trip["p999_ns"] as? Int)
        #expect(0 < p50 && p50 <= p99 && p99 <= p999)
        let tasks = try sandbox.run("bench", "tasks", "--tasks", "10", "-o", "json").json()
        #expect(tasks["tasks"] as? Int == 10)
        #expect((tasks["start_seconds"] as? Double ?? 0) > 0)
        #expect((tasks["pss_bytes"] as? Int ?? 0) > 1_000_000)
    }
}
