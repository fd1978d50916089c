// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Operators with a process of their own: by the topology, and after a crash.
@Suite(.serialized) struct IsolationTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    private func text(lines: Int) throws -> String {
        var text = ""
        for number in 0..<lines { text += "word\(number % 97) \(number) some more of it\n" }
        return try sandbox.file("in.txt", text)
    }

    /// Two processes in a row, one of them with two tasks, between nodes that share the third.
    private func topology(_ file: String, rate: String, isolated: Bool) throws -> String {
        let own = isolated ? "process" : "executor"
        return try sandbox.file(
            "\(own).yaml",
            """
            millrace: 1
            name: isolation
            nodes:
              in: {use: file.source, with: {path: \(file)}}
              line: {use: lines, from: in}
              slow: {use: rate_limit, from: line, with: {rate: \(rate)}}
              word: {use: words, from: slow, isolation: \(own)}
              some:
                use: pass
                from: {node: word, partition: hash}
                parallelism: 2
                isolation: \(own)
              count: {use: count, from: {node: some, partition: hash}, parallelism: 2}
              out: {use: file.sink, from: count, with: {path: \(own).txt}}
            """)
    }

    private func lines(_ file: String) throws -> [String] {
        String(decoding: try sandbox.bytes(file), as: UTF8.self).split(separator: "\n")
            .map(String.init).sorted()
    }

    @Test func `a process of its own changes nothing that comes out`() throws {
        let file = try text(lines: 20_000)
        for isolated in [false, true] {
            let result = try sandbox.run(
                "run", try topology(file, rate: "10M/s", isolated: isolated))
            #expect(result.code == 0, "\(result.err)")
        }
        #expect(try lines("process.txt") == lines("executor.txt"))
        #expect(try lines("process.txt").count == 20_101)
    }

    /// 256 MiB for one of its records, and only once.
    private static let greedy = """
        #include <string.h>
        static mr_status greedy(void *op, const mr_batch *batch, mr_work *work) {
          if (open("greedy", O_CREAT | O_EXCL, 0600) >= 0)
            for (int i = 0; i < 64; i++)
              memset(malloc((size_t)4 << 20), 1, (size_t)4 << 20);
          return good_process(op, batch, work);
        }
        #define BAD_PROCESS greedy
        #define BAD_FLAGS MR_OP_STATELESS
        """

    @Test(arguments: [(64, true), (1_024, false)])
    func `memory beyond the limit of a node is refused, and costs a restart`(
        limit: Int, crashes: Bool
    ) throws {
        _ = try TestPlugin.build(
            "greedy", id: "test.greedy", code: Self.greedy,
            to: sandbox.folder.appendingPathComponent("greedy.so").path)
        let file = try text(lines: 1_000)
        let topology = try sandbox.file(
            "greedy.yaml",
            """
            millrace: 1
            nodes:
              in: {use: file.source, with: {path: \(file), as: line}}
              slow: {use: rate_limit, from: in, with: {rate: 2k/s}}
              all:
                use: test.greedy
                from: slow
                isolation: process
                resources: {memory: \(limit)MiB}
              out: {use: file.sink, from: all, with: {path: out.txt}}
            """)
        let result = try sandbox.run("run", "--plugin-dir", ".", topology)
        #expect(result.code == 0, "\(result.err)")
        #expect(result.err.contains("all#0 crashed in process: SIG") == crashes, "\(result.err)")
        #expect(
            result.err.contains("it may take 64MiB of memory for each task") == crashes,
            "\(result.err)")
        #expect(try sandbox.bytes("out.txt") == sandbox.bytes("in.txt"))
    }

    /// `fail` asks once more than it may have, and says so.
    @Test(arguments: [(1, 1), (64, 4)])
    func `memory that an operator does without is told with its limit`(
        limit: Int, tasks: Int
    ) throws {
        let topology = try sandbox.file(
            "leak.yaml",
            """
            millrace: 1
            nodes:
              in: {use: generate, with: {rate: 2k/s, count: 4000}}
              f:
                use: fail
                from: in
                parallelism: \(tasks)
                with: {how: leak, leak: \(limit)GiB, times: 100}
                isolation: process
                resources: {memory: \(limit)MiB}
              out: {use: "null", from: f}
            """)
        let result = try sandbox.run("run", topology)
        #expect(result.code == 1, "\(result.err)")
        #expect(
            result.err.contains("error MR4103  f: fail 1.1.0: was refused the memory that it was"),
            "\(result.err)")
        #expect(result.err.contains("raise `resources.memory` of f"), "\(result.err)")
    }

    @Test(arguments: 1...3)
    func `whichever process is killed, nothing is lost or repeated`(seed: Int) throws {
        let file = try text(lines: 20_000)
        let plain = try sandbox.run("run", try topology(file, rate: "10M/s", isolated: false))
        #expect(plain.code == 0, "\(plain.err)")
        let running = try sandbox.start([
            "run", "--state-dir", "state", try topology(file, rate: "10k/s", isolated: true),
        ])
        _ = try running.waitForError("watch:")
        var kills = 0
        for round in 0..<6 where running.process.isRunning {
            Thread.sleep(forTimeInterval: 0.25 + Double((seed * 7 + round * 3) % 5) / 20)
            let executors = running.executors()
            if executors.isEmpty { continue }
            #expect(executors.count <= 3)
            if kill(executors[(seed + round) % executors.count], SIGKILL) == 0 { kills += 1 }
        }
        let result = running.end()
        #expect(result.code == 0, "\(result.err)")
        #expect(kills >= 3)
        #expect(try lines("process.txt") == lines("executor.txt"))
    }

    @Test func `an operator that crashed gets a process of its own, and keeps it`() throws {
        let topology = try sandbox.file(
            "crash.yaml",
            """
            millrace: 1
            name: crash
            nodes:
              in: {use: generate, with: {count: 30000, rate: 10k/s, value: v}}
              once:
                use: fail
                from: in
                with: {how: segv, after: 9000, once: \(sandbox.folder.path)/crashed}
              out: {use: file.sink, from: once, with: {path: out.txt}}
            """)
        let running = try sandbox.start(["run", "--state-dir", "state", topology])
        let told = try running.waitForError("MR4104")
        #expect(told.contains("once crashed and now runs in a process of its own"))
        _ = try running.waitForError("watch:")
        try sandbox.wait(for: "a second executor") { running.executors().count == 2 }
        let result = running.end()
        #expect(result.code == 0, "\(result.err)")
        #expect(result.err.components(separatedBy: "MR4104").count == 2, "\(result.err)")
        #expect(try sandbox.bytes("out.txt").count == 60_000)
    }

    @Test func `no process outlives the command`() throws {
        let file = try text(lines: 20_000)
        let running = try sandbox.start([
            "run", "--state-dir", "state", try topology(file, rate: "1k/s", isolated: true),
        ])
        _ = try running.waitForError("watch:")
        #expect(running.executors().count == 3)
        running.signal(SIGKILL)
        // Each has our pipe as its standard error: the end comes when all of them are gone.
        #expect(running.end().code == -SIGKILL)
    }
}
