// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Watermarks of several lanes: the least counts, idle ones do not, and a crash changes neither.
@Suite(.serialized) struct WatermarkTests {
    private let sandbox: Sandbox

    init() throws {
        sandbox = try Sandbox()
        try ClockPlugin.build(in: sandbox)
    }

    private func seconds(_ file: String, _ numbers: [Int]) throws {
        let lines = numbers.map { "{\"s\": \($0), \"of\": \"\(file)\"}" }
        _ = try sandbox.file(file, lines.joined(separator: "\n") + "\n")
    }

    /// Behind what the file has.
    private func append(_ seconds: Double, to file: String) throws {
        let handle = try FileHandle(forWritingTo: sandbox.folder.appendingPathComponent(file))
        defer { try? handle.close() }
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("{\"s\": \(seconds)}\n".utf8))
    }

    @Test func `the least of two sources counts, through several tasks`() throws {
        try seconds("a", Array(0..<20_000))
        try seconds("b", (0..<20_000).map { $0 / 2 })
        let file = try sandbox.file(
            "t.yaml",
            """
            millrace: 1
            nodes:
              a: {use: file.source, with: {path: a, as: line}, event_time: {field: s, unit: s}}
              b: {use: file.source, with: {path: b, as: line}, event_time: {field: s, unit: s}}
              some: {use: pass, from: [{node: a, partition: round_robin}, b], parallelism: 3}
              clock: {use: test.clock, from: some}
              out: {use: stdout, from: clock}
            """)
        let result = try sandbox.run("run", "--plugin-dir", sandbox.folder.path, file)
        #expect(result.code == 0, "\(result.err)")
        let lines = result.lines.map(ClockPlugin.Line.init)
        #expect(lines.count == 40_000)
        var newest = ["a": Int64.min, "b": Int64.min]
        var left = ["a": 20_000, "b": 20_000]
        var before = Int64.min
        for line in lines {
            let name = line.value.contains("\"a\"") ? "a" : "b"
            let time = try #require(line.time)
            if let mark = line.watermark {
                // One that has ended holds nobody up.
                let least = newest.filter { left[$0.key]! > 0 }.values.min() ?? .max
                #expect(mark >= before && mark <= least)
                #expect(time >= mark)
                before = mark
            } else {
                #expect(before == .min)
            }
            newest[name] = max(newest[name]!, time)
            left[name]! -= 1
        }
        #expect(before > 1_000_000_000_000, "it stood still at \(before)")
    }

    /// Two files that are followed. `b` is idle after `idle`.
    private func live(
        idle: String, isolation: String = "executor", _ flags: String...
    ) throws -> (Running, String) {
        if (try? sandbox.bytes("a")) == nil {
            try seconds("a", [1])
            _ = try sandbox.file("b", "{\"s\": 0.5}\n")
        }
        let file = try sandbox.file(
            "live.yaml",
            """
            millrace: 1
            checkpoint: {every: 100ms}
            nodes:
              a:
                use: file.source
                with: {path: a, as: line, follow: true}
                event_time: {field: s, unit: s, idle_after: 1h}
              b:
                use: file.source
                with: {path: b, as: line, follow: true}
                event_time: {field: s, unit: s, idle_after: \(idle)}
              some: {use: pass, from: [a, b], isolation: \(isolation)}
              out: {use: file.sink, from: some, with: {path: out.txt}}
            """)
        let running = try sandbox.start(["run"] + flags + [file])
        let text = try running.waitForError("watch: millrace top run-")
        return (running, String(try #require(text.split { " \n".contains($0) }.last)))
    }

    private struct View: Decodable {
        struct Mark: Decodable {
            var time: String?
            var idle: Bool?
            var held_by: String?
        }
        struct Node: Decodable {
            struct Flow: Decodable { var `in`: Int }
            var id: String
            var watermark: Mark?
            var records: Flow
        }
        var watermark: Mark?
        var nodes: [Node]

        func node(_ id: String) -> Node? { nodes.first { $0.id == id } }
    }

    /// As soon as it is so.
    private func status(
        _ job: String, _ what: String, _ isSo: (View) -> Bool
    ) throws -> View {
        var last: View?
        try sandbox.wait(for: what) {
            let result = try sandbox.run("status", job, "-o", "json")
            guard result.code == 0 else { return false }
            last = try JSONDecoder().decode(View.self, from: Data(result.out.utf8))
            return last.map(isSo) ?? false
        }
        return try #require(last)
    }

    private func end(_ running: Running) {
        running.signal(SIGTERM)
        #expect(running.end().code == 0)
    }

    @Test func `status says how far time has come, and who holds it up`() throws {
        let (running, job) = try live(idle: "1h")
        let view = try status(job, "both") { $0.watermark?.time == "1970-01-01T00:00:00.5Z" }
        #expect(view.watermark?.held_by == "b")
        #expect(view.node("a")?.watermark?.time == "1970-01-01T00:00:01Z")
        #expect(view.node("b")?.watermark?.idle == false)
        #expect(view.node("out")?.watermark?.time == "1970-01-01T00:00:00.5Z")
        try append(7.25, to: "b")
        let next = try status(job, "b's next") { $0.watermark?.time == "1970-01-01T00:00:01Z" }
        #expect(next.watermark?.held_by == "a")
        let text = try sandbox.run("status", job)
        #expect(text.out.contains("  watermark   1970-01-01T00:00:01Z, "), "\(text.out)")
        #expect(text.out.contains(" behind the clock, held up by a\n"), "\(text.out)")
        #expect(text.out.contains("1970-01-01T00:00:07.25Z\n"), "\(text.out)")
        end(running)
    }

    @Test func `a source without times is named when it holds everybody up`() throws {
        let (running, job) = try sandbox.begin(
            "generate", "rate=1k/s", "value={\"t\": 5}", "event_time.field=t", "name=timed", "!",
            "pass", "name=both", "!", "null", "generate", "rate=1k/s", "name=bare", "!", "@both")
        let view = try status(job, "a time") { $0.node("timed")?.watermark?.time != nil }
        #expect(view.watermark?.time == nil && view.watermark?.held_by == "bare")
        let text = try sandbox.run("status", job)
        #expect(text.out.contains("  watermark   none yet, held up by bare\n"), "\(text.out)")
        end(running)
    }

    @Test(arguments: ["executor", "process"])
    func `a silent source lets time go on, and what it gives later is not lost`(
        isolation: String
    ) throws {
        let (running, job) = try live(idle: "300ms", isolation: isolation)
        let idle = try status(job, "b is idle") {
            $0.watermark?.time == "1970-01-01T00:00:01Z" && $0.node("b")?.watermark?.idle == true
        }
        #expect(idle.watermark?.held_by == "a")
        #expect(idle.node("b")?.watermark?.time == "1970-01-01T00:00:00.5Z")
        try append(0.75, to: "b")
        let late = try status(job, "a late record") { $0.node("out")?.records.in == 3 }
        #expect(late.watermark?.time == "1970-01-01T00:00:01Z")
        try append(3, to: "b")
        try append(5, to: "a")
        _ = try status(job, "b is idle again") {
            $0.watermark?.time == "1970-01-01T00:00:05Z"
        }
        end(running)
        let lines = String(decoding: try sandbox.bytes("out.txt"), as: UTF8.self)
        #expect(lines.split(separator: "\n").count == 5)
    }

    @Test func `a killed run goes on with the time it had, idle lanes included`() throws {
        let (first, job) = try live(idle: "300ms", "--state-dir", "state")
        _ = try status(job, "b is idle") { $0.watermark?.time == "1970-01-01T00:00:01Z" }
        try append(2, to: "a")
        _ = try status(job, "a goes on") { $0.watermark?.time == "1970-01-01T00:00:02Z" }
        let claims = try sandbox.shell("ls state/log").split(separator: "\n").count
        try sandbox.wait(for: "a checkpoint with it") {
            try sandbox.shell("ls state/log").split(separator: "\n").count > claims + 4
        }
        first.signal(SIGKILL)
        _ = first.end()
        // Now it would take an hour to find `b` silent.
        let (second, again) = try live(idle: "1h", "--state-dir", "state")
        kill(try #require(try second.executor()), SIGKILL)
        _ = try second.waitForError("MR4107")
        try append(9, to: "a")
        let view = try status(again, "a goes on") { $0.watermark?.time == "1970-01-01T00:00:09Z" }
        #expect(view.node("b")?.watermark?.idle == true)
        #expect(view.node("b")?.watermark?.time == "1970-01-01T00:00:00.5Z")
        end(second)
        let lines = String(decoding: try sandbox.bytes("out.txt"), as: UTF8.self)
        #expect(lines.split(separator: "\n").count == 4)
    }

    @Test(arguments: 1...3) func `time never goes back over a crash`(seed: Int) throws {
        let numbers = (0..<60_000).map { $0 % 3 == 0 ? $0 : $0 - $0 % 40 }
        try seconds("in", numbers)
        let file = try sandbox.file(
            "t.yaml",
            """
            millrace: 1
            checkpoint: {every: 200ms}
            nodes:
              in:
                use: file.source
                with: {path: in, as: line}
                event_time: {field: s, unit: s, max_delay: 40s}
              pace: {use: rate_limit, from: {node: in, queue: 64}, with: {rate: 20k/s}}
              clock: {use: test.clock, from: {node: pace, queue: 64}}
              out: {use: file.sink, from: clock, with: {path: out.txt}}
            """)
        let running = try sandbox.start(
            ["run", "--plugin-dir", sandbox.folder.path, "--state-dir", "state", file])
        _ = try running.waitForError("watch:")
        try sandbox.waitForCheckpoint()
        for _ in 0..<seed {
            if let executor = try running.executor() { kill(executor, SIGKILL) }
            let claims = try sandbox.shell("ls state/log").split(separator: "\n").count
            try sandbox.wait(for: "the next checkpoint") {
                try !running.process.isRunning
                    || sandbox.shell("ls state/log").split(separator: "\n").count > claims + 3
            }
        }
        let result = running.end()
        #expect(result.code == 0, "\(result.err)")
        #expect(result.err.contains("MR4107"))
        let lines = String(decoding: try sandbox.bytes("out.txt"), as: UTF8.self)
            .split(separator: "\n").map(ClockPlugin.Line.init)
        #expect(lines.map(\.time) == numbers.map { Int64($0) * 1_000_000_000 })
        var before: Int64?
        for line in lines {
            #expect(before == nil || line.watermark != nil, "it was forgotten")
            guard let mark = line.watermark else { continue }
            #expect(mark >= before ?? .min, "it went back")
            before = mark
        }
    }
}
