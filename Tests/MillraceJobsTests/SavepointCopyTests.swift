// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import Testing

@testable import MillraceJobs

/// Savepoints of a run that goes on, decided.
struct SavepointCopyTests {
    @Test(arguments: [true, false])
    func `a savepoint is of the next epoch, and the run goes on`(_ keepsState: Bool) {
        var story = DurableStory(keepsState: keepsState)
        story.play("1s live")
        #expect(story.news == ["takes 3", "copies 3", "savepoint of 3", "has 3"])
        story.play("1s live 1s")
        #expect(story.news.suffix(4) == ["takes 5", "copies 5", "savepoint of 5", "has 5"])
        #expect(story.ending == "running")
    }

    @Test func `what is being copied is kept, as long as that`() {
        var story = DurableStory()
        story.play("1s slow live 1s 1s 1s 1s 1s")
        #expect(story.news == ["takes 3", "copies 3", "savepoint of 3"])
        #expect(story.kept == ["manifests/1-3-1.mrm"])
        story.play("copied 1s")
        #expect(story.kept == [])
        #expect(story.news.last == "has 3")
    }

    @Test func `a checkpoint that fails is told, and another savepoint may be made`() {
        var story = DurableStory()
        story.play("1s declines live declines 1s 1s live")
        #expect(
            story.news == ["takes 3", "MR6001", "takes 6", "copies 6", "savepoint of 6", "has 6"])
        #expect(story.ending == "running")
    }

    @Test func `a savepoint that cannot be written is told, and the run goes on`() {
        var story = DurableStory()
        story.play("1s live-full 1s live")
        #expect(
            story.news == [
                "takes 3", "copies 3", "savepoint of 3", "MR6002", "takes 5", "copies 5",
                "savepoint of 5", "has 5",
            ])
        #expect(story.ending == "running")
    }

    @Test(arguments: ["crash", "killed"])
    func `an attempt that fails meanwhile leaves it to the next one`(_ word: String) {
        var story = DurableStory()
        story.play("1s late live late \(word) 1s 1s")
        #expect(
            story.news == ["takes 3", "waits", "takes 4", "copies 4", "savepoint of 4", "has 4"])
        #expect(story.ending == "running")
    }

    @Test func `a crash does not touch what is being copied`() {
        var story = DurableStory()
        story.play("1s slow live crash 1s 1s")
        #expect(story.kept == ["manifests/1-3-1.mrm"])
        story.play("copied")
        #expect(story.news == ["takes 3", "copies 3", "savepoint of 3", "has 3"])
    }

    @Test(arguments: ["int", "drained"])
    func `a run that ends first says so, or waits for the copy`(_ word: String) {
        var story = DurableStory()
        story.play("1s late live \(word)")
        #expect(story.news == ["takes 3", "MR7102"])
        var other = DurableStory()
        other.play("1s slow live \(word) 40s")
        #expect(other.ending == "under way")
        other.play("copied")
        #expect(other.ending.hasPrefix("stopped "))
        #expect(other.news.last == "has 3")
    }

    @Test func `a run that is stopped with a savepoint meanwhile makes both`() {
        var story = DurableStory()
        story.play("1s slow live savepoint slow copied")
        #expect(
            story.news == ["takes 3", "copies 3", "savepoint of 3", "has 3", "savepoint of 4"])
        #expect(story.machine.state == .stopped(.asked))
    }
}
