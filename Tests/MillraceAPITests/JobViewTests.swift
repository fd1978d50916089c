// SPDX-License-Identifier: Apache-2.0
import Foundation
import MillraceAPI
import MillraceCore
import MillraceGraph
import Testing

@Suite struct JobViewTests {
    @Test func `every state but RUNNING and FINISHED has a reason and a next step`() {
        // Shown by making a view in each phase, a stuck task included.
        let plan = plan("a(source) > b(sink)")
        let idle = reading(plan, [:])
        var stuck = idle
        stuck.tasks[1].callAge = 3_000_000_000
        let failure = Failure(.crash, node: "b", "b crashed")
        let views = [
            view(plan, idle, .starting), view(plan, idle), view(plan, stuck),
            view(plan, idle, .draining(why: .interrupted, deadline: 5_000_000_000)),
            view(plan, idle, .ended(why: .sourcesEnded)), view(plan, idle, .ended(why: .asked)),
            view(plan, idle, .failed(failure)),
        ]
        #expect(
            views.map(\.state) == [
                .starting, .running, .degraded, .draining, .finished, .stopped, .failed,
            ])
        for view in views where view.state != .running && view.state != .finished {
            #expect(view.reason?.text.isEmpty == false, "\(view.state)")
            #expect(view.next?.text.isEmpty == false, "\(view.state)")
        }
    }

    @Test func `a stuck call names its node, its task and its age`() {
        let plan = plan("a(source) > b*3 > c(sink)")
        var stuck = reading(plan, [:])
        stuck.tasks[3].callAge = 4_000_000_000
        let seen = view(plan, stuck)
        #expect(
            seen.reason
                == JobReason(
                    code: "MR4102", text: "b#2 has been in one call of test.b for 4s", node: "b",
                    task: 2))
        #expect(seen.ageSeconds == 4)
    }

    @Test func `tasks of a node are added up and rates belong to the interval`() {
        let plan = plan("a(source) > b*2(sink)")
        var earlier = reading(plan, [:])
        var now = earlier
        earlier.instant = 1_000_000_000
        now.instant = 3_000_000_000
        now.tasks[0].recordsOut = 1000
        for task in 1...2 { now.tasks[task].recordsIn = UInt64(task) * 300 }
        let seen = JobView(
            plan: plan, phase: .running, since: 0, running: 0, wallClock: 0, earlier: earlier,
            now: now)
        #expect(seen.rates == Flow(in: 500, out: 450))
        #expect(seen.records == Flow(in: 1000, out: 900))
        #expect(seen.nodes[1].tasks.map(\.rates.in) == [150, 300])
    }

    @Test func `a counter that seems to run backwards counts as no progress`() {
        let plan = plan("a(source) > b(sink)")
        var earlier = reading(plan, ["a": (50, 0, 50, 0)])
        earlier.tasks[0].recordsOut = 10
        let now = JobReading(instant: 2_000_000_000, tasks: reading(plan, [:]).tasks)
        let seen = JobView(
            plan: plan, phase: .running, since: 0, running: 0, wallClock: 0, earlier: earlier,
            now: now)
        #expect(seen.rates.in == 0)
        #expect(seen.nodes[0].time == TimeShares(busy: 0, blocked: 0, starved: 1))
    }

    @Test func `the JSON of a view reads back as the same view`() throws {
        let plan = plan("a(source) > b > c(sink)")
        var now = reading(plan, ["a": (10, 90, 0, 0), "b": (97, 0, 3, 100)])
        now.tasks[2].latency = LatencyReading(count: 1, max: 9, buckets: [0, 0, 0, 1])
        let failed = Failure(.crash, node: "b", "says \"no\"\n", next: "look")
        for seen in [view(plan, now), view(plan, now, .failed(failed))] {
            let back = try JSONDecoder().decode(JobView.self, from: Data(seen.json.text.utf8))
            #expect(back == seen)
        }
    }
}

@Suite struct BottleneckTests {
    /// Percent busy, blocked, starved, queue of each node on the way of `a > b > c > d`.
    struct Case: CustomTestStringConvertible {
        var name: String
        var drawing: String
        var shares: [String: (Int, Int, Int, Int)]
        var found: String?
        var blocks: [String]
        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "no source waits", drawing: "a(source) > b > c(sink)",
            shares: ["a": (80, 20, 0, 0), "b": (20, 0, 80, 0)], found: nil, blocks: []),
        Case(
            name: "the next node is slow", drawing: "a(source) > b > c(sink)",
            shares: ["a": (20, 80, 0, 0), "b": (97, 3, 0, 100)], found: "b", blocks: ["a"]),
        Case(
            name: "a node that waits hands the blame on", drawing: "a(source) > b > c > d(sink)",
            shares: ["a": (9, 91, 0, 0), "b": (29, 71, 0, 100), "c": (97, 0, 3, 100)],
            found: "c", blocks: ["b"]),
        Case(
            name: "the sink is the end of the way", drawing: "a(source) > b > c(sink)",
            shares: ["a": (9, 91, 0, 0), "b": (20, 80, 0, 90), "c": (100, 0, 0, 99)],
            found: "c", blocks: ["b"]),
        Case(
            name: "of two consumers the fuller one", drawing: "a(source) > b > d(sink), a > c > d",
            shares: ["a": (9, 91, 0, 0), "b": (50, 0, 50, 10), "c": (40, 0, 60, 100)],
            found: "c", blocks: ["a"]),
        Case(
            name: "of two sources the one that waits more",
            drawing: "a(source) > b > d(sink), c(source) > e > d",
            shares: ["a": (70, 30, 0, 0), "c": (10, 90, 0, 0), "e": (90, 0, 10, 100)],
            found: "e", blocks: ["c"]),
        Case(
            name: "exactly a fifth does not count as waiting", drawing: "a(source) > b > c(sink)",
            shares: ["a": (50, 50, 0, 0), "b": (80, 20, 0, 100), "c": (100, 0, 0, 100)],
            found: "b", blocks: ["a"]),
        Case(
            name: "all that wait for it, the most patient first",
            drawing: "a(source) > c > d(sink), b(source) > c",
            shares: ["a": (50, 50, 0, 0), "b": (40, 60, 0, 0), "c": (99, 1, 0, 100)],
            found: "c", blocks: ["b", "a"]),
    ]

    @Test(arguments: cases)
    func `the bottleneck is the first node that does not wait itself`(_ example: Case) {
        let plan = plan(example.drawing)
        let found = view(plan, reading(plan, example.shares)).bottleneck
        #expect(found?.node == example.found)
        #expect(found?.blocks.map(\.node) ?? [] == example.blocks)
    }

    @Test func `a job that is over has no bottleneck`() {
        let plan = plan("a(source) > b(sink)")
        let now = reading(plan, ["a": (0, 100, 0, 0), "b": (100, 0, 0, 100)])
        #expect(view(plan, now).bottleneck?.node == "b")
        #expect(view(plan, now, .ended(why: .asked)).bottleneck == nil)
    }
}
