// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Pipelines of one topology that share no record: one fails, the other does not notice.
@Suite struct RegionTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    /// Lines to a file and their counts to another; twice, and at the same time.
    private func topology(_ rate: String, isolated: Bool = false, joined: Bool = false) -> String {
        let own = isolated ? "process" : "executor"
        var nodes = ""
        for side in ["a", "b"] {
            let inputs = joined && side == "b" ? "[b_slow, a_slow]" : "\(side)_slow"
            nodes += """
                  \(side)_in: {use: file.source, with: {path: \(side).txt, as: line}}
                  \(side)_slow: {use: rate_limit, from: \(side)_in, with: {rate: \(rate)}}
                  \(side)_all: {use: pass, from: \(inputs), isolation: \(own)}
                  \(side)_totals: {use: count, from: \(side)_slow}
                  \(side)_out: {use: file.sink, from: \(side)_all, with: {path: \(side).out}}
                  \(side)_sum: {use: file.sink, from: \(side)_totals, with: {path: \(side).sum}}

                """
        }
        return """
            millrace: 1
            name: twofold
            checkpoint: {every: 100ms}
            restart: {backoff: 0s..1s, budget: {count: 100}}
            nodes:
            \(nodes)
            """
    }

    private func prepare(lines: Int) throws {
        try sandbox.shell("seq 1 \(lines) > a.txt; seq 5 \(lines) > b.txt")
    }

    private func expectExact() throws {
        for side in ["a", "b"] {
            #expect(try sandbox.bytes("\(side).out") == sandbox.bytes("\(side).txt"), "\(side)")
            let lines = try sandbox.shell("wc -l < \(side).txt").filter(\.isNumber)
            let sum = try sandbox.shell("cat \(side).sum")
            #expect(sum.contains("\"count\": \(lines)}"), "\(sum)")
        }
    }

    @Test(arguments: [false, true], [false, true])
    func `the executor of one may be killed, and that of the other lives on`(
        isolated: Bool, kept: Bool
    ) throws {
        try prepare(lines: 100_000)
        let file = try sandbox.file("two.yaml", topology("40k/s", isolated: isolated))
        let running = try sandbox.start(["run", file] + (kept ? ["--state-dir", "state"] : []))
        _ = try running.waitForError("watch:")
        var killed: Set<Int32> = []
        let first = running.executors()
        let perRegion = isolated ? 2 : 1
        try #require(first.count == 2 * perRegion)
        // Executors of the first region are started first.
        let calm = Set(first.prefix(perRegion))
        while killed.count < 5 {
            try sandbox.wait(for: "the executors of both") {
                let now = running.executors()
                return now.count == 2 * perRegion && killed.isDisjoint(with: now)
            }
            let others = running.executors().filter { !calm.contains($0) }
            let victim = others[killed.count % perRegion]
            kill(victim, SIGKILL)
            killed.insert(victim)
        }
        #expect(calm.isSubset(of: running.executors()))
        let result = running.end()
        #expect(result.code == 0, "\(result.err)")
        #expect(result.err.contains("going on from the last checkpoint"))
        try expectExact()
    }

    @Test func `an interrupted run goes on with both, and with what has ended`() throws {
        try prepare(lines: 60_000)
        try sandbox.shell("seq 1 10 > a.txt")
        let slow = try sandbox.file("slow.yaml", topology("20k/s"))
        let running = try sandbox.start(["run", slow, "--state-dir", "state"])
        _ = try running.waitForError("watch:")
        try sandbox.wait(for: "the end of the first") {
            try running.executors().count == 1 && !sandbox.bytes("a.sum").isEmpty
        }
        running.signal(SIGINT)
        #expect(running.end().code == 0)
        let fast = try sandbox.file("fast.yaml", topology("1G/s"))
        let again = try sandbox.run("run", fast, "--state-dir", "state")
        #expect(again.code == 0, "\(again.err)")
        try expectExact()
    }

    @Test func `a savepoint joins what is connected from then on`() throws {
        try prepare(lines: 80_000)
        _ = try sandbox.file("two.yaml", topology("20k/s"))
        let (running, job) = try sandbox.begin("two.yaml", "--state-dir", "first")
        try sandbox.waitForCheckpoint(in: "first")
        let live = try sandbox.run("savepoint", "create", job, "--to", "live")
        #expect(live.code == 0, "\(live.err)")
        let stop = try sandbox.run("stop", job, "--savepoint", "last")
        #expect(stop.code == 0, "\(stop.err)")
        #expect(running.end().code == 0)
        try sandbox.shell("cp -r first again; mkdir half; cp *.out *.sum half")

        let joined = try sandbox.file("joined.yaml", topology("1G/s", joined: true))
        let refused = try sandbox.run("run", joined, "--state-dir", "again")
        #expect(refused.code == 65)
        #expect(
            refused.err.contains("error MR2312") && refused.err.contains("are connected now"),
            "\(refused.err)")
        let whole = try sandbox.run("run", joined, "--from", "last", "--state-dir", "second")
        #expect(whole.code == 0, "\(whole.err)")
        #expect(try sandbox.bytes("a.out") == sandbox.bytes("a.txt"))
        let extra = try sandbox.shell("cat b.txt a.txt | sort > both; sort b.out | comm -13 both -")
        #expect(extra == "")

        try sandbox.shell("rm *.out *.sum; cp half/* .")
        let fast = try sandbox.file("fast.yaml", topology("1G/s"))
        let apart = try sandbox.run("run", fast, "--from", "last", "--state-dir", "third")
        #expect(apart.code == 0, "\(apart.err)")
        try expectExact()
        // From the earlier one records come that the files have already: they are cut off again.
        try sandbox.shell("rm *.out *.sum; cp half/* .")
        let earlier = try sandbox.run("run", fast, "--from", "live", "--state-dir", "fourth")
        #expect(earlier.code == 0, "\(earlier.err)")
        try expectExact()
    }

    @Test func `a pipeline that is taken out of the topology is missed`() throws {
        try prepare(lines: 40_000)
        let two = try sandbox.file("two.yaml", topology("20k/s"))
        let running = try sandbox.start(["run", two, "--state-dir", "state"])
        try sandbox.waitForCheckpoint()
        running.signal(SIGINT)
        #expect(running.end().code == 0)
        let text = topology("1G/s").split(separator: "\n").filter { !$0.contains("a_") }
        let one = try sandbox.file("one.yaml", text.joined(separator: "\n"))
        let refused = try sandbox.run("run", one, "--state-dir", "state")
        #expect(refused.code == 65 && refused.err.contains("error MR2311"), "\(refused.err)")
    }
}
