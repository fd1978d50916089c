// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceDelivery
import MillraceGraph
import Testing

@testable import MillraceJobs

/// Two pipelines in one topology, which share no record.
struct RegionRunTests {
    private static let begin = ["1 executor", "1 from 0", "2 executor", "2 from 0"]

    private func twofold(
        after earlier: DurableStory? = nil, keepsState: Bool = true
    ) -> DurableStory {
        DurableStory(after: earlier, keepsState: keepsState, plan: Sample.plan(isTwofold: true))
    }

    @Test(arguments: [true, false])
    func `a crash rolls back its region, and the other one goes on`(_ keepsState: Bool) {
        var story = twofold(keepsState: keepsState)
        #expect(story.done.sorted() == Self.begin)
        story.play("1s 1s crash@2")
        #expect(story.done.dropFirst(4) == ["2 executor", "2 from 6"])
        // Its own checkpoints went on meanwhile, and it goes back to the newest of them.
        story.play("1s 1s crash@1 1s")
        #expect(story.done.dropFirst(6) == ["1 executor", "1 from 10"])
        #expect(story.ending == "running")
    }

    @Test func `crashes of one region spend nothing of the other`() {
        var story = twofold()
        story.play("1s")
        for _ in 0..<5 { story.play("crash@2 1s") }
        #expect(!story.done.dropFirst(4).contains { $0.hasPrefix("1") })
        for _ in 0..<60 where story.ending == "running" { story.play("crash@2 1s") }
        #expect(story.ending == "MR4105 exit 1")
        #expect(story.done.last == "1 kill")
    }

    @Test func `a restart of the whole job waits for both`() {
        var story = twofold()
        story.play("1s")
        for _ in 0..<7 { story.play("crash@2 1s") }
        story.play("40s")
        #expect(story.done.contains("1 kill"))
        #expect(story.done.filter { $0 == "1 executor" }.count == 2)
        #expect(story.ending == "running")
    }

    @Test func `a region that has read all ends, and the job with the last one`() {
        var story = twofold()
        story.play("1s drained@1 1s crash@2 1s")
        #expect(story.done.dropFirst(4) == ["2 executor", "2 from 6"])
        #expect(story.ending == "running")
        story.play("drained@2")
        #expect(story.ending == "stopped sourcesEnded")
        #expect(twofold(after: story).done == [])
    }

    @Test func `a region that has ended is left alone, whatever becomes of its executors`() {
        var story = twofold()
        story.play("1s messy drained@1 messy 1s")
        #expect(story.ending == "running")
        for _ in 0..<7 { story.play("crash@2 1s") }
        story.play("40s drained@2")
        #expect(story.ending == "stopped sourcesEnded")
        #expect(story.done.filter { $0 == "1 executor" }.count == 1)
        // The last one waits for what is being copied, and needs nobody for that.
        story = twofold()
        story.play("1s slow live drained@1 drained@2 crash@2 1s")
        #expect(story.ending == "under way")
        story.play("copied")
        #expect(story.ending == "stopped sourcesEnded")
        #expect(twofold(after: story).done == [])
        // As a run with one region, which ends with a crash of its plugin at the very end.
        story = twofold()
        story.play("1s drained@1 messy drained@2")
        #expect(story.ending == "MR4101 exit 1")
    }

    @Test func `who has read all before the others has the time that they have`() {
        var story = twofold()
        story.play("1s late drained@1 40s 40s late")
        #expect(story.ending == "running")
        story.play("40s 40s drained@2 1s")
        #expect(story.ending == "stopped sourcesEnded")
    }

    @Test func `a signal keeps the state of both, also where one has ended`() {
        var story = twofold()
        story.play("1s int")
        #expect(story.ending == "stopped interrupted")
        #expect(
            twofold(after: story).done.sorted()
                == ["1 executor", "1 from 5", "2 executor", "2 from 6"])

        story = twofold()
        story.play("1s drained@1 1s int")
        #expect(story.ending == "stopped interrupted")
        #expect(twofold(after: story).done.contains("1 from 5"))
    }

    @Test func `what ends the run for one region ends it for both`() {
        for word in ["refused", "many"] {
            var story = twofold()
            story.play("1s \(word)@2 1s")
            #expect(story.ending.hasSuffix("exit 1"))
            #expect(story.done.count == 4)
        }
    }

    @Test func `a savepoint has the state of both`() {
        var story = twofold()
        story.play("1s live 1s")
        #expect(story.news.prefix(2) == ["takes 5", "takes 6"])
        #expect(story.news.dropFirst(2).first == "copies 6")
        #expect(story.written?.nodes.map(\.id).sorted() == Self.nodes)
        #expect(story.ending == "running")
        story.play("live drained@1 1s drained@2")
        #expect(story.ending == "stopped sourcesEnded")
    }

    private static let nodes = ["score", "score2", "sink", "sink2", "source", "source2"]

    @Test func `a savepoint takes what has ended as it ended, and waits for a restart`() {
        var story = twofold()
        story.play("1s drained@1 1s late live late crash@2 1s")
        #expect(
            story.news == ["takes 7", "waits", "takes 8", "copies 8", "savepoint of 8", "has 8"])
        #expect(story.written?.nodes.map(\.id).sorted() == Self.nodes)
    }

    @Test(arguments: ["1s savepoint", "1s drained@1 1s savepoint", "1s slow live savepoint copied"])
    func `the savepoint of a stop has the state of both`(_ words: String) {
        var story = twofold()
        story.play(words)
        if story.ending == "under way" { story.play("slow copied") }
        #expect(story.ending == "stopped asked")
        #expect(story.written?.nodes.map(\.id).sorted() == Self.nodes)
    }

    // MARK: - topologies that change

    private func regions(_ plan: Plan, after story: DurableStory) throws -> [[String]] {
        try JobCoordinator.regions(of: plan, log: story.log).map { ["\($0.region)"] + $0.nodes }
    }

    @Test func `parts that a log has as one region stay one`() throws {
        var story = DurableStory(plan: Sample.plan(isJoined: true))
        story.play("1s int")
        let plan = Sample.plan(isTwofold: true)
        let regions = try JobCoordinator.regions(of: plan, log: story.log)
        #expect(regions.map(\.region) == [1] && regions[0].nodes.count == 6)
        let next = DurableStory(after: story, plan: plan, regions: regions)
        #expect(next.done == ["executor", "from 3"])
    }

    @Test func `a region is found again by its nodes`() throws {
        var story = DurableStory()
        story.play("1s int")
        var plan = Sample.plan(isTwofold: true)
        let old = Array(plan.nodes[..<3])
        plan.nodes = plan.nodes[3...] + old
        #expect(
            try regions(plan, after: story) == [
                ["2", "source2", "score2", "sink2"], ["1", "source", "score", "sink"],
            ])
    }

    @Test func `what no region can go on from is refused`() throws {
        var story = twofold()
        story.play("1s int")
        let log = try story.log
        func code(_ plan: Plan) -> FailureCode? {
            do throws(Failure) {
                _ = try JobCoordinator.regions(of: plan, log: log)
                return nil
            } catch {
                return error.code
            }
        }
        #expect(code(Sample.plan(isJoined: true)) == .regionsJoined)
        #expect(code(Sample.plan()) == .stateLost)
        #expect(code(Sample.plan(isTwofold: true)) == nil)
    }
}
