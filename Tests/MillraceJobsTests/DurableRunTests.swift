// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceDelivery
import MillraceGraph
import MillraceWire
import Testing

@testable import MillraceJobs

struct DurableRunTests {
    @Test func `a crash goes on from the newest claimed epoch`() {
        var story = DurableStory()
        #expect(story.ending == "running")
        story.play("1s 1s crash 1s")
        #expect(story.done == ["executor", "from 0", "executor", "from 3"])
        #expect(story.ending == "running")
    }

    @Test func `who is told to end while nothing can be written ends in time`() {
        for words in [
            "1s stuck crash int 1s", "1s stuck int crash 1s", "1s stuck crash savepoint 1s",
        ] {
            var story = DurableStory()
            story.play(words)
            #expect(story.ending == "recovering", "\(words)")
            story.play("40s")
            #expect(story.ending == "\(FailureCode.notDrained) exit 75", "\(words)")
        }
    }

    @Test func `the end of the data is the end of the job, also for the next run`() {
        var story = DurableStory()
        story.play("1s drained")
        #expect(story.ending == "stopped sourcesEnded")
        let next = DurableStory(after: story)
        #expect(next.ending == "stopped sourcesEnded")
        #expect(next.done == [])
    }

    @Test func `a signal keeps the state, and the next run goes on from it`() {
        var story = DurableStory()
        story.play("1s int")
        #expect(story.ending == "stopped interrupted")
        let next = DurableStory(after: story)
        #expect(next.done == ["executor", "from 3"])
        #expect(next.ending == "running")
    }

    @Test func `epochs that fail one after the other cost an attempt, not the run`() {
        var story = DurableStory()
        story.play("1s declines 1s 1s 1s 1s 1s 1s")
        #expect(story.done == ["executor", "from 0", "kill", "executor", "from 2"])
        story.play("declines 40s")
        #expect(story.ending == "running")
    }

    @Test func `what an operator reports is got over as a crash is`() {
        var story = DurableStory()
        story.play("1s failed 1s")
        #expect(story.done == ["executor", "from 0", "kill", "executor", "from 2"])
        #expect(story.ending == "running")
    }

    @Test func `a job that crashes again and again is given up, with the last cause`() {
        var story = DurableStory()
        for _ in 0..<60 where story.ending == "running" { story.play("1s crash 1s") }
        #expect(story.ending == "MR4105 exit 1")
        guard case .failed(let ending) = story.machine.state else { return }
        #expect(ending.failure.text.contains("score#0 crashed"), "\(ending.failure.text)")
    }

    @Test func `the record that an operator had in three crashes is taken out from then on`() {
        var story = DurableStory()
        story.play("1s crash crash poison")
        #expect(
            story.done == [
                "executor", "from 0", "executor", "from 2", "executor", "steps of score", "from 3",
                "executor", "without 7", "from 4",
            ])
        // Its crashes are forgiven: five others are not one too many.
        for _ in 0..<5 { story.play("crash 1s") }
        #expect(story.ending == "running")
        // The next life of the command knows it too.
        #expect(DurableStory(after: story).done.prefix(2) == ["executor", "without 7"])
    }

    @Test func `steps end when the crash does not come again`() {
        var story = DurableStory()
        story.play("1s crash crash 40s")
        #expect(story.done.suffix(3) == ["steps of score", "from 3", "no steps of score"])
    }

    @Test(arguments: [("refused", "MR4001 exit 1"), ("many", "MR4401 exit 1")])
    func `what the same records would cause again ends the run and keeps its state`(
        word: String, ending: String
    ) {
        var story = DurableStory()
        story.play("1s \(word) 40s")
        #expect(story.done.prefix(2) == ["executor", "from 0"])
        #expect(!story.done.dropFirst().contains("executor") && story.ending == ending)
        #expect(DurableStory(after: story).done == ["executor", "from 2"])
    }

    @Test func `kills from outside spend nothing`() {
        var story = DurableStory()
        for _ in 0..<60 { story.play("killed 1s") }
        #expect(story.ending == "running")
    }

    @Test func `a full disk spends nothing: a job that is kept waits for room`() {
        var story = DurableStory()
        for _ in 0..<60 { story.play("no-space 1s") }
        #expect(story.ending == "running")
        story.play("40s full-disk")
        let attempts = story.done.filter { $0 == "executor" }.count
        story.play("40s 40s")
        #expect(story.done.filter { $0 == "executor" }.count == attempts)
        #expect(story.ending == "running")
    }

    @Test func `a run that is not kept is restarted for declined epochs, and ends if that is all`()
    {
        var story = DurableStory(keepsState: false)
        story.play("1s declines 1s 1s 1s 1s 1s 1s 1s declines 1s 1s")
        #expect(story.done.filter { $0 == "executor" }.count > 1)
        #expect(story.ending == "running")
        story.play("declines 40s 40s 40s 40s 40s 40s")
        #expect(story.ending.hasPrefix("MR6001 "), "\(story.ending)")
    }

    @Test func `a run that is not kept gets over crashes and kills`() {
        var story = DurableStory(keepsState: false)
        story.play("1s crash 1s 1s killed 1s drained")
        #expect(story.done == ["executor", "from 0", "executor", "from 2", "executor", "from 5"])
        #expect(story.ending == "stopped sourcesEnded")
    }

    @Test(arguments: ["crash", "killed"])
    func `a run that is not kept ends with what happened once restarts do not help`(
        word: String
    ) {
        var story = DurableStory(keepsState: false)
        for _ in 0..<10 where story.ending == "running" { story.play("1s \(word) 1s") }
        #expect(story.done.filter { $0 == "executor" }.count == 6)
        guard case .failed(let ending) = story.machine.state else {
            Issue.record("\(story.machine.state)")
            return
        }
        #expect(ending.failure.code == (word == "crash" ? .crash : .executorExited))
        #expect(ending.exitCode == 1)
        #expect(ending.failure.text.hasSuffix("going back to the last checkpoint did not help"))
    }

    @Test func `attempts that get to no checkpoint end a run that is not kept, however slow`() {
        var story = DurableStory(keepsState: false)
        story.play("1s late")
        for _ in 0..<10 where story.ending != "MR4101 exit 1" { story.play("40s crash") }
        #expect(story.ending == "MR4101 exit 1")
    }

    @Test func `a sink that cannot commit ends a run that is not kept after some tries`() {
        for keepsState in [true, false] {
            var story = DurableStory(keepsState: keepsState)
            for _ in 0..<5 { story.play("full-sink") }
            #expect(story.ending == "running")
            story.play("full-sink")
            #expect(story.ending == (keepsState ? "running" : "MR5307 exit 74"))
        }
    }

    @Test func `what an operator reports ends a run that is not kept at once`() {
        var story = DurableStory(keepsState: false)
        story.play("1s failed 1s")
        #expect(story.done == ["executor", "from 0"])
        #expect(story.ending == "MR4106 exit 1")
    }

    @Test(arguments: [true, false])
    func `a savepoint is of the last epoch, and keeps the state`(_ keepsState: Bool) {
        var story = DurableStory(keepsState: keepsState)
        story.play("1s savepoint")
        #expect(story.done == ["executor", "from 0", "savepoint of 3"])
        #expect(story.machine.state == .stopped(.asked))
        var next = DurableStory(after: story)
        next.play("1s int")
        #expect(next.done == ["executor", "from 3"])
    }

    @Test func `a savepoint that cannot be written fails the run, not its state`() {
        var story = DurableStory()
        story.play("1s full")
        #expect(story.done == ["executor", "from 0", "savepoint of 3", "kill"])
        guard case .failed(let ending) = story.machine.state else {
            Issue.record("\(story.machine.state)")
            return
        }
        #expect(ending.failure.code == .storeFailed && ending.exitCode == 74)
        #expect(DurableStory(after: story).done == ["executor", "from 3"])
    }

    @Test func `to end now is to be killed, and the next run goes on from the last checkpoint`() {
        var story = DurableStory()
        story.play("1s now")
        #expect(story.done == ["executor", "from 0", "kill"])
        guard case .failed(let ending) = story.machine.state else {
            Issue.record("\(story.machine.state)")
            return
        }
        #expect(ending.failure.code == .notDrained && ending.exitCode == 75)
        #expect(DurableStory(after: story).done == ["executor", "from 2"])
    }
}
