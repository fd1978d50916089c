// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// `stop` and `run --from`: what a savepoint holds, and what is not begun with it.
@Suite struct SavepointTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    /// Some hundred thousand lines take seconds at 50k/s, and no time at 1G/s.
    private static func topology(_ rate: String) -> String {
        """
        millrace: 1
        name: numbers
        checkpoint: {every: 100ms}
        nodes:
          in: {use: file.source, with: {path: in.txt, as: line}}
          slow: {use: rate_limit, from: in, with: {rate: \(rate)}}
          totals: {use: count, from: slow}
          out: {use: file.sink, from: slow, with: {path: out.txt}}
          sum: {use: file.sink, from: totals, with: {path: sum.txt}}
        """
    }

    private func prepare(lines: Int = 300_000) throws {
        try sandbox.shell("seq 1 \(lines) > in.txt")
        _ = try sandbox.file("slow.yaml", Self.topology("50k/s"))
        _ = try sandbox.file("fast.yaml", Self.topology("1G/s"))
    }

    /// Waits until checkpoints stand in the folder.
    private func wait(for claims: Int, in folder: String) throws {
        try sandbox.shell(
            "for i in $(seq 600); do [ $(ls \(folder)/manifests 2>/dev/null | wc -l) -ge "
                + "\(claims) ] && exit 0; sleep 0.1; done; exit 1")
    }

    /// Runs until two checkpoints stand, then stops with a savepoint.
    private func saved(_ folder: String) throws {
        let (running, job) = try sandbox.begin("slow.yaml", "--state-dir", "first")
        try wait(for: 2, in: "first")
        let stop = try sandbox.run("stop", job, "--savepoint", folder)
        #expect(stop.code == 0, "\(stop.err)")
        #expect(stop.out.contains("/\(folder)  epoch "))
        #expect(stop.err == "\(job) is over\n")
        let end = running.end()
        #expect(end.code == 0, "\(end.err)")
        #expect(end.err.contains(" draining: "))
    }

    @Test func `a run from a savepoint that was moved ends with the same bytes`() throws {
        try prepare()
        #expect(try sandbox.run("run", "fast.yaml").code == 0)
        try sandbox.shell("mkdir whole half elsewhere; mv out.txt sum.txt whole")
        try saved("sp")
        try sandbox.shell("mv sp elsewhere/one; rm -r first; mv out.txt sum.txt half")
        #expect(try sandbox.shell("cmp whole/out.txt half/out.txt || echo differs") != "")
        for folder in ["second", "third"] {
            try sandbox.shell("cp half/out.txt .; rm -f sum.txt; cp half/sum.txt .")
            let again = try sandbox.run(
                "run", "fast.yaml", "--from", "elsewhere/one", "--state-dir", folder)
            #expect(again.code == 0, "\(again.err)")
            #expect(again.err.contains("from savepoint ") && again.err.contains(" of numbers; "))
            for file in ["out.txt", "sum.txt"] {
                #expect(try sandbox.bytes(file) == sandbox.bytes("whole/\(file)"), "\(file)")
            }
        }
        // The new life goes on by itself, and no savepoint can be put into it.
        #expect(try sandbox.run("run", "fast.yaml", "--state-dir", "second").code == 0)
        let twice = try sandbox.run(
            "run", "fast.yaml", "--from", "elsewhere/one", "--state-dir", "second")
        #expect(twice.code == 65)
        #expect(twice.err.contains("error MR6103  the state directory "))
    }

    @Test func `damage is found wherever it is, and nothing is begun`() throws {
        try prepare()
        try saved("sp")
        let files = try sandbox.shell("cd sp; find . -type f").split(separator: "\n")
        #expect(files.count == 3)
        for file in files {
            try sandbox.shell(
                "rm -rf bad new; cp -r sp bad; printf '#' | dd of=bad/\(file) bs=1 seek=70 "
                    + "conv=notrunc status=none")
            let run = try sandbox.run("run", "fast.yaml", "--from", "bad", "--state-dir", "new")
            #expect(run.code == 74, "\(file): \(run.err)")
            #expect(run.err.contains("error MR6004  "), "\(file): \(run.err)")
            #expect(try sandbox.shell("ls new/log 2>/dev/null").isEmpty)
        }
        // What the description says by itself is not believed either, and a later one is told.
        for (change, code, text) in [
            ("s/\"epoch\" : [0-9]*/\"epoch\" : 18446744073709551615/", 74, "error MR6004  "),
            ("s/\"savepoint\" : 1/\"savepoint\" : 2/; /\"bytes\"/d", 65, "error MR6101  "),
        ] {
            try sandbox.shell("rm -rf bad; cp -r sp bad; sed -i '\(change)' bad/savepoint.json")
            let show = try sandbox.run("savepoint", "show", "bad")
            #expect(show.code == Int32(code) && show.err.contains(text), "\(change): \(show.err)")
        }
        let none = try sandbox.run("run", "fast.yaml", "--from", "bad/state")
        #expect(none.code == 66)
        _ = try sandbox.file(
            "other.yaml",
            Self.topology("1G/s").replacingOccurrences(of: "totals", with: "sums"))
        let other = try sandbox.run("run", "other.yaml", "--from", "sp", "--state-dir", "new")
        #expect(other.code == 65)
        #expect(other.err.contains("error MR2311  totals: "))
    }

    @Test func `a savepoint is never written over another one, and the run goes on`() throws {
        try prepare()
        try sandbox.shell("mkdir sp; echo mine > sp/notes")
        let (running, job) = try sandbox.begin("slow.yaml", "--state-dir", "first")
        let stop = try sandbox.run("stop", job, "--savepoint", "sp")
        #expect(stop.code == 73)
        #expect(stop.err.contains("error MR6105  "))
        #expect(try sandbox.run("stop", job, "--savepoint", "x", "--now").code == 64)
        #expect(try sandbox.run("status", job).code == 0)
        let now = try sandbox.run("stop", job, "--now")
        #expect(now.code == 0, "\(now.err)")
        let end = running.end()
        #expect(end.code == 75)
        #expect(end.err.contains("error MR4202  ended at once, as was asked; the next run goes on"))
        #expect(try sandbox.shell("ls sp") == "notes\n")
    }

    @Test func `a run without state drains and has no savepoint`() throws {
        let (running, job) = try sandbox.begin(sandbox.withoutState())
        let refused = try sandbox.run("stop", job, "--savepoint", "sp")
        #expect(refused.code == 69)
        #expect(refused.err.contains("error MR7102  \(job) keeps no state"))
        let stop = try sandbox.run("stop", job, "--drain-timeout", "20s")
        #expect(stop.code == 0, "\(stop.err)")
        #expect(running.end().code == 0)
        #expect(try sandbox.run("stop", job).code == 64)
    }

    @Test func `a topology with checkpoints has them without a folder, too`() throws {
        try prepare(lines: 100_000)
        let (running, job) = try sandbox.begin("slow.yaml")
        let stop = try sandbox.run("stop", job, "--savepoint", "sp")
        #expect(stop.code == 0, "\(stop.err)")
        #expect(running.end().code == 0)
        #expect(try sandbox.run("run", "fast.yaml", "--from", "sp").code == 0)
        #expect(try sandbox.shell("cmp out.txt in.txt && echo same") == "same\n")
        _ = try sandbox.file(
            "least.yaml",
            Self.topology("1G/s").replacingOccurrences(
                of: "every: 100ms", with: "guarantee: at_most_once"))
        #expect(try sandbox.run("run", "least.yaml").code == 0)
        #expect(try sandbox.run("run", "least.yaml", "--state-dir", "s").code == 64)
    }

    @Test func `two runs cannot have one state directory`() throws {
        try prepare()
        let (running, job) = try sandbox.begin("slow.yaml", "--state-dir", "first")
        let second = try sandbox.run("run", "fast.yaml", "--state-dir", "first")
        #expect(second.code == 69)
        #expect(second.err.contains("error MR6106  the state directory "))
        #expect(second.err.contains("is in use by \(job), process "))
        running.signal(SIGINT)
        #expect(running.end().code == 0)
    }

    @Test func `a store has a folder for each job, and keeps as many checkpoints as it is told`()
        throws
    {
        try prepare(lines: 100_000)
        _ = try sandbox.file(
            "store.yaml",
            Self.topology("50k/s").replacingOccurrences(
                of: "every: 100ms", with: "every: 50ms, store: states/of, retain: 6"))
        #expect(try sandbox.run("run", "store.yaml").code == 0)
        let kept = try sandbox.shell("ls states/of/numbers/manifests").split(separator: "\n")
        #expect((6...8).contains(kept.count), "\(kept)")
    }
}
