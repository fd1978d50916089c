// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// `savepoint create`: of a run that goes on, whatever happens meanwhile.
@Suite struct LiveSavepointTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    /// No checkpoint is due while a test runs, but for the first one and those of savepoints.
    private func prepare(lines: Int, rate: String, checkpoint: String = "every: 1h") throws {
        try sandbox.shell("seq 1 \(lines) > in.txt")
        for (name, rate) in [("slow.yaml", rate), ("fast.yaml", "1G/s")] {
            _ = try sandbox.file(
                name,
                """
                millrace: 1
                name: numbers
                checkpoint: {\(checkpoint)}
                restart: {backoff: 0s..1s}
                nodes:
                  in: {use: file.source, with: {path: in.txt, as: line}}
                  slow: {use: rate_limit, from: in, with: {rate: \(rate)}}
                  totals: {use: count, from: slow}
                  out: {use: file.sink, from: slow, with: {path: out.txt}}
                  sum: {use: file.sink, from: totals, with: {path: sum.txt}}
                """)
        }
    }

    private func create(_ job: String, to folder: String) throws -> Running {
        try sandbox.start(["savepoint", "create", job, "--to", folder])
    }

    /// Savepoints one after the other, until one has records; its folder.
    private func savepointWithRecords(of job: String) throws -> String {
        for number in 1...100 {
            let made = try create(job, to: "sp\(number)").end()
            try #require(made.code == 0, "\(made.err)")
            #expect(made.out.contains("/sp\(number)  epoch "), "\(made.out)")
            if try !sandbox.bytes("out.txt").isEmpty { return "sp\(number)" }
        }
        throw CancellationError()
    }

    /// Runs to the end from where it is told, over what the sinks had at that time.
    private func finish(from words: [String], had folder: String) throws -> Running.Result {
        try sandbox.shell("cp \(folder)/*.txt .")
        let end = try sandbox.start(["run", "-o", "json", "fast.yaml"] + words).end()
        #expect(end.code == 0, "\(end.err)")
        #expect(try sandbox.bytes("out.txt") == sandbox.bytes("in.txt"))
        return end
    }

    @Test func `records flow meanwhile, and the state of the run is not needed any more`() throws {
        try prepare(lines: 120_000, rate: "40k/s")
        let (running, job) = try sandbox.begin("slow.yaml", "--state-dir", "first")
        let folder = try savepointWithRecords(of: job)
        let half = try sandbox.bytes("out.txt").count
        #expect(half < (try sandbox.bytes("in.txt").count))
        try sandbox.shell("mkdir half; cp out.txt sum.txt half")
        let end = running.end()
        #expect(end.code == 0, "\(end.err)")
        #expect(try sandbox.bytes("out.txt") == sandbox.bytes("in.txt"))
        let sum = try sandbox.bytes("sum.txt")
        #expect(String(decoding: sum, as: UTF8.self).contains("120000"))
        let shown = try sandbox.run("savepoint", "show", folder)
        #expect(shown.code == 0 && shown.out.contains("of numbers, taken "), "\(shown.err)")
        try sandbox.shell("rm -r first; rm sum.txt")
        _ = try finish(from: ["--from", folder, "--state-dir", "second"], had: "half")
        #expect(try sandbox.bytes("sum.txt") == sum)
    }

    @Test func `a run from it does what the run itself would do from that checkpoint`() throws {
        try prepare(lines: 200_000, rate: "40k/s")
        let (running, job) = try sandbox.begin("slow.yaml", "--state-dir", "first")
        let folder = try savepointWithRecords(of: job)
        running.signal(SIGKILL)
        _ = running.end()
        try sandbox.shell("mkdir had; cp out.txt sum.txt had")
        var counts: [NSObject] = []
        var sums: [Data] = []
        for words in [["--state-dir", "first"], ["--from", folder, "--state-dir", "second"]] {
            let end = try finish(from: words, had: "had")
            counts.append(try #require(end.json()["records"] as? NSObject))
            sums.append(try sandbox.bytes("sum.txt"))
        }
        #expect(sums[0] == sums[1] && counts[0] == counts[1])
    }

    @Test func `executors and runs may be killed meanwhile`() throws {
        try prepare(lines: 400_000, rate: "50k/s")
        let (running, job) = try sandbox.begin("slow.yaml", "--state-dir", "first")
        try freeze(running)
        let made = try create(job, to: "sp")
        _ = try made.waitForError("checkpoint ")
        let second = try create(job, to: "other").end()
        #expect(second.code == 69)
        #expect(second.err.contains("error MR7102  a savepoint is being made already, in /"))
        // The next attempt makes it.
        try freeze(running, SIGKILL)
        let end = made.end()
        #expect(end.code == 0, "\(end.err)")
        try sandbox.shell("mkdir had; cp out.txt sum.txt had")
        try freeze(running)
        let late = try create(job, to: "late")
        _ = try late.waitForError("checkpoint ")
        running.signal(SIGKILL)
        let lost = late.end()
        #expect(lost.code == 69)
        #expect(lost.err.contains("error MR7102  \(job) has ended or was killed, and /"))
        #expect(try sandbox.shell("ls").contains("late") == false)
        _ = try finish(from: ["--from", "sp", "--state-dir", "second"], had: "had")
    }

    private func freeze(_ running: Running, _ signal: Int32 = SIGSTOP) throws {
        kill(try #require(try running.executor()), signal)
    }

    @Test func `a checkpoint that is not taken in time is told, and the run goes on`() throws {
        try prepare(lines: 200_000, rate: "60k/s", checkpoint: "every: 1h, timeout: 500ms")
        let (running, job) = try sandbox.begin("slow.yaml", "--state-dir", "first")
        try freeze(running)
        let late = try create(job, to: "late").end()
        #expect(late.code == 74)
        #expect(late.err.contains("error MR6001  its checkpoint came to nothing: epoch "))
        try freeze(running, SIGCONT)
        let asked = try sandbox.run("savepoint", "create", job, "-o", "json")
        #expect(asked.code == 0, "\(asked.err)")
        let facts = try asked.json()
        #expect(facts["state"] as? String == "done" && facts["job"] as? String == job)
        let place = try #require(facts["savepoint"] as? String)
        #expect(place.contains("/numbers-20"))
        let bytes = try sandbox.shell("cat \(place)/state/* | wc -c")
        #expect(bytes == "\(facts["bytes"] as? Int ?? 0)\n")
        running.signal(SIGINT)
        #expect(running.end().code == 0)
    }

    @Test func `what cannot be made is refused, and nothing is left of it`() throws {
        let (without, job) = try sandbox.begin(sandbox.withoutState())
        let stateless = try create(job, to: "sp").end()
        #expect(stateless.code == 69)
        #expect(
            stateless.err.contains(
                "error MR7102  \(job) keeps no state that a savepoint could be made of: its "
                    + "topology asks for at_most_once"))
        without.signal(SIGINT)
        #expect(without.end().code == 0)
        #expect(try create(job, to: "sp").end().code == 64)

        try prepare(lines: 200_000, rate: "60k/s")
        try sandbox.shell(
            "mkdir -p mine left/state; echo mine > mine/notes; echo x > left/unfinished; "
                + "echo x > left/state/1-1-0-a.seg")
        let (running, _) = try sandbox.begin("slow.yaml")
        for (folder, code, text) in [
            ("mine", 73, "MR6105"), ("in.txt/sp", 74, "MR6002"), ("no/such/sp", 74, "MR6002"),
        ] {
            let refused = try create("numbers", to: folder).end()
            #expect(refused.code == code && refused.err.contains("error \(text)"), "\(refused)")
        }
        // What was left by one that was killed is no savepoint, and is written over.
        #expect(try sandbox.run("savepoint", "show", "left").code == 66)
        let again = try create("numbers", to: "left").end()
        #expect(again.code == 0, "\(again.err)")
        #expect(try sandbox.shell("ls left left/state | grep -c 'unfinished\\|-a.seg'") == "0\n")
        #expect(try sandbox.run("savepoint", "show", "left").code == 0)
        #expect(try create("numbers", to: "left").end().code == 73)
        #expect(try sandbox.shell("ls mine") == "notes\n")
        running.signal(SIGINT)
        #expect(running.end().code == 0)
    }

    @Test func `a full disk costs the savepoint and nothing else`() throws {
        try prepare(lines: 120_000, rate: "40k/s")
        // Two pages, in a mount namespace of its own; where that is not allowed, there is nothing
        // to see.
        let script = """
            mkdir small && mount -t tmpfs -o size=8k none small || { echo no-mount; exit 0; }
            millrace='\(try Sandbox.program.path)'
            $millrace run slow.yaml --state-dir first & run=$!
            until $millrace status numbers > /dev/null 2>&1; do sleep 0.05; done
            $millrace savepoint create numbers --to small/sp; echo "code $?"
            ls small; echo "left $(ls small | wc -l)"
            $millrace savepoint create numbers --to large; echo "code $?"
            wait $run; echo "run $?"
            """
        let result = try Running(
            URL(fileURLWithPath: "/usr/bin/unshare"), ["-m", "bash", "-c", script],
            in: sandbox.folder, [:]
        ).end()
        if result.out.contains("no-mount") || result.err.contains("unshare:") { return }
        #expect(result.out.hasPrefix("code 74\nleft 0\nsavepoint "), "\(result)")
        #expect(result.out.hasSuffix("code 0\nrun 0\n"), "\(result)")
        #expect(result.err.contains("error MR5307  /"), "\(result.err)")
        #expect(try sandbox.bytes("out.txt") == sandbox.bytes("in.txt"))
    }
}
